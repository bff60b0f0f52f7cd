import { expect, test } from 'vitest';
import { gatherEvidence } from '../../../gateway/explain/evidence.ts';
import type { ReadingPoint } from '../../../gateway/telemetry/telemetry-store.ts';
import { shapeOf } from '../../../rules/geometry/shape.ts';
import { parsePlace } from '../../../rules/places/place.ts';

const cafe = shapeOf({ kind: 'circle', lat: 45, lon: 9, radiusMetres: 100 });

const fix = (lat: number, more: object = {}): ReadingPoint => ({
  at: 1,
  flags: [],
  position: { lat, lon: 9, accuracy: 5, ...more },
});

test('tells where devices were, what they measured, and what was of no use', async () => {
  const points: ReadingPoint[] = [
    { ...fix(45), metrics: { fuel: 0.5, door: true } },
    { ...fix(45.01, { accuracy: 500 }), flags: ['late'], metrics: { fuel: 0.2 } },
    { at: 2, flags: [], event: 'purchase' },
  ];
  expect(await gatherEvidence(points, cafe, false)).toMatchObject({
    readings: 3,
    positions: 2,
    late: 1,
    coarse: 1,
    inside: 1,
    nearestMetres: 0,
    metrics: { fuel: { last: 0.2, least: 0.2, most: 0.5 }, door: { last: true } },
    events: ['purchase'],
    truncated: false,
  });
  expect(await gatherEvidence(points, null, true)).toMatchObject({ inside: 0, nearestMetres: null });
});

test('others come to their turn meanwhile, however many positions and corners there are', async () => {
  const corners = Array.from({ length: 10_000 }, (_, n) => {
    const angle = (2 * Math.PI * n) / 10_000;
    return [9 + 0.3 * Math.cos(angle), 45 + 0.3 * Math.sin(angle)];
  });
  const coast = parsePlace('coast', {
    type: 'Feature',
    geometry: { type: 'Polygon', coordinates: [[...corners, corners[0]]] },
    properties: { name: 'Coast', tags: [] },
  });
  if (!coast.ok) throw new Error(JSON.stringify(coast.problems));
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const { inside } = await gatherEvidence(
    Array.from({ length: 3_000 }, () => fix(45)),
    shapeOf(coast.value.geometry),
    false,
  );
  isDone = true;
  expect(inside).toBe(3_000);
  expect(turns).toBeGreaterThan(20);
});
