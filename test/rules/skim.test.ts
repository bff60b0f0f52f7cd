import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory, sizeOf } from '../../rules/memory.ts';
import { parseSensitiveZone } from '../../rules/places/sensitive-zone.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import type { Remark } from '../../rules/readings/reading.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { createSkims } from '../../rules/skim.ts';
import type { Input } from '../../rules/step.ts';
import { lookedUpIn, surroundingsOf } from '../../rules/surroundings.ts';
import { circle, point, rule, timeOf, WILLING } from './scenario.ts';

const zone = parseSensitiveZone('clinic', {
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [point(1500, 0).lon, point(1500, 0).lat] },
  properties: { name: 'Clinic', category: 'health_care', radiusMetres: 20, marginMetres: 80 },
});

const square = (east: number, half: number): readonly (readonly [number, number])[] => [
  [east - half, -half],
  [east + half, -half],
  [east + half, half],
  [east - half, half],
];

const rulebook = compileRulebook({
  places: [
    circle('cafe', { radius: 100, tags: ['coffee'] }),
    circle('mall', { east: 150, radius: 400, tags: ['coffee', 'shops'] }),
    circle('kiosk', { east: 900, radius: 15 }),
    circle('far', { east: 3000, radius: 200 }),
    circle('farther', { east: 4200, north: 300, radius: 50 }),
    circle('block', { polygons: [[square(1900, 250), square(1900, 60)]] }),
    ...Array.from({ length: 70 }, (_, index) => circle(`stall-${index}`, { east: 5200 + index, radius: 20 })),
  ],
  rules: [
    { id: 'hello', trigger: { place: { tag: 'coffee' }, on: 'enter' } },
    { id: 'bye', trigger: { place: { id: 'cafe' }, on: 'exit' }, limits: { cooldown: 'PT3M' } },
    { id: 'stay', trigger: { place: { tag: 'shops' }, on: 'dwell', for: 'PT2M' } },
    { id: 'soon', trigger: { place: { id: 'far' }, on: 'approach', within: 'PT2M' } },
    { id: 'later', trigger: { place: { id: 'farther' }, on: 'approach', within: 'PT10M' } },
    { id: 'passed', trigger: { place: { id: 'kiosk' }, on: 'pass' } },
    { id: 'around', trigger: { place: { id: 'block' }, on: 'pass' } },
    { id: 'hot', trigger: { metric: { name: 'rpm', above: 0.65, rearm: 0.5 } } },
    { id: 'fuel', trigger: { metric: { name: 'fuel', below: 0.2, for: 'PT4M' } } },
    { id: 'thanks', trigger: { event: 'purchase' } },
  ].map((document) => ({ rule: rule(document), version: 1, state: 'live' as const })),
  deviceTypes: BUILT_IN_DEVICE_TYPES,
  zones: zone.ok ? [zone.value] : [],
});

/** A stretch of a way: so many fixes, so far apart. */
const stretch = fc.record({
  device: fc.constantFrom('car-1', 'car-1', 'phone-1', 'fridge-1'),
  fixes: fc.integer({ min: 1, max: 12 }),
  everySeconds: fc.constantFrom(5, 10, 30, 60, 400, 800),
  metresEach: fc.constantFrom(0, 1, 20, 60, -60, 150, -150, 2_500),
  delaySeconds: fc.constantFrom(0, 0, 0, 1, 100, 500),
  accuracy: fc.constantFrom(5, 5, 10, 60, 150),
  speed: fc.option(fc.constantFrom(0, 2, 15)),
  heading: fc.option(fc.constantFrom(0, 90, 270)),
  metric: fc.option(fc.constantFrom('fuel', 'rpm', 'rpm', 'unheard_of'), { freq: 3 }),
  tellsTime: fc.constantFrom(true, true, true, false),
  event: fc.constantFrom(false, false, false, true),
});

type Reading = Extract<Input, { readonly kind: 'reading' }>;

const TYPES: Readonly<Record<string, string>> = { 'car-1': 'car', 'phone-1': 'phone', 'fridge-1': 'fridge' };

function inputsOf(way: readonly (typeof stretch extends fc.Arbitrary<infer T> ? T : never)[]) {
  let now = timeOf('10:00:00');
  let east = -600;
  let id = 0;
  return way.flatMap((one) =>
    Array.from({ length: one.fixes }, () => {
      now += one.everySeconds * 1000;
      east += one.metresEach;
      id += 1;
      const position = {
        ...point(east, 0),
        accuracy: one.accuracy,
        ...(one.speed !== null && { speed: one.speed }),
        ...(one.heading !== null && { heading: one.heading }),
      };
      const input: Reading = {
        kind: 'reading',
        device: { id: one.device, type: TYPES[one.device] ?? '' },
        consumer: WILLING,
        reading: {
          ...(one.tellsTime && { at: now - one.delaySeconds * 1000 }),
          position,
          ...(one.metric !== null && { metrics: { [one.metric]: (id % 10) / 10 } }),
          ...(one.event && { event: 'purchase' }),
        },
        readingId: String(id),
      };
      return { input, now };
    }),
  );
}

describe('skimming', () => {
  it.each([
    ['what is remembered of quarters', surroundingsOf],
    ['look-ups', lookedUpIn],
  ] as const)(
    'by %s comes to what deciding comes to, and to nothing that anybody would be told of',
    (_, around) => {
      let skimmed = 0;
      let all = 0;
      let remarked = 0;
      let withMetrics = 0;
      let approaching = 0;
      let inPlaces = 0;
      fc.assert(
        fc.property(fc.array(stretch, { minLength: 1, maxLength: 25 }), (way) => {
          const skims = createSkims(rulebook, around(rulebook));
          const skimOf = new Map(
            Object.entries(TYPES).map(([id, type]) => [id, skims({ id, type })] as const),
          );
          let memory: Memory = emptyMemory;
          // Goes its own way for as long as readings are skimmed.
          let moved: Memory = emptyMemory;
          let wakeAt = Infinity;
          for (const { input, now } of inputsOf(way)) {
            const step = decide(rulebook, memory, input, now);
            const before = structuredClone(moved);
            const { at = now, event, ...rest } = input.reading;
            const remarks: Remark[] = [];
            const wake =
              event === undefined
                ? (skimOf.get(input.device.id)?.(moved, wakeAt, input.reading, now, remarks) ?? null)
                : null;
            all += 1;
            if (wake === null) {
              expect(moved).toEqual(before);
              moved = structuredClone(step.memory);
            } else {
              skimmed += 1;
              if (input.reading.metrics !== undefined) withMetrics += 1;
              if (sizeOf(moved.devices[input.device.id]?.approaches ?? {}) > 0) approaching += 1;
              if (sizeOf(moved.stays) > 0) inPlaces += 1;
              expect(step.decisions).toEqual([]);
              expect(step.visits).toEqual([]);
              expect(step.problems).toEqual([]);
              expect(step.admitted).toEqual({ ...rest, at, flags: [] });
              expect(remarks).toEqual(step.remarks);
              remarked += remarks.length;
              expect(moved).toEqual(step.memory);
              expect(wake).toBe(step.wakeAt ?? Infinity);
            }
            ({ memory } = step);
            wakeAt = step.wakeAt ?? Infinity;
          }
        }),
        { numRuns: 300, seed: 5 },
      );
      // Else the law would hold of nothing.
      expect(skimmed).toBeGreaterThan(all / 4);
      for (const some of [remarked, withMetrics, approaching, inPlaces])
        expect(some).toBeGreaterThan(all / 100);
    },
  );
});
