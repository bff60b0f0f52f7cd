import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { polygon as turfPolygon } from '@turf/helpers';
import { isPointWithinRadius } from 'geolib';
import { decide } from '../../rules/decide.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/device-type.ts';
import { shapeOf } from '../../rules/geometry/shape.ts';
import { buildShapeIndex } from '../../rules/geometry/shape-index.ts';
import { emptyMemory } from '../../rules/memory.ts';
import type { Place } from '../../rules/place.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import type { Bench, BenchRow } from './bench.ts';

interface Circle {
  readonly lat: number;
  readonly lon: number;
  readonly radiusMetres: number;
}

/** How many places hold a position. */
type CountPlaces = (lat: number, lon: number) => number;

const SIZES = [1_000, 10_000, 100_000];
/** A round of one contender at one size; the peers do few positions in it, and that is enough to tell. */
const ROUND_MS = 1_500;
const WARM_UP_MS = 500;
const POSITIONS = 200_000;
const METRES_PER_DEGREE = 111_320;
/** Inscribed, so that turf has an easy polygon: it then misses a sliver of 1.3 % of the area. */
const TURF_CORNERS = 16;
const CITIES = 200;

/** A small seeded generator (Mulberry32), so that every run measures the same places. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Shops cluster in cities: circles of 50 to 500 m, in 200 cities of 10 km over middle Europe. */
function makeCircles(count: number, random: () => number): Circle[] {
  const cities = Array.from({ length: CITIES }, () => ({ lat: 45 + random() * 10, lon: random() * 15 }));
  return Array.from({ length: count }, (_, index) => {
    const city = cities[index % CITIES] ?? { lat: 50, lon: 10 };
    return {
      lat: city.lat + (random() + random() - 1) * 0.1,
      lon: city.lon + (random() + random() - 1) * 0.15,
      radiusMetres: 50 + random() * 450,
    };
  });
}

/** Positions on the roads around the places: most are near some, about half inside at least one. */
function makePositions(circles: readonly Circle[], random: () => number): Float64Array {
  const positions = new Float64Array(2 * POSITIONS);
  for (let index = 0; index < POSITIONS; index++) {
    const near = circles[Math.floor(random() * circles.length)] ?? { lat: 50, lon: 10 };
    positions[2 * index] = near.lat + (random() - 0.5) * 0.02;
    positions[2 * index + 1] = near.lon + (random() - 0.5) * 0.03;
  }
  return positions;
}

function linearGeolib(circles: readonly Circle[]): CountPlaces {
  return (lat, lon) => {
    let count = 0;
    for (const circle of circles)
      if (isPointWithinRadius({ lat, lon }, circle, circle.radiusMetres)) count += 1;
    return count;
  };
}

function linearTurf(circles: readonly Circle[]): CountPlaces {
  const polygons = circles.map(({ lat, lon, radiusMetres }) => {
    const north = radiusMetres / METRES_PER_DEGREE;
    const east = north / Math.cos((lat * Math.PI) / 180);
    const ring = Array.from({ length: TURF_CORNERS + 1 }, (_, corner) => {
      const angle = ((corner % TURF_CORNERS) / TURF_CORNERS) * 2 * Math.PI;
      return [lon + Math.cos(angle) * east, lat + Math.sin(angle) * north];
    });
    // With a bbox turf passes over what is far off: its quickest way.
    return turfPolygon([ring], {}, { bbox: [lon - east, lat - north, lon + east, lat + north] });
  });
  return (lat, lon) => {
    let count = 0;
    for (const one of polygons) if (booleanPointInPolygon([lon, lat], one)) count += 1;
    return count;
  };
}

function indexed(circles: readonly Circle[]): CountPlaces {
  const index = buildShapeIndex(circles.map((circle) => shapeOf({ kind: 'circle', ...circle })));
  return (lat, lon) => index.containing(lat, lon).length;
}

/** The whole step: admission, jump, visits of one device that is somewhere else each time. */
function decided(circles: readonly Circle[]): CountPlaces {
  const places = circles.map(
    (circle, index): Place => ({
      id: `place-${index}`,
      name: `Place ${index}`,
      tags: [],
      openingHours: null,
      timezone: null,
      geometry: { kind: 'circle', ...circle },
    }),
  );
  const rulebook = compileRulebook({ places, rules: [], deviceTypes: BUILT_IN_DEVICE_TYPES });
  const device = { id: 'car-1', type: 'car' };
  let now = 1_763_756_400_000;
  return (lat, lon) => {
    now += 1_000;
    const reading = { at: now, position: { lat, lon, accuracy: 8 } };
    // A fresh memory, for the positions are no journey: each step then opens the visits of its places.
    return decide(
      rulebook,
      emptyMemory,
      { kind: 'reading', device, consumer: null, reading, readingId: `${now}` },
      now,
    ).visits.length;
  };
}

interface Measured {
  readonly perSecond: number;
  readonly positions: number;
  /** Sum of the places found for the first positions, to compare contenders by. */
  readonly foundInFirst: number;
}

function measure(count: CountPlaces, positions: Float64Array, forMs: number, first: number): Measured {
  const total = positions.length / 2;
  let foundInFirst = 0;
  let done = 0;
  const started = performance.now();
  let elapsed = 0;
  // The clock is read now and then: reading it each time would cost as much as a lookup.
  for (; elapsed < forMs || done < first; done++) {
    const index = 2 * (done % total);
    const found = count(positions[index] ?? 0, positions[index + 1] ?? 0);
    if (done < first) foundInFirst += found;
    if (done < 64 || done % 256 === 0) elapsed = performance.now() - started;
  }
  elapsed = performance.now() - started;
  return { perSecond: (done / elapsed) * 1_000, positions: done, foundInFirst };
}

const CONTENDERS = [
  { subject: 'Wayside place index', make: indexed },
  { subject: 'Wayside decide (whole step)', make: decided },
  { subject: 'geolib, linear', make: linearGeolib },
  { subject: 'turf, linear', make: linearTurf },
];

/** Positions that every contender answers; then their answers can be compared. */
const COMPARED = 10;

/**
 * Which places hold a position: the index of rules/ beside a linear pass with geolib and with turf, one thread, circles of 50 to 500 m.
 */
export const geofenceBench: Bench = {
  name: 'geofence',
  about: 'positions a second looked up against 1 k, 10 k and 100 k circles, on one thread',
  async run(progress) {
    const rows: BenchRow[] = [];
    const speeds = new Map<string, number>();
    for (const size of SIZES) {
      const random = seeded(size);
      const circles = makeCircles(size, random);
      const positions = makePositions(circles, random);
      let reference = Number.NaN;
      for (const { subject, make } of CONTENDERS) {
        progress(`${subject}, ${size} places`);
        const buildStarted = performance.now();
        const count = make(circles);
        const buildMs = performance.now() - buildStarted;
        measure(count, positions, WARM_UP_MS, 1);
        const measured = measure(count, positions, ROUND_MS, COMPARED);
        if (subject === 'Wayside place index') reference = measured.foundInFirst;
        // Turf's polygons are a little smaller than the circles, so its answers only come near.
        if (subject !== 'turf, linear' && measured.foundInFirst !== reference) {
          throw new Error(
            `${subject} found ${measured.foundInFirst} places where the index found ${reference}`,
          );
        }
        speeds.set(`${subject} ${size}`, measured.perSecond);
        rows.push({
          subject,
          figures: {
            places: size,
            'positions/s': measured.perSecond,
            'µs each': 1e6 / measured.perSecond,
            measured: measured.positions,
            'build ms': buildMs,
            'found in first 10': measured.foundInFirst,
          },
        });
      }
    }
    const speed = (subject: string) => speeds.get(`${subject} 100000`) ?? Number.NaN;
    return {
      name: 'geofence',
      conditions: `one thread, seeded circles of 50 to 500 m in ${CITIES} cities, positions near them, ${ROUND_MS} ms a round after a warm-up`,
      columns: ['places', 'positions/s', 'µs each', 'measured', 'build ms', 'found in first 10'],
      rows,
      ratios: [
        { name: 'positions/s against 100,000 places', value: speed('Wayside place index'), aim: '≥ 150,000' },
        {
          name: 'place index ÷ geolib at 100,000 places',
          value: speed('Wayside place index') / speed('geolib, linear'),
          aim: '> 1',
        },
        {
          name: 'place index ÷ turf at 100,000 places',
          value: speed('Wayside place index') / speed('turf, linear'),
          aim: '> 1',
        },
      ],
    };
  },
};
