import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { join } from 'node:path';
import { readOrCreateKey } from '../secret-file.ts';

/** Hides texts in the records, so that who has a copy of the file alone can't use them: keys of browsers, secrets of webhooks. */
export interface Seal {
  /** The same text gives other bytes each time. */
  seal(text: string): Uint8Array;
  /** @throws where the bytes were not sealed with this key, or were changed since */
  open(sealed: Uint8Array): string;
  /** The same text always gives the same word, so that a sealed one can be found again; nobody can turn it back. */
  lookup(text: string): string;
}

const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES;

/**
 * AES-256-GCM with a random nonce (NIST SP 800-38D §8.2.2 allows 2³² texts a key), laid out as form (1 byte), nonce, cipher text,
 * tag; lookups are HMAC-SHA-256. Each has a key of its own, by HKDF (RFC 5869).
 *
 * @param key 32 random bytes
 */
export function createSeal(key: Uint8Array): Seal {
  const sealingKey = derived(key, 'wayside records seal');
  const lookupKey = derived(key, 'wayside records lookup');
  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
      const hidden = [cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat([Buffer.of(FORM), nonce, ...hidden]);
    },
    open(sealed) {
      if (sealed[0] !== FORM || sealed.length < HEADER_BYTES + TAG_BYTES)
        throw new RangeError('not sealed in a known form');
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, sealed.subarray(1, HEADER_BYTES));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const text = decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES), undefined, 'utf8');
      return text + decipher.final('utf8');
    },
    lookup: (text) => createHmac('sha256', lookupKey).update(text).digest('base64url'),
  };
}

/** An object, for Node takes three times as long with bare bytes. */
function derived(key: Uint8Array, use: string): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync('sha256', key, '', use, 32)));
}

/**
 * The key of the data directory with which the records hide what is secret; made at the first start (0600).
 *
 * @throws WaysideError data_dir_damaged, data_dir_unwritable
 */
export function loadOrCreateRecordsKey(dataDir: string): Promise<Uint8Array> {
  return readOrCreateKey(join(dataDir, 'records-key'));
}
