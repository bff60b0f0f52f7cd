import type { Client, SubscribePacket, Subscription, UnsubscribePacket } from 'aedes';

type Wish = Pick<Subscription, 'topic' | 'qos'>;

/** Called for each filter that is refused before Aedes would ask. */
export type OnRefused = () => void;

const SUBACK = 0x90;
const REFUSED = 0x80;
/** A length below this takes one byte [MQTT-2.2.3]. */
const LENGTH_BITS = 7;
const MORE_LENGTH = 0x80;
/** Of a filter with more, Aedes' matcher would throw, so that Aedes closes the connection. */
const MAX_LEVELS = 100;

/** Whether Aedes would answer a SUBSCRIBE with too few return codes, or not at all. */
export function isAnsweredWrongly({ subscriptions }: SubscribePacket): boolean {
  const filters = new Set(subscriptions.map(({ topic }) => topic));
  return filters.size < subscriptions.length || [...filters].some(isTooDeep);
}

/**
 * Answers each filter of a SUBSCRIBE, also one that repeats another or that nobody can have: as if each had come in a packet of
 * its own, in order [MQTT-3.8.4-4, MQTT-3.8.4-5]. Aedes gives one return code for all that are the same.
 *
 * @param done called when it is answered, with an error when it could not be
 */
export function subscribeToEach(
  client: Client,
  { messageId = 0, subscriptions }: SubscribePacket,
  onRefused: OnRefused,
  done: (error?: Error) => void,
): void {
  const wanted = subscriptions.map(({ topic, qos }) => ({ topic, qos }));
  // The last one of each filter is the one that stays. Aedes writes into these what it granted.
  const lasting = [...new Map(subscriptions.map((one) => [one.topic, one])).values()];
  const possible = lasting.filter(({ topic }) => !isTooDeep(topic));
  for (let refused = lasting.length - possible.length; refused > 0; refused -= 1) onRefused();
  const answer = () => {
    client.conn.write(suback(messageId, wanted, possible));
    done();
  };
  if (possible.length === 0) {
    answer();
    return;
  }
  client.subscribe([...possible], (error) => {
    if (error) done(error);
    // What was granted is written after this call.
    else queueMicrotask(answer);
  });
}

/** An UNSUBSCRIBE without what nobody can have subscribed to, which is answered all the same [MQTT-3.10.4-5]. */
export function withPossibleFilters(packet: UnsubscribePacket): UnsubscribePacket {
  return { ...packet, unsubscriptions: packet.unsubscriptions.filter((filter) => !isTooDeep(filter)) };
}

function isTooDeep(filter: string): boolean {
  return filter.split('/').length > MAX_LEVELS;
}

/** @param judged what Aedes has been asked for, with what it granted */
function suback(messageId: number, wanted: readonly Wish[], judged: readonly Subscription[]): Buffer {
  const granted = new Set(judged.filter(({ qos }) => (qos as number) !== REFUSED).map(({ topic }) => topic));
  const codes = wanted.map(({ topic, qos }) => (granted.has(topic) ? qos : REFUSED));
  return Buffer.from([SUBACK, ...lengthOf(codes.length + 2), messageId >> 8, messageId & 0xff, ...codes]);
}

function lengthOf(bytes: number): number[] {
  const low = bytes & (MORE_LENGTH - 1);
  return bytes < MORE_LENGTH ? [low] : [low | MORE_LENGTH, ...lengthOf(bytes >> LENGTH_BITS)];
}
