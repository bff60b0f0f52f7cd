export const SPARKPLUG_PREFIX = 'spBv1.0/';

const UPWARD = ['NBIRTH', 'NDEATH', 'NDATA', 'DBIRTH', 'DDEATH', 'DDATA'] as const;
const DOWNWARD = ['NCMD', 'DCMD'] as const;

export type SparkplugMessage = (typeof UPWARD)[number] | (typeof DOWNWARD)[number];

/** `spBv1.0/{group}/{message}/{node}[/{device}]` (Sparkplug 3.0 §4.1). */
export interface SparkplugTopic {
  readonly group: string;
  readonly message: SparkplugMessage;
  readonly node: string;
  /** '' where the message is the edge node's own. */
  readonly device: string;
}

/** Takes a topic apart, or gives null where it is none. */
export function parseSparkplugTopic(topic: string): SparkplugTopic | null {
  const [namespace, group, message, node, device, ...rest] = topic.split('/');
  if (`${namespace}/` !== SPARKPLUG_PREFIX || !group || !node || rest.length > 0) return null;
  const known = [...UPWARD, ...DOWNWARD].find((name) => name === message);
  if (known === undefined || device === '') return null;
  // The edge node's messages name no device, and the others do.
  return known.startsWith('D') === (device !== undefined)
    ? { group, message: known, node, device: device ?? '' }
    : null;
}

/** What an edge node is registered as. */
export function nodeAlias({ group, node }: Pick<SparkplugTopic, 'group' | 'node'>): string {
  return `${SPARKPLUG_PREFIX}${group}/${node}`;
}

export function isUpward(message: SparkplugMessage): boolean {
  return UPWARD.some((name) => name === message);
}
