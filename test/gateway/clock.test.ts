import { expect, it } from 'vitest';
import { domainClock } from '../../gateway/clock.ts';

it('runs from its start at its own pace', () => {
  let real = 1_000_000;
  const clock = domainClock({ domainStart: 5_000, realStart: real, timeScale: 60 }, () => real);
  expect(clock.now()).toBe(5_000);
  real += 250;
  expect(clock.now()).toBe(20_000);
});
