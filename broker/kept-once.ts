import type { PublishPacket } from 'aedes';
import type { Session } from './sessions.ts';

/**
 * Keeps a message, once where it is of QoS 2 and comes again before its PUBREL [MQTT-4.3.3-2]: Aedes knows it again too, but only
 * after it has asked whether it may come.
 *
 * @returns what `keep` gave when the message came first; one that could not be kept may come again
 */
export function keptOnce(
  { unreleased }: Session,
  { qos, messageId = 0 }: PublishPacket,
  keep: () => Promise<void>,
): Promise<void> {
  // A will has no packet id.
  if (qos !== 2 || messageId === 0) return keep();
  const before = unreleased.get(messageId);
  if (before !== undefined) return before;
  const kept = keep();
  unreleased.set(messageId, kept);
  kept.catch(() => unreleased.delete(messageId)); // whoever sent it is told
  return kept;
}
