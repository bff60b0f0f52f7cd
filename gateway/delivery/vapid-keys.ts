import { createECDH, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import webPush from 'web-push';
import { WaysideError } from '../errors.ts';
import { readOrCreateSecret, replaceSecret } from '../secret-file.ts';

/** The application server's key pair (RFC 8292), base64url: an uncompressed point (65 bytes) and a scalar (32 bytes). */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The pair that browsers subscribe with now, and earlier ones for those that have not been back since; newest first. */
export interface VapidKeyRing {
  readonly current: VapidKeys;
  readonly previous: readonly VapidKeys[];
}

const fileOf = (dataDir: string) => join(dataDir, 'vapid-keys.json');

/**
 * The key pairs of the data directory; one is made at the first start (0600). Browsers tie their subscription to the public key,
 * so losing the file loses every subscription.
 *
 * @throws WaysideError data_dir_damaged where the file holds no matching pairs, data_dir_unwritable
 */
export async function loadOrCreateVapidKeys(dataDir: string): Promise<VapidKeyRing> {
  const file = fileOf(dataDir);
  const text = await readOrCreateSecret(file, () => textOf({ current: newVapidKeys(), previous: [] }));
  const ring = parseRing(text);
  if (ring === null) throw new WaysideError('data_dir_damaged', `${file} holds no VAPID key pair`);
  return ring;
}

/** Puts these in the place of those that were kept; a crash leaves the one or the other. @throws WaysideError data_dir_unwritable */
export function saveVapidKeys(dataDir: string, ring: VapidKeyRing): Promise<void> {
  return replaceSecret(fileOf(dataDir), textOf(ring));
}

export function newVapidKeys(): VapidKeys {
  return webPush.generateVAPIDKeys();
}

function textOf(ring: VapidKeyRing): string {
  return `${JSON.stringify(ring)}\n`;
}

/** Until keys could be replaced, the file held one pair and nothing else. */
function parseRing(text: string): VapidKeyRing | null {
  try {
    const document: Record<string, unknown> = JSON.parse(text);
    if (document.current === undefined) {
      const only = pairOf(document);
      return only === null ? null : { current: only, previous: [] };
    }
    const current = pairOf(document.current);
    const previous = Array.isArray(document.previous) ? document.previous.map(pairOf) : [null];
    return current === null || previous.includes(null)
      ? null
      : { current, previous: previous.filter((pair) => pair !== null) };
  } catch {
    return null; // not JSON, or no scalar of the curve: the caller names the file
  }
}

function pairOf(value: unknown): VapidKeys | null {
  const { publicKey, privateKey } = value as Record<string, unknown>;
  if (typeof publicKey !== 'string' || typeof privateKey !== 'string') return null;
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(privateKey, 'base64url');
  const given = Buffer.from(publicKey, 'base64url');
  const derived = pair.getPublicKey();
  const fits = given.length === derived.length && timingSafeEqual(given, derived);
  return fits ? { publicKey, privateKey } : null;
}
