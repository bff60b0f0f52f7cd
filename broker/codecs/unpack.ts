import { gunzipSync, inflateSync } from 'node:zlib';
import type { ReadingProblem } from '../../rules/readings/reading.ts';
import { MAX_PAYLOAD_BYTES } from './codec.ts';

export type Unpacked =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: ReadingProblem };

const UNPACKERS = { gzip: gunzipSync, deflate: inflateSync } as const;

/**
 * Unpacks gzip (RFC 1952) or zlib's deflate (RFC 1950) data of at most 1 MiB. zlib stops as soon as it has more than that, so
 * that a small message that would grow a thousand times costs no more than a large one. Never throws.
 */
export function unpack(kind: keyof typeof UNPACKERS, payload: Uint8Array): Unpacked {
  try {
    return { ok: true, bytes: UNPACKERS[kind](payload, { maxOutputLength: MAX_PAYLOAD_BYTES }) };
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    const problem: ReadingProblem = isTooLarge
      ? {
          code: 'too_large',
          message: `the unpacked payload has more than ${MAX_PAYLOAD_BYTES.toLocaleString('en')} bytes. Send smaller batches.`,
        }
      : { code: 'bad_encoding', message: `the payload of ${payload.length} bytes is not valid ${kind} data` };
    return { ok: false, problem };
  }
}

/** Whether a payload begins as gzip does (RFC 1952 §2.3.1); no other dialect begins so. */
export function isGzip(payload: Uint8Array): boolean {
  return payload[0] === 0x1f && payload[1] === 0x8b;
}
