import { createECDH, createHmac, createPrivateKey, randomBytes } from 'node:crypto';
import { decrypt } from 'http_ece';
import { expect, test } from 'vitest';
import { decryptMessage } from '../../../devices-sim/push-service/message-decryption.ts';
import { browserKey } from '../../../gateway/delivery/browser-keys.ts';
import {
  encryptMessage,
  freshMessageSecrets,
  MAX_PLAIN_BYTES,
} from '../../../gateway/delivery/content-encryption.ts';
import { hmacSha256 } from '../../../gateway/delivery/hmac.ts';

const bytes = (base64url: string): Buffer => Buffer.from(base64url, 'base64url');

test('gives the message of RFC 8291 §5, byte for byte', () => {
  const publicKey = bytes(
    'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8',
  );
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
      x: publicKey.subarray(1, 33).toString('base64url'),
      y: publicKey.subarray(33).toString('base64url'),
    },
  });
  const body = encryptMessage(
    Buffer.from('When I grow up, I want to be a watermelon'),
    browserKey('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
    bytes('BTBZMqHH6r4Tts7J_aSIgg'),
    { privateKey, publicKey, salt: bytes('DGv6ra1nlYgDCS1FRnbzlw') },
  );
  expect(body.toString('base64url')).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
});

test('what it encrypts, a browser decrypts, from an empty message to the longest', () => {
  const browser = createECDH('prime256v1');
  const p256dh = browser.generateKeys('base64url');
  const auth = randomBytes(16);
  for (const length of [0, 1, 300, MAX_PLAIN_BYTES]) {
    const plain = randomBytes(length);
    const body = encryptMessage(plain, browserKey(p256dh), auth, freshMessageSecrets());
    expect(body.byteLength).toBe(length + 103);
    expect(decryptMessage(body, { keys: browser, auth })).toEqual(plain);
  }
});

test('an independent decryptor agrees on 1,000 messages of random lengths, to browsers of random keys', () => {
  const random = seededBytes('wayside');
  for (let count = 0; count < 1_000; count += 1) {
    const browser = createECDH('prime256v1');
    // A scalar below 2^255 is one of P-256, whose order is above.
    browser.setPrivateKey(Buffer.concat([Buffer.of((random(1)[0] ?? 0) & 0x7f), random(31)]));
    const auth = random(16);
    const plain = random(random(2).readUInt16BE() % (MAX_PLAIN_BYTES + 1));
    const key = browserKey(browser.getPublicKey('base64url'));
    const body = encryptMessage(plain, key, auth, { ...freshMessageSecrets(), salt: random(16) });
    const decrypted = decrypt(body, {
      version: 'aes128gcm',
      privateKey: browser,
      authSecret: auth.toString('base64url'),
    });
    expect(decrypted.equals(plain), `message ${count}, ${plain.byteLength} bytes`).toBe(true);
  }
});

test('each message has a key and a salt of its own', () => {
  const key = browserKey(newBrowserKey());
  const heads = Array.from({ length: 3 }, () =>
    encryptMessage(Buffer.from('x'), key, randomBytes(16), freshMessageSecrets()).toString('hex', 0, 86),
  );
  expect(new Set(heads.map((head) => head.slice(0, 32))).size).toBe(3);
  expect(new Set(heads.map((head) => head.slice(42))).size).toBe(3);
});

test.each([
  ['a short secret', Buffer.alloc(15), Buffer.from('x')],
  ['a message above what a push service takes', Buffer.alloc(16), Buffer.alloc(MAX_PLAIN_BYTES + 1)],
])('refuses %s', (_, auth, plain) => {
  const key = browserKey(newBrowserKey());
  expect(() => encryptMessage(plain, key, auth, freshMessageSecrets())).toThrow(RangeError);
});

test.each([
  ['no point of the curve', Buffer.alloc(65, 4)],
  ['a compressed point', Buffer.concat([Buffer.of(2), bytes(newBrowserKey()).subarray(1, 33)])],
  ['a point in the hybrid form', Buffer.concat([Buffer.of(6), bytes(newBrowserKey()).subarray(1)])],
  ['the point at infinity', Buffer.alloc(65)],
  ['nothing', Buffer.alloc(0)],
])('a browser key that is %s is refused, each time', (_, point) => {
  const p256dh = point.toString('base64url');
  expect(() => browserKey(p256dh)).toThrow();
  expect(() => browserKey(p256dh)).toThrow();
});

test('keeps keys of browsers, and no more than it may', () => {
  const first = newBrowserKey();
  const kept = browserKey(first);
  expect(browserKey(first)).toBe(kept);
  for (let count = 0; count < 5_000; count += 1) browserKey(newBrowserKey());
  expect(browserKey(first)).not.toBe(kept);
});

test.each([0, 1, 16, 32, 64])('HMAC with a key of %i bytes is that of Node', (keyBytes) => {
  for (const dataBytes of [0, 1, 55, 56, 63, 64, 200]) {
    const [key, data] = [randomBytes(keyBytes), randomBytes(dataBytes)];
    const expected = createHmac('sha256', key).update(data).digest();
    expect(hmacSha256(key, data.subarray(0, 20), data.subarray(20))).toEqual(expected);
  }
  expect(() => hmacSha256(Buffer.alloc(65), Buffer.alloc(1))).toThrow(RangeError);
});

function newBrowserKey(): string {
  return createECDH('prime256v1').generateKeys('base64url');
}

/** The same bytes for the same seed: HMACs of a counter. */
function seededBytes(seed: string): (length: number) => Buffer {
  let counter = 0;
  return (length) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () =>
      createHmac('sha256', seed).update(String(counter++)).digest(),
    );
    return Buffer.concat(blocks).subarray(0, length);
  };
}
