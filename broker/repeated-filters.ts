import type { Client, Subscription } from 'aedes';

interface SubscribePacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly subscriptions?: readonly Subscription[];
}

type Wish = Pick<Subscription, 'topic' | 'qos'>;

const SUBACK = 0x90;
const REFUSED = 0x80;
/** A length below this takes one byte [MQTT-2.2.3]. */
const LENGTH_BITS = 7;
const MORE_LENGTH = 0x80;

export function hasRepeatedFilters({ cmd, subscriptions = [] }: SubscribePacket): boolean {
  return (
    cmd === 'subscribe' &&
    subscriptions.length > 1 &&
    new Set(subscriptions.map(({ topic }) => topic)).size < subscriptions.length
  );
}

/**
 * Answers each filter of a SUBSCRIBE, also one that repeats another: as if each had come in a packet of its own, in order
 * [MQTT-3.8.4-4, MQTT-3.8.4-5]. Aedes gives one return code for them all, so that its SUBACK is too short.
 */
export function subscribeToEach(
  client: Client,
  { messageId = 0, subscriptions = [] }: SubscribePacket,
): void {
  const wanted = subscriptions.map(({ topic, qos }) => ({ topic, qos }));
  // The last one of each filter is the one that stays. Aedes writes into these what it granted.
  const lasting = [...new Map(subscriptions.map((one) => [one.topic, one])).values()];
  client.subscribe([...lasting], (error) => {
    if (error) {
      client.emit('error', error);
      return;
    }
    // What was granted is written after this call.
    queueMicrotask(() => client.conn.write(suback(messageId, wanted, lasting)));
  });
}

function suback(messageId: number, wanted: readonly Wish[], granted: readonly Subscription[]): Buffer {
  const refused = new Set(granted.filter(({ qos }) => (qos as number) === REFUSED).map(({ topic }) => topic));
  const codes = wanted.map(({ topic, qos }) => (refused.has(topic) ? REFUSED : qos));
  return Buffer.from([SUBACK, ...lengthOf(codes.length + 2), messageId >> 8, messageId & 0xff, ...codes]);
}

function lengthOf(bytes: number): number[] {
  const low = bytes & (MORE_LENGTH - 1);
  return bytes < MORE_LENGTH ? [low] : [low | MORE_LENGTH, ...lengthOf(bytes >> LENGTH_BITS)];
}
