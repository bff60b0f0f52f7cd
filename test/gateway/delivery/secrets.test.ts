import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadOrCreateReceiptKey, readReceipt, signReceipt } from '../../../gateway/delivery/receipt-token.ts';
import { loadOrCreateVapidKeys } from '../../../gateway/delivery/vapid-keys.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-secrets-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('keys are made once, for the owner alone, and read again', async () => {
  const [vapid, receipt] = [await loadOrCreateVapidKeys(dir), await loadOrCreateReceiptKey(dir)];
  expect(await loadOrCreateVapidKeys(dir)).toEqual(vapid);
  expect(Buffer.from(await loadOrCreateReceiptKey(dir))).toEqual(Buffer.from(receipt));
  for (const name of ['vapid-keys.json', 'receipt-key']) {
    expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
  }
});

test('two starts at once end with the same keys', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => loadOrCreateVapidKeys(dir)));
  expect(new Set(made.map(({ current }) => current.privateKey)).size).toBe(1);
});

test.each([
  ['no JSON', '{"publicKey'],
  ['half a pair', '{"publicKey":"BAAA"}'],
  [
    'keys that do not match',
    '{"publicKey":"BAAA","privateKey":"yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"}',
  ],
  ['nothing', ''],
])('a key file with %s is named, and not replaced', async (_, text) => {
  await writeFile(join(dir, 'vapid-keys.json'), text);
  await expect(loadOrCreateVapidKeys(dir)).rejects.toMatchObject({ code: 'data_dir_damaged' });
  await expect(loadOrCreateVapidKeys(dir)).rejects.toThrow('vapid-keys.json');
});

test('a directory that is not there is told', async () => {
  await expect(loadOrCreateVapidKeys(join(dir, 'missing'))).rejects.toMatchObject({
    code: 'data_dir_unwritable',
  });
});

test('a receipt token names its delivery, and only this key makes it', () => {
  const key = Buffer.alloc(32, 1);
  const token = signReceipt(key, 'delivery-1:ü');
  expect(readReceipt(key, token)).toBe('delivery-1:ü');
  expect(readReceipt(Buffer.alloc(32, 2), token)).toBeNull();
  const [, mac] = token.split('.');
  expect(readReceipt(key, `${Buffer.from('delivery-2').toString('base64url')}.${mac}`)).toBeNull();
  for (const bad of ['', '.', 'x', `${token}.x`, token.slice(0, -2), 'x'.repeat(10_000)]) {
    expect(readReceipt(key, bad)).toBeNull();
  }
});
