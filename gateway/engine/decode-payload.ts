import type { Arrival, Decoded, DialectRequest, StatefulCodec } from '../../broker/codecs/codec.ts';
import { nativeCodec } from '../../broker/codecs/native.ts';
import { dialectOf } from '../../broker/dialects.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { readPlain } from './plain-payload.ts';

/** First letter of `devices/…`, and of no dialect's topics: one look tells nearly all messages. */
const NATIVE_LETTER = 'd'.charCodeAt(0);
const NO_PROBLEMS: Decoded['problems'] = [];
const NOTHING: Decoded = { readings: [], problems: NO_PROBLEMS };

/** What stateful codecs work with; the engine's own where it takes an entry, none where points are only made again. */
export interface StatefulDecoding {
  decode(
    codec: StatefulCodec,
    entry: StoredEntry,
  ): Decoded & { readonly requests: readonly DialectRequest[] };
}

export interface DecodedPayload extends Decoded {
  /** Only where a dialect asks for something. */
  readonly requests?: readonly DialectRequest[];
}

/** The codec of a topic whose messages build on earlier ones, or null. */
export function statefulCodecOf(topic: string): StatefulCodec | null {
  if (topic.charCodeAt(0) === NATIVE_LETTER) return null;
  const decoding = dialectOf(topic)?.decoding;
  return decoding?.kind === 'stateful' ? decoding.codec : null;
}

/** Whether the topic is a dialect's, so that the entry's user is the device that it is about. */
export function isDialectTopic({ topic }: Pick<Arrival, 'topic'>): boolean {
  return topic.charCodeAt(0) !== NATIVE_LETTER && dialectOf(topic) !== null;
}

/**
 * Turns an entry's payload into readings by the codec of its topic. Never throws on data.
 *
 * @param states null: what builds on earlier messages is passed over, for the engine has noted each of its readings as a verdict
 */
export function decodePayload(entry: StoredEntry, states: StatefulDecoding | null): DecodedPayload {
  const { topic, payload, span } = entry;
  if (topic.charCodeAt(0) === NATIVE_LETTER) {
    const plain = readPlain(payload);
    if (plain !== null) return { readings: [plain], problems: NO_PROBLEMS };
    return within(span, nativeCodec.decode(payload, entry));
  }
  const decoding = dialectOf(topic)?.decoding;
  switch (decoding?.kind) {
    case 'plain':
      return within(span, decoding.codec.decode(payload, entry));
    case 'stateful':
      return states === null ? NOTHING : within(span, states.decode(decoding.codec, entry));
    default:
      return NOTHING;
  }
}

/** The journal set aside a number for each reading by the first bytes of the payload (`spanOf`): there is none for more. */
function within(span: number, decoded: DecodedPayload): DecodedPayload {
  if (decoded.readings.length <= span) return decoded;
  const message = `the message holds ${decoded.readings.length} readings, and begins like one that holds ${span}; the rest is left out`;
  return {
    ...decoded,
    readings: decoded.readings.slice(0, span),
    problems: [...decoded.problems, { code: 'bad_shape', message }],
  };
}
