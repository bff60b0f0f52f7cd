import type { Reading, ReadingProblem } from '../../rules/reading.ts';

/** Most readings that one message may hold; the journal sets aside that many sequence numbers. */
export const MAX_READINGS_PER_MESSAGE = 1000;

export interface Decoded {
  /** As sent; the place in this list decides a reading's sequence number. */
  readonly readings: readonly Reading[];
  /** What was refused: a whole message, one element of it, or one field of an element. */
  readonly problems: readonly ReadingProblem[];
}

/** One payload dialect. Pure: the same bytes give the same result on every replay of the journal. */
export interface Codec {
  /** Never throws on data. */
  decode(payload: Uint8Array): Decoded;
}

const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const OPENING_BRACKET = 0x5b;

/** How many sequence numbers a message needs at most: 1, or 1,000 where it may be an array of readings. */
export function spanOf(payload: Uint8Array): 1 | 1000 {
  let index = 0;
  while (index < payload.length && SPACES.has(payload[index] ?? 0)) index += 1;
  return payload[index] === OPENING_BRACKET ? MAX_READINGS_PER_MESSAGE : 1;
}
