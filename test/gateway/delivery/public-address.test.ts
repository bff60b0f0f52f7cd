import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { isPublicAddress, publicLookup } from '../../../gateway/delivery/public-address.ts';

test.each([
  '8.8.8.8',
  '142.250.184.10',
  '100.63.255.255',
  '172.32.0.1',
  '2a00:1450:4001:80b::200a',
  '2620:149:a0c::1',
  '64:ff9b::808:808',
])('%s is of the public internet', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::808:808',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '2001:db8::1',
  '2001::1',
  '2002:7f00:1::',
  'localhost',
  '',
])('"%s" is not', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

function lookedUp(answer: readonly string[] | Error, options: object): Promise<unknown[]> {
  const lookup = publicLookup((_, __, callback) => {
    if (answer instanceof Error) callback(answer, []);
    else
      callback(
        null,
        answer.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  });
  return new Promise((resolve) => {
    lookup('push.example', options, (...given) => resolve(given));
  });
}

test('of what a name leads to, public addresses alone are given', async () => {
  const mixed = ['127.0.0.1', '8.8.8.8', '::1', '2a00:1450:4001:80b::200a'];
  expect(await lookedUp(mixed, { all: true })).toEqual([
    null,
    [
      { address: '8.8.8.8', family: 4 },
      { address: '2a00:1450:4001:80b::200a', family: 6 },
    ],
  ]);
  expect(await lookedUp(mixed, {})).toEqual([null, '8.8.8.8', 4]);
});

test('a name that leads to private addresses alone is an error, and errors of the lookup stay what they are', async () => {
  expect(await lookedUp(['10.0.0.1'], { all: true })).toMatchObject([{ code: 'ADDRESS_REFUSED' }, '', 0]);
  const failure = Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
  expect(await lookedUp(failure, {})).toEqual([failure, '', 0]);
});
