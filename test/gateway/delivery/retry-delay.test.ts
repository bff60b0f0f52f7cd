import { expect, test } from 'vitest';
import { parseRetryAfter, retryDelayMs } from '../../../gateway/delivery/retry-delay.ts';

test('doubles from 2 s up to 5 min, of which a random half is taken', () => {
  expect([1, 2, 3, 4].map((attempts) => retryDelayMs(attempts, null, 0))).toEqual([
    1_000, 2_000, 4_000, 8_000,
  ]);
  expect(retryDelayMs(1, null, 0.999)).toBeCloseTo(2_000, -1);
  expect(retryDelayMs(1_000, null, 0)).toBe(150_000);
});

test('never comes back sooner than asked', () => {
  expect(retryDelayMs(1, 60_000, 0)).toBe(60_000);
  expect(retryDelayMs(1, 60_000, 0.5)).toBe(63_000);
  expect(retryDelayMs(9, 1, 0)).toBe(150_000);
});

test('reads Retry-After in seconds and as a date', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  expect(parseRetryAfter('120', now)).toBe(120_000);
  expect(parseRetryAfter('Sun, 01 Mar 2026 12:00:30 GMT', now)).toBe(30_000);
  expect(parseRetryAfter('Sunday, 01-Mar-26 12:00:30 GMT', now)).toBe(30_000);
  expect(parseRetryAfter('Sun Mar  1 12:00:30 2026', now)).toBe(30_000);
  expect(parseRetryAfter('Sun, 01 Mar 2026 11:00:00 GMT', now)).toBe(0);
  for (const value of [undefined, '', 'soon', '-5', '1e9']) expect(parseRetryAfter(value, now)).toBeNull();
});
