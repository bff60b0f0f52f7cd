import type { Reading, ReadingProblem } from '../../rules/readings/reading.ts';

/** Most readings that one message may hold; the journal sets aside that many sequence numbers. */
export const MAX_READINGS_PER_MESSAGE = 1000;
/** Most bytes of a message, also after unpacking: what is compressed may not grow beyond what could have been sent plainly. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** What a codec may know besides the payload; all of it stands in the journal, so that a replay gives the same result. */
export interface Arrival {
  readonly topic: string;
  /** Domain time, epoch ms. */
  readonly receivedAt: number;
  /** The device that the message is about. */
  readonly userId: string;
}

export interface Decoded {
  /** As sent; the place in this list decides a reading's sequence number. */
  readonly readings: readonly Reading[];
  /** What was refused: a whole message, one element of it, or one field of an element. */
  readonly problems: readonly ReadingProblem[];
  /**
   * Times were counted from the arrival, so that they differ when the same message comes again: it is known by its packet then,
   * as one without times is.
   */
  readonly countsFromArrival?: true;
}

/** One payload dialect. Pure: the same bytes give the same result on every replay of the journal. */
export interface Codec {
  /** Never throws on data. */
  decode(payload: Uint8Array, arrival: Arrival): Decoded;
}

/**
 * What a dialect remembers between messages of one sender. JSON values. `definitions` is replaced seldom and may be large;
 * it is written only where it is another object than before. `progress` is small and may change with each message.
 */
export interface DialectState {
  readonly definitions: unknown;
  readonly progress: unknown;
}

/** What follows from a message beside its readings, to be done once these are committed. */
export type DialectRequest =
  /** Send something to whoever sent the message. */
  | { readonly kind: 'send'; readonly deviceId: string; readonly topic: string; readonly payload: Uint8Array }
  /** A device without a connection of its own came or went. */
  | { readonly kind: 'presence'; readonly deviceId: string; readonly state: 'online' | 'offline' };

export interface StatefullyDecoded extends Decoded {
  readonly state: DialectState;
  readonly requests: readonly DialectRequest[];
}

/** A dialect whose messages build on earlier ones. Pure too: the state is an argument and a result, kept by the engine. */
export interface StatefulCodec {
  /** The sender's alias, under which the state is kept; '' where the topic is none of this dialect. */
  stateKey(topic: string): string;
  /** Never throws on data. `state` is null before the first message, and null where it is not understood. */
  decode(payload: Uint8Array, arrival: Arrival, state: DialectState | null): StatefullyDecoded;
}

/** Nothing but one reason why. */
export function refused(code: ReadingProblem['code'], message: string): Decoded {
  return { readings: [], problems: [{ code, message }] };
}

const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
const QUOTE = 0x22;
const SPARKPLUG_BODY = 0x2a;

/**
 * How many sequence numbers a message needs at most: 1, or 1,000 where it may hold several readings. Goes by the first bytes
 * alone, for all dialects: a JSON array; CBOR that is no plain map; gzip (which may hold an array); protobuf, whose messages
 * begin with a field key that no JSON text begins with, but for the quote.
 */
export function spanOf(payload: Uint8Array): 1 | 1000 {
  let index = 0;
  let first = payload[0];
  if (first === OPENING_BRACE) return 1;
  while (first === 0x20 || first === 0x09 || first === 0x0a || first === 0x0d) {
    index += 1;
    first = payload[index];
  }
  if (first === undefined) return 1;
  const several =
    first === OPENING_BRACKET ||
    first < 0x20 ||
    first === QUOTE ||
    first === SPARKPLUG_BODY ||
    (first >= 0x80 && first < 0xa0) ||
    (first >= 0xc0 && first < 0xdc);
  return several ? MAX_READINGS_PER_MESSAGE : 1;
}
