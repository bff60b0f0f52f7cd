import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { readOrCreateKey } from '../secret-file.ts';
import { hmacSha256 } from './hmac.ts';

const MAX_TOKEN_LENGTH = 512;

/**
 * The key of the data directory with which receipts are signed; made at the first start (0600).
 *
 * @throws WaysideError data_dir_damaged, data_dir_unwritable
 */
export function loadOrCreateReceiptKey(dataDir: string): Promise<Uint8Array> {
  return readOrCreateKey(join(dataDir, 'receipt-key'));
}

/** A token that only the browser which got the offer holds, and with which it says what became of it. */
export function signReceipt(key: Uint8Array, deliveryId: string): string {
  return signId(key, 'receipt', deliveryId);
}

/** The delivery that a token is for, or null where this gateway did not make the token. */
export function readReceipt(key: Uint8Array, token: string): string | null {
  return readSignedId(key, 'receipt', token);
}

/** What a token gives the right to; one is never good for another. */
export type TokenUse = 'receipt' | 'unsubscribe';

/** A delivery's id, and that this gateway gave it out for that use. */
export function signId(key: Uint8Array, use: TokenUse, id: string): string {
  return `${Buffer.from(id).toString('base64url')}.${macOf(key, use, id).toString('base64url')}`;
}

/** The id, or null where this gateway did not sign it for that use. */
export function readSignedId(key: Uint8Array, use: TokenUse, token: string): string | null {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  const [text, mac, ...rest] = token.split('.');
  if (text === undefined || mac === undefined || rest.length > 0) return null;
  const id = Buffer.from(text, 'base64url').toString();
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf(key, use, id);
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected) ? id : null;
}

function macOf(key: Uint8Array, use: TokenUse, id: string): Buffer {
  return hmacSha256(key, Buffer.from(`${use}\0${id}`));
}
