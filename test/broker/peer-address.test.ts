import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../broker/limits.ts';
import { LoginBackoff } from '../../broker/login-backoff.ts';
import { addressKey } from '../../broker/peer-address.ts';
import { PeerPace } from '../../broker/peer-pace.ts';

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['a proxy, perhaps', 'unknown'],
])('%s is counted as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

it('one household of IPv6 does not get more by taking many addresses', () => {
  const pace = new PeerPace(DEFAULT_LIMITS, () => 0);
  const { atOnce } = DEFAULT_LIMITS.connectRate;
  const admitted = Array.from({ length: atOnce + 100 }, (_, n) =>
    pace.mayConnect(`2001:db8:1:2::${n.toString(16)}`),
  ).filter(Boolean);
  expect(admitted).toHaveLength(atOnce);
  expect(pace.mayConnect('2001:db8:1:3::1')).toBe(true);

  const backoff = new LoginBackoff(() => 0);
  for (let n = 0; n < 20; n += 1) backoff.failed(`2001:db8:1:2::${n.toString(16)}`, 'van-7');
  expect(backoff.isResting('2001:db8:1:2:ffff::1', 'van-7')).toBe(true);
  expect(backoff.isResting('2001:db8:1:3::1', 'van-7')).toBe(false);
});
