import { createPublicKey, type KeyObject } from 'node:crypto';

const PUBLIC_KEY_BYTES = 65;
const UNCOMPRESSED = 4;
/** Some 2 KiB each. Who gets one offer soon gets another. */
const MAX_KEPT = 5_000;

/** A browser's public key: the point as it was given (65 bytes), and ready for use. */
export interface BrowserKey {
  readonly point: Buffer;
  readonly key: KeyObject;
}

/** The one that was used longest ago comes first. */
const kept = new Map<string, BrowserKey>();

/**
 * Reads `p256dh`, an uncompressed point on P-256 in base64url. Checking the point costs a third of an encryption, so keys are
 * kept for the next message.
 *
 * @throws where it is no point of the curve, or not of 65 bytes
 */
export function browserKey(p256dh: string): BrowserKey {
  const known = kept.get(p256dh);
  if (known !== undefined) {
    kept.delete(p256dh);
    kept.set(p256dh, known);
    return known;
  }
  const point = Buffer.from(p256dh, 'base64url');
  // OpenSSL would take the hybrid form too, which no browser gives and RFC 8291 §3.1 does not know.
  if (point.byteLength !== PUBLIC_KEY_BYTES || point[0] !== UNCOMPRESSED)
    throw new RangeError('p256dh must be an uncompressed point of 65 bytes');
  const format = { format: 'raw-public', asymmetricKeyType: 'ec', namedCurve: 'prime256v1' } as const;
  const read: BrowserKey = { point, key: createPublicKey({ key: point, ...format }) };
  const oldest = kept.keys().next();
  if (kept.size >= MAX_KEPT && !oldest.done) kept.delete(oldest.value);
  kept.set(p256dh, read);
  return read;
}
