import { createECDH, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import webPush from 'web-push';
import { decryptMessage } from '../../devices-sim/push-service/message-decryption.ts';

const bytes = (base64url: string): Buffer => Buffer.from(base64url, 'base64url');

test('reads the message of RFC 8291 §5', () => {
  const keys = createECDH('prime256v1');
  keys.setPrivateKey(bytes('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'));
  const body = bytes(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
  const plain = decryptMessage(body, { keys, auth: bytes('BTBZMqHH6r4Tts7J_aSIgg') });
  expect(plain.toString()).toBe('When I grow up, I want to be a watermelon');
});

const keys = createECDH('prime256v1');
keys.generateKeys();
const auth = randomBytes(16);
const sealed = (text: string): Buffer =>
  webPush.encrypt(keys.getPublicKey('base64url'), auth.toString('base64url'), text, 'aes128gcm').cipherText;

test('reads what the web-push library encrypts, also over several records', () => {
  for (const text of ['', 'ü', 'offer '.repeat(600), 'long '.repeat(2_000)]) {
    expect(decryptMessage(sealed(text), { keys, auth }).toString()).toBe(text);
  }
});

test.each([
  ['one bit changed', (body: Buffer) => Buffer.from(body.with(body.length - 20, (body.at(-20) ?? 0) ^ 1))],
  ['cut off at the end', (body: Buffer) => body.subarray(0, -1)],
  ['only the header', (body: Buffer) => body.subarray(0, 86)],
  ['less than the header', (body: Buffer) => body.subarray(0, 10)],
  [
    'a record size of 0',
    (body: Buffer) => Buffer.concat([body.subarray(0, 16), Buffer.alloc(4), body.subarray(20)]),
  ],
])('refuses a message with %s', (_, change) => {
  const body = sealed('an offer');
  expect(() => decryptMessage(change(body), { keys, auth })).toThrow();
});

test('refuses a message whose last records are missing', () => {
  const body = sealed('long '.repeat(2_000));
  expect(() => decryptMessage(body.subarray(0, 86 + 4096), { keys, auth })).toThrow('padding');
});

test('refuses a message for another browser', () => {
  const other = createECDH('prime256v1');
  other.generateKeys();
  expect(() => decryptMessage(sealed('an offer'), { keys: other, auth })).toThrow();
  expect(() => decryptMessage(sealed('an offer'), { keys, auth: randomBytes(16) })).toThrow();
});
