import { expect, test } from 'vitest';
import type { PushOutcome } from '../../../gateway/delivery/push-sender.ts';
import { createServiceHolds, type ServiceHolds } from '../../../gateway/delivery/service-holds.ts';

const NO_ANSWER: PushOutcome = { kind: 'retry', afterMs: null, reason: 'network_econnrefused' };
const A = 'https://a.example';
const B = 'https://b.example';

const busy = (afterMs: number | null): PushOutcome => ({ kind: 'retry', afterMs, reason: 'http_503' });
const refused = (afterMs: number | null): PushOutcome => ({ kind: 'retry', afterMs, reason: 'http_429' });

/** How long each hold is, when every message fails at the moment at which it may go. */
function holdsInARow(holds: ServiceHolds, count: number): number[] {
  let now = 1_000;
  return Array.from({ length: count }, () => {
    holds.note(A, NO_ANSWER, now);
    const waitMs = holds.waitMs(A, now);
    now += waitMs;
    return waitMs;
  });
}

test('holds a service after three failures in a row, doubling up to a minute, and no other', () => {
  const holds = createServiceHolds(() => 0);
  const waits = holdsInARow(holds, 12);
  expect(waits.slice(0, 6)).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000]);
  expect(waits.at(-1)).toBe(60_000);
  expect(holds.waitMs(B, 1_000)).toBe(0);
});

test('holds differ by a random part, so that gateways do not come back together', () => {
  expect(
    holdsInARow(
      createServiceHolds(() => 0.5),
      3,
    ).at(-1),
  ).toBe(1_100);
});

test('what was under way when the hold began fails with it, and makes it no longer', () => {
  const holds = createServiceHolds(() => 0);
  for (let count = 0; count < 60; count += 1) holds.note(A, NO_ANSWER, 5_000);
  expect(holds.waitMs(A, 5_000)).toBe(1_000);
  expect(holds.waitMs(A, 6_000)).toBe(0);
});

test('tells how well a service does: one message tries whether it is back', () => {
  const holds = createServiceHolds(() => 0);
  expect(holds.health(A, 0)).toBe('new');
  holds.note(A, { kind: 'sent' }, 0);
  expect(holds.health(A, 0)).toBe('well');
  holds.note(A, NO_ANSWER, 0);
  expect(holds.health(A, 0)).toBe('troubled');
  holds.note(A, NO_ANSWER, 0);
  holds.note(A, NO_ANSWER, 0);
  expect(holds.health(A, 999)).toBe('held');
  expect(holds.health(A, 1_000)).toBe('trying');
  holds.note(A, NO_ANSWER, 1_000);
  expect(holds.health(A, 2_999)).toBe('held');
  holds.note(A, { kind: 'gone' }, 3_000);
  expect(holds.health(A, 3_000)).toBe('well');
});

test('503 with Retry-After holds at once, up to an hour', () => {
  const holds = createServiceHolds(() => 0);
  holds.note(A, busy(5_000), 0);
  expect(holds.waitMs(A, 0)).toBe(5_000);
  expect(holds.health(A, 5_000)).toBe('trying');
  holds.note(A, busy(1e12), 5_000);
  expect(holds.waitMs(A, 5_000)).toBe(3_600_000);
});

test('429 may be about one subscription; ten in a row and nothing else are about all', () => {
  const holds = createServiceHolds(() => 0);
  for (let count = 0; count < 9; count += 1) holds.note(A, refused(30_000), 0);
  expect(holds.waitMs(A, 0)).toBe(0);
  holds.note(A, refused(30_000), 0);
  expect(holds.waitMs(A, 0)).toBe(30_000);

  for (let count = 0; count < 50; count += 1) {
    holds.note(B, refused(30_000), 0);
    if (count % 5 === 0) holds.note(B, { kind: 'sent' }, 0);
  }
  expect(holds.waitMs(B, 0)).toBe(0);
});

test('so may a refusal for now of a mail server, which is about one mailbox or about all', () => {
  const holds = createServiceHolds(() => 0);
  const full: PushOutcome = { kind: 'retry', afterMs: null, reason: 'smtp_452' };
  for (let count = 0; count < 9; count += 1) holds.note(A, full, 0);
  expect([holds.waitMs(A, 0), holds.health(A, 0)]).toEqual([0, 'well']);
  holds.note(A, full, 0);
  expect(holds.waitMs(A, 0)).toBe(1_000);
});

test('remembers a thousand services, the ones heard of last', () => {
  const holds = createServiceHolds(() => 0);
  for (let count = 0; count < 1_500; count += 1) holds.note(`https://${count}.example`, busy(60_000), 0);
  expect(holds.waitMs('https://499.example', 0)).toBe(0);
  expect(holds.waitMs('https://500.example', 0)).toBe(60_000);
});
