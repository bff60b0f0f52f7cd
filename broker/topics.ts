/** Longest topic that is taken, in bytes: an id of 128 twice and room for the words between. */
export const MAX_TOPIC_BYTES = 512;

const ID = /^[A-Za-z0-9._:-]{1,128}$/;
const TELEMETRY_SUFFIX = '/telemetry';
const COMMANDS_SUFFIX = '/commands';
const PREFIX = 'devices/';

/** Whether a text may be a device id, a client id or a command id: 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
export function isValidId(text: string): boolean {
  return ID.test(text);
}

/** A topic of the contract, taken apart. */
export type DeviceTopic =
  | { readonly kind: 'telemetry'; readonly deviceId: string }
  | { readonly kind: 'commands'; readonly deviceId: string }
  | { readonly kind: 'reply'; readonly deviceId: string; readonly commandId: string }
  | { readonly kind: 'config'; readonly deviceId: string }
  | { readonly kind: 'config-reported'; readonly deviceId: string }
  | { readonly kind: 'errors'; readonly deviceId: string }
  | { readonly kind: 'token'; readonly deviceId: string };

/** Gives the parts of a topic of the contract, or null for any other topic and where an id in it breaks the rule. */
export function parseDeviceTopic(topic: string): DeviceTopic | null {
  // Nearly every message is telemetry, and this runs for each.
  if (topic.startsWith(PREFIX) && topic.endsWith(TELEMETRY_SUFFIX)) {
    const deviceId = topic.slice(PREFIX.length, -TELEMETRY_SUFFIX.length);
    return isValidId(deviceId) ? { kind: 'telemetry', deviceId } : null;
  }
  if (topic.length > MAX_TOPIC_BYTES) return null;
  const [prefix, deviceId, kind, commandId, reply, ...rest] = topic.split('/');
  if (prefix !== 'devices' || deviceId === undefined || !isValidId(deviceId) || rest.length > 0) return null;
  if (kind === 'config' && commandId === 'reported' && reply === undefined) {
    return { kind: 'config-reported', deviceId };
  }
  if (commandId !== undefined) {
    if (kind !== 'commands' || reply !== 'reply' || !isValidId(commandId)) return null;
    return { kind: 'reply', deviceId, commandId };
  }
  switch (kind) {
    case 'commands':
    case 'config':
    case 'errors':
    case 'token':
      return { kind, deviceId };
    default:
      return null;
  }
}

/** The topic on which a device says what it measured. */
export function telemetryTopic(deviceId: string): string {
  return PREFIX + deviceId + TELEMETRY_SUFFIX;
}

/** The topic on which a device that came in by a fleet key is told its own token. */
export function firstTokenTopic(deviceId: string): string {
  return `${PREFIX}${deviceId}/token`;
}

/** Whether a topic is that of some device's commands. */
export function isCommandTopic(topic: string): boolean {
  return topic.endsWith(COMMANDS_SUFFIX) && parseDeviceTopic(topic)?.kind === 'commands';
}

/** Whether a topic is that of a device's own commands. */
export function isCommandTopicOf(deviceId: string, topic: string): boolean {
  return topic.endsWith(COMMANDS_SUFFIX) && topic === PREFIX + deviceId + COMMANDS_SUFFIX;
}

/** Whether a device may publish to a topic: its own telemetry, replies to its own commands, the configuration it applied. */
export function mayPublish(deviceId: string, topic: string): boolean {
  const parsed = parseDeviceTopic(topic);
  return (
    parsed !== null &&
    parsed.deviceId === deviceId &&
    (parsed.kind === 'telemetry' || parsed.kind === 'reply' || parsed.kind === 'config-reported')
  );
}

/**
 * Whether a device may subscribe to a filter: its own topics, with wildcards only below `devices/{its id}/`.
 * Control characters never pass, and neither do wildcards that share a level with other text [MQTT-4.7.1-2].
 */
export function maySubscribe(deviceId: string, filter: string): boolean {
  if (filter.length > MAX_TOPIC_BYTES) return false;
  const [prefix, owner, ...levels] = filter.split('/');
  if (prefix !== 'devices' || owner !== deviceId || levels.length === 0) return false;
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || isValidId(level);
  });
}

/** Whether a message may be sent to a device: what is on its own topics. */
export function mayReceive(deviceId: string, topic: string): boolean {
  return parseDeviceTopic(topic)?.deviceId === deviceId;
}
