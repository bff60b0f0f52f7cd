import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { readOrCreateKey } from './secret-file.ts';

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
  return `${Buffer.from(deliveryId).toString('base64url')}.${macOf(key, deliveryId).toString('base64url')}`;
}

/** The delivery that a token is for, or null where this gateway did not make the token. */
export function readReceipt(key: Uint8Array, token: string): string | null {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  const [id, mac, ...rest] = token.split('.');
  if (id === undefined || mac === undefined || rest.length > 0) return null;
  const deliveryId = Buffer.from(id, 'base64url').toString();
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf(key, deliveryId);
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected) ? deliveryId : null;
}

function macOf(key: Uint8Array, deliveryId: string): Buffer {
  return createHmac('sha256', key).update('receipt\0').update(deliveryId).digest();
}
