import { stringify } from 'yaml';

/** Fields in the order in which people write a rule; others come behind them, by the alphabet. */
const FIELD_ORDER = [
  'id',
  'name',
  'trigger',
  'place',
  'metric',
  'event',
  'on',
  'tag',
  'below',
  'above',
  'for',
  'within',
  'rearm',
  'when',
  'audience',
  'schedule',
  'days',
  'from',
  'hours',
  'timezone',
  'until',
  'weight',
  'campaign',
  'limits',
  'cooldown',
  'perConsumer',
  'count',
  'per',
  'total',
  'quietHours',
  'experiment',
  'holdout',
  'variants',
  'offer',
  'title',
  'body',
  'url',
  'image',
  'expires',
  'code',
];
const RANKS: ReadonlyMap<string, number> = new Map(FIELD_ORDER.map((name, rank) => [name, rank]));
const rankOf = (name: string): number => RANKS.get(name) ?? FIELD_ORDER.length;

/** Lines compared with lines: more would keep the thread for some 10 ms, and no rule has so many. */
const MOST_COMPARISONS = 1_000_000;

/** A rule as YAML, the same text for the same rule however it was written. */
export function normalisedYaml(document: object): string {
  return stringify(ordered(document), { lineWidth: 0 });
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, ordered(inner)]));
}

/**
 * What tells two texts apart, line by line: each line with `  ` (in both), `- ` (only before) or `+ ` (only after) before it.
 * Longest common subsequence by dynamic programming, what is common at both ends left out of it; texts that are too long for
 * that are told as taken out and put in whole.
 */
export function lineDiff(before: string, after: string): readonly string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < now.length - head &&
    old[old.length - 1 - tail] === now[now.length - 1 - tail]
  ) {
    tail += 1;
  }
  const middle = middleDiff(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return [
    ...old.slice(0, head).map((line) => `  ${line}`),
    ...middle,
    ...old.slice(old.length - tail).map((line) => `  ${line}`),
  ];
}

function middleDiff(old: readonly string[], now: readonly string[]): readonly string[] {
  const width = now.length + 1;
  if (old.length * now.length > MOST_COMPARISONS)
    return [...old.map((line) => `- ${line}`), ...now.map((line) => `+ ${line}`)];
  // Length of the longest common subsequence of what follows line i of `old` and line j of `now`, at [i * width + j].
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1)
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push(`  ${old[i]}`);
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${old[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${now[j]}`);
      j += 1;
    }
  }
  return lines;
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
