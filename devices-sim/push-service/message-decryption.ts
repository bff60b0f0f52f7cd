import { createDecipheriv, type ECDH, hkdfSync } from 'node:crypto';

const HEADER_BYTES = 21;
const TAG_BYTES = 16;

/** The browser's side of a subscription's secrets. */
export interface SubscriptionSecrets {
  readonly keys: ECDH;
  /** 16 random bytes. */
  readonly auth: Uint8Array;
}

/**
 * Decrypts a push message as a browser does: RFC 8291 §3.4 for the keys, RFC 8188 §2 for the records (one or several).
 *
 * @param body salt (16), record size (4), length of the key (1), the sender's key, records
 * @throws when it was not made for these keys, was changed, or is not of the form
 */
export function decryptMessage(body: Buffer, secrets: SubscriptionSecrets): Buffer {
  if (body.byteLength < HEADER_BYTES) throw new RangeError('the message is shorter than its header');
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const keyEnd = HEADER_BYTES + body.readUInt8(20);
  const senderKey = body.subarray(HEADER_BYTES, keyEnd);
  // A record holds at least one byte and its delimiter beside the tag (RFC 8188 §2.1).
  if (recordSize < TAG_BYTES + 2) throw new RangeError('the record size is too small');
  if (body.byteLength <= keyEnd) throw new RangeError('the message holds no record');

  const shared = secrets.keys.computeSecret(senderKey);
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), secrets.keys.getPublicKey(), senderKey]);
  const inputKey = Buffer.from(hkdfSync('sha256', shared, secrets.auth, keyInfo, 32));
  const contentKey = Buffer.from(hkdfSync('sha256', inputKey, salt, 'Content-Encoding: aes128gcm\0', 16));
  const baseNonce = Buffer.from(hkdfSync('sha256', inputKey, salt, 'Content-Encoding: nonce\0', 12));

  const plain: Buffer[] = [];
  for (let start = keyEnd, index = 0; start < body.byteLength; start += recordSize, index += 1) {
    const record = body.subarray(start, start + recordSize);
    const isLast = start + recordSize >= body.byteLength;
    plain.push(decryptRecord(record, contentKey, nonceOf(baseNonce, index), isLast));
  }
  return Buffer.concat(plain);
}

/** The nonce of a record is the base one xor its number (RFC 8188 §2.3); the number fits its last 32 bits here. */
function nonceOf(base: Buffer, index: number): Buffer {
  const nonce = Buffer.from(base);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ index) >>> 0, 8);
  return nonce;
}

function decryptRecord(record: Buffer, key: Buffer, nonce: Buffer, isLast: boolean): Buffer {
  if (record.byteLength <= TAG_BYTES) throw new RangeError('a record is too short');
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-TAG_BYTES));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -TAG_BYTES)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  // The delimiter tells the last record from those before it, so that a cut-off message shows.
  if (end < 0 || padded[end] !== (isLast ? 2 : 1)) throw new RangeError('the padding of a record is wrong');
  return padded.subarray(0, end);
}
