import { describe, expect, it } from 'vitest';
import { LoginBackoff } from '../../broker/login-backoff.ts';
import { Bucket, Buckets } from '../../broker/pace.ts';

describe('a bucket', () => {
  it('gives what may come at once, then at its rate', () => {
    const bucket = new Bucket({ perSecond: 100, atOnce: 10 }, 0);
    expect(bucket.take(10, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(10);
    expect(bucket.take(1, 20)).toBe(0);
    expect(bucket.take(1, 20)).toBe(10);
  });

  it('takes what has come already, and has it waited for', () => {
    const bucket = new Bucket({ perSecond: 100, atOnce: 10 }, 0);
    expect(bucket.take(15, 0)).toBe(50);
    expect(bucket.take(0, 50)).toBe(0);
  });

  it('holds no grudge for what it did not admit', () => {
    const bucket = new Bucket({ perSecond: 100, atOnce: 10 }, 0);
    const admitted = Array.from({ length: 1000 }, () => bucket.admits(0)).filter(Boolean);
    expect(admitted).toHaveLength(10);
    expect(bucket.admits(9)).toBe(false);
    expect(bucket.admits(10)).toBe(true);
  });

  it('takes no harm from a clock that goes back', () => {
    const bucket = new Bucket({ perSecond: 100, atOnce: 10 }, 1000);
    expect(bucket.take(10, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(10);
  });
});

describe('buckets by key', () => {
  it('forget who keeps the pace, and remember who does not', () => {
    const buckets = new Buckets({ perSecond: 1, atOnce: 10 });
    buckets.of('greedy', 0).take(10, 0);
    for (let n = 0; n < 100_000; n += 1) buckets.of(`name-${n}`, 0);
    expect(buckets.size).toBeLessThan(3000);
    expect(buckets.of('greedy', 0).take(1, 0)).toBe(1000);
  });
});

describe('failed logins', () => {
  it('rest for longer and longer, the pair of address and name alone', () => {
    let now = 0;
    const backoff = new LoginBackoff(() => now);
    for (let n = 0; n < 9; n += 1) backoff.failed('10.0.0.1', 'a');
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(false);
    backoff.failed('10.0.0.1', 'a');
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(true);
    expect(backoff.isResting('10.0.0.2', 'a')).toBe(false);
    expect(backoff.isResting('10.0.0.1', 'b')).toBe(false);
    now = 1000;
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(false);
    for (let n = 0; n < 20; n += 1) backoff.failed('10.0.0.1', 'a');
    now += 59_999;
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(true);
    now += 1;
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(false);
    backoff.succeeded('10.0.0.1', 'a');
    backoff.failed('10.0.0.1', 'a');
    expect(backoff.isResting('10.0.0.1', 'a')).toBe(false);
  });
});
