import { decode } from 'cborg';
import type { Document } from './json-text.ts';

/** Deep enough for any reading and for fields that are passed over; shallow enough for any stack. */
const MAX_DEPTH = 32;
/** Integer labels of SenML records (RFC 8428 §6, table 4). Native readings have no integer keys. */
const SENML_LABELS: ReadonlyMap<unknown, string> = new Map([
  [-1, 'bver'],
  [-2, 'bn'],
  [-3, 'bt'],
  [-4, 'bu'],
  [-5, 'bv'],
  [-6, 'bs'],
  [0, 'n'],
  [1, 'u'],
  [2, 'v'],
  [3, 'vs'],
  [4, 'vb'],
  [5, 's'],
  [6, 't'],
  [7, 'ut'],
  [8, 'vd'],
]);

type Content = () => unknown;

/** Tags that are understood (RFC 8949 §3.4): times, and the mark that says "this is CBOR". Any other is refused. */
const TAGS = {
  0: (content: Content) => content(),
  1: (content: Content) => {
    const seconds = content();
    return typeof seconds === 'number' ? seconds * 1000 : seconds;
  },
  55799: (content: Content) => content(),
};

/**
 * Whether a payload begins as a CBOR array, map or tagged value (RFC 8949 §3.1): bytes with which no UTF-8 text begins that
 * would be JSON.
 */
export function isCbor(payload: Uint8Array): boolean {
  const first = payload[0] ?? 0;
  return first >= 0x80 && first < 0xdc;
}

/**
 * Parses CBOR (RFC 8949) into what `JSON.parse` would give for the same document: maps become objects without a prototype,
 * 64-bit integers become numbers. Byte strings stay bytes. Never throws.
 */
export function readCbor(payload: Uint8Array): Document {
  try {
    return {
      ok: true,
      value: plain(decode(payload, { useMaps: true, rejectDuplicateMapKeys: true, tags: TAGS }), 0),
    };
  } catch {
    // The library's message may quote what was read, which may be a position.
    return {
      ok: false,
      problem: {
        code: 'bad_encoding',
        message: `the payload of ${payload.length} bytes is not valid CBOR, or nested deeper than ${MAX_DEPTH} levels`,
      },
    };
  }
}

function plain(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
  if (typeof value === 'bigint') return Number(value);
  // What the library takes for the end of a value, where a value should be.
  if (typeof value === 'symbol') throw new TypeError('an item is missing');
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, item] of value) {
    const name = typeof key === 'string' ? key : SENML_LABELS.get(key);
    if (name !== undefined) object[name] = plain(item, depth + 1);
  }
  return object;
}
