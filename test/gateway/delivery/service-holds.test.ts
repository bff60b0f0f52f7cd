import { expect, test } from 'vitest';
import type { PushOutcome } from '../../../gateway/delivery/push-sender.ts';
import { createServiceHolds } from '../../../gateway/delivery/service-holds.ts';

const NO_ANSWER: PushOutcome = { kind: 'retry', afterMs: null, reason: 'network_econnrefused' };
const A = 'https://a.example';

test('holds a service after three failures in a row, doubling up to a minute, and no other', () => {
  const holds = createServiceHolds();
  const waits = Array.from({ length: 12 }, () => {
    holds.note(A, NO_ANSWER, 1_000);
    return holds.waitMs(A, 1_000);
  });
  expect(waits.slice(0, 6)).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000]);
  expect(waits.at(-1)).toBe(60_000);
  expect(holds.waitMs(A, 31_000)).toBe(30_000);
  expect(holds.waitMs(A, 100_000)).toBe(0);
  expect(holds.waitMs('https://b.example', 1_000)).toBe(0);
});

test('one answer ends it', () => {
  const holds = createServiceHolds();
  for (let count = 0; count < 5; count += 1) holds.note(A, NO_ANSWER, 0);
  holds.note(A, { kind: 'gone' }, 0);
  holds.note(A, NO_ANSWER, 0);
  expect(holds.waitMs(A, 0)).toBe(0);
});

test('503 with Retry-After holds at once, 429 never, for it may be about one subscription', () => {
  const holds = createServiceHolds();
  holds.note(A, { kind: 'retry', afterMs: 5_000, reason: 'http_503' }, 0);
  expect(holds.waitMs(A, 0)).toBe(5_000);
  holds.note(A, { kind: 'retry', afterMs: 1e12, reason: 'http_503' }, 0);
  expect(holds.waitMs(A, 0)).toBe(3_600_000);
  holds.note(A, { kind: 'retry', afterMs: 5_000, reason: 'http_429' }, 0);
  expect(holds.waitMs(A, 0)).toBe(0);
});
