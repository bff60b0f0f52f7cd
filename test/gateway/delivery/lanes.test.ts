import { expect, test } from 'vitest';
import { createLanes, LANE_SETTINGS } from '../../../gateway/delivery/lanes.ts';
import type { PushOutcome } from '../../../gateway/delivery/push-sender.ts';
import { createServiceHolds } from '../../../gateway/delivery/service-holds.ts';

const A = 'https://a.example';
const B = 'https://b.example';
const BOTH = `${A} ${B}`;
const NO_ANSWER: PushOutcome = { kind: 'retry', afterMs: null, reason: 'network_timeout' };
const { places } = LANE_SETTINGS;

function lanesAndHolds() {
  const holds = createServiceHolds(() => 0);
  return { holds, lanes: createLanes(holds) };
}

test('a lane that is full leaves the others their places', () => {
  const { lanes } = lanesAndHolds();
  const leave = Array.from({ length: places.new }, () => lanes.enter(A));
  expect(lanes.room(A, 0)).toBe(0);
  expect(lanes.room(B, 0)).toBe(places.new);
  expect(lanes.room(BOTH, 0)).toBe(places.new);
  leave[0]?.();
  expect(lanes.room(A, 0)).toBe(1);
});

test('how many may be under way goes by how the service does', () => {
  const { lanes, holds } = lanesAndHolds();
  const rooms = [lanes.room(A, 0)];
  for (const outcome of [{ kind: 'sent' }, NO_ANSWER, NO_ANSWER, NO_ANSWER] as const) {
    holds.note(A, outcome, 0);
    rooms.push(lanes.room(A, 0));
  }
  expect(rooms).toEqual([places.new, places.well, places.troubled, places.troubled, 0]);
  expect(lanes.waitMs(A, 0)).toBe(1_000);
  expect(lanes.room(A, 1_000)).toBe(places.trying);
  const leave = lanes.enter(A);
  expect(lanes.room(A, 1_000)).toBe(0);
  expect(lanes.waitMs(A, 1_000)).toBe(0);
  leave();
  holds.note(A, { kind: 'sent' }, 1_000);
  expect(lanes.room(A, 1_000)).toBe(places.well);
});

test('to two services: one that is held is left out, and where both are, the first to come back counts', () => {
  const { lanes, holds } = lanesAndHolds();
  holds.note(B, { kind: 'sent' }, 0);
  holds.note(A, { kind: 'retry', afterMs: 5_000, reason: 'http_503' }, 0);
  expect(lanes.room(BOTH, 0)).toBe(places.well);
  expect(lanes.waitMs(BOTH, 0)).toBe(0);
  holds.note(B, { kind: 'retry', afterMs: 9_000, reason: 'http_503' }, 0);
  expect(lanes.room(BOTH, 0)).toBe(0);
  expect(lanes.waitMs(BOTH, 0)).toBe(5_000);
});

test('all lanes together are bounded', () => {
  const { lanes } = lanesAndHolds();
  for (let count = 0; count < LANE_SETTINGS.total; count += 1) lanes.enter(`https://${count}.example`);
  expect(lanes.room(A, 0)).toBe(0);
});
