import { createECDH, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { decryptMessage } from '../../../devices-sim/push-service/message-decryption.ts';
import {
  encryptMessage,
  freshMessageSecrets,
  MAX_PLAIN_BYTES,
} from '../../../gateway/delivery/content-encryption.ts';

const bytes = (base64url: string): Buffer => Buffer.from(base64url, 'base64url');

test('gives the message of RFC 8291 §5, byte for byte', () => {
  const keys = createECDH('prime256v1');
  keys.setPrivateKey(bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'));
  const body = encryptMessage(
    Buffer.from('When I grow up, I want to be a watermelon'),
    bytes('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
    bytes('BTBZMqHH6r4Tts7J_aSIgg'),
    { keys, salt: bytes('DGv6ra1nlYgDCS1FRnbzlw') },
  );
  expect(body.toString('base64url')).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
});

test('what it encrypts, a browser decrypts, from an empty message to the longest', () => {
  const browser = createECDH('prime256v1');
  browser.generateKeys();
  const auth = randomBytes(16);
  for (const length of [0, 1, 300, MAX_PLAIN_BYTES]) {
    const plain = randomBytes(length);
    const body = encryptMessage(plain, browser.getPublicKey(), auth, freshMessageSecrets());
    expect(body.byteLength).toBe(length + 103);
    expect(decryptMessage(body, { keys: browser, auth })).toEqual(plain);
  }
});

test('each message has a key and a salt of its own', () => {
  const browser = createECDH('prime256v1');
  browser.generateKeys();
  const heads = Array.from({ length: 3 }, () =>
    encryptMessage(Buffer.from('x'), browser.getPublicKey(), randomBytes(16), freshMessageSecrets()).toString(
      'hex',
      0,
      86,
    ),
  );
  expect(new Set(heads.map((head) => head.slice(0, 32))).size).toBe(3);
  expect(new Set(heads.map((head) => head.slice(42))).size).toBe(3);
});

test.each([
  ['a key that is no point of the curve', Buffer.alloc(65, 4), Buffer.alloc(16), Buffer.from('x')],
  ['a compressed key', Buffer.alloc(33, 2), Buffer.alloc(16), Buffer.from('x')],
  ['a short secret', browserKey(), Buffer.alloc(15), Buffer.from('x')],
  [
    'a message above what a push service takes',
    browserKey(),
    Buffer.alloc(16),
    Buffer.alloc(MAX_PLAIN_BYTES + 1),
  ],
])('refuses %s', (_, p256dh, auth, plain) => {
  expect(() => encryptMessage(plain, p256dh, auth, freshMessageSecrets())).toThrow();
});

function browserKey(): Buffer {
  const keys = createECDH('prime256v1');
  return keys.generateKeys();
}
