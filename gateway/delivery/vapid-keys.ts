import { createECDH, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import webPush from 'web-push';
import { WaysideError } from '../errors.ts';
import { readOrCreateSecret } from './secret-file.ts';

/** The application server's key pair (RFC 8292), base64url: an uncompressed point (65 bytes) and a scalar (32 bytes). */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/**
 * The key pair of the data directory; made at the first start (0600). Browsers tie their subscription to the public key, so
 * losing the file loses every subscription.
 *
 * @throws WaysideError data_dir_damaged where the file holds no matching pair, data_dir_unwritable
 */
export async function loadOrCreateVapidKeys(dataDir: string): Promise<VapidKeys> {
  const file = join(dataDir, 'vapid-keys.json');
  const text = await readOrCreateSecret(file, () => `${JSON.stringify(webPush.generateVAPIDKeys())}\n`);
  const keys = parseKeys(text);
  if (keys === null) throw new WaysideError('data_dir_damaged', `${file} holds no VAPID key pair`);
  return keys;
}

function parseKeys(text: string): VapidKeys | null {
  try {
    const { publicKey, privateKey }: Record<string, unknown> = JSON.parse(text);
    if (typeof publicKey !== 'string' || typeof privateKey !== 'string') return null;
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(privateKey, 'base64url');
    const given = Buffer.from(publicKey, 'base64url');
    const derived = pair.getPublicKey();
    return given.length === derived.length && timingSafeEqual(given, derived)
      ? { publicKey, privateKey }
      : null;
  } catch {
    return null; // not JSON, or no scalar of the curve: the caller names the file
  }
}
