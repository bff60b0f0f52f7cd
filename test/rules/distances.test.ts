import fc from 'fast-check';
import { computeDestinationPoint, earthRadius } from 'geolib';
import { describe, expect, it } from 'vitest';
import { crosses } from '../../rules/geometry/crossing.ts';
import { shapesWithin } from '../../rules/geometry/overlap.ts';
import { contains, metresOutside, nearestOnEdge, type Shape, shapeOf } from '../../rules/geometry/shape.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { cpuMs } from '../support/cpu-time.ts';
import { must } from './scenario.ts';

type Point = readonly [number, number];

const within180 = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;

function shape(type: string, coordinates: unknown, properties: object = {}): Shape {
  return shapeOf(
    must(parsePlace('p', { type: 'Feature', geometry: { type, coordinates }, properties })).geometry,
  );
}
const circle = (lon: number, lat: number, radiusMetres: number) =>
  shape('Point', [lon, lat], { radiusMetres });
const corridor = (line: readonly Point[], corridorMetres: number) =>
  shape(
    'LineString',
    line.map(([lon, lat]) => [within180(lon), lat]),
    { corridorMetres },
  );
const polygon = (...rings: readonly (readonly Point[])[]) =>
  shape(
    'Polygon',
    rings.map((ring) => [...ring, ...ring.slice(0, 1)].map(([lon, lat]) => [within180(lon), lat])),
  );
const square = (west: number, south: number, side: number): readonly Point[] => [
  [west, south],
  [west + side, south],
  [west + side, south + side],
  [west, south + side],
];
const at = (lon: number, lat: number) => ({ lat, lon: within180(lon) });

/** The angle between two unit vectors by their cross product, on geolib's earth: shares no formula with ours. */
function greatCircleMetres([lon1, lat1]: Point, [lon2, lat2]: Point): number {
  const vector = (lon: number, lat: number) => {
    const [l, p] = [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
    return [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)] as const;
  };
  const [a, b] = [vector(lon1, lat1), vector(lon2, lat2)];
  const cross = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return earthRadius * Math.atan2(cross, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
}

/** Looks along a path in ever finer steps round the best spot of each edge. */
function leastMetres(path: readonly Point[], point: Point): number {
  let least = Infinity;
  for (const [index, end] of path.slice(1).entries()) {
    const start = path[index] ?? end;
    const metresAt = (share: number) =>
      greatCircleMetres(
        [start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share],
        point,
      );
    let [low, high] = [0, 1];
    for (let round = 0; round < 12; round++) {
      const shares = Array.from({ length: 21 }, (_, step) => low + ((high - low) * step) / 20);
      const metres = shares.map(metresAt);
      const best = metres.indexOf(Math.min(...metres));
      least = Math.min(least, metres[best] ?? Infinity);
      [low, high] = [shares[Math.max(0, best - 1)] ?? 0, shares[Math.min(20, best + 1)] ?? 1];
    }
  }
  return least;
}

const spread = fc.double({ min: -1, max: 1, noNaN: true });
const anyLon = fc.double({ min: -180, max: 180, noNaN: true });
const line = fc
  .tuple(anyLon, fc.double({ min: -79, max: 79, noNaN: true }))
  .chain(([lon, lat]) =>
    fc
      .array(fc.tuple(spread, spread), { minLength: 2, maxLength: 80 })
      .map((steps) => steps.map(([x, y]): Point => [lon + x * 0.1, lat + y * 0.1])),
  );

describe('the nearest point of the edge', () => {
  it('of a corridor is as far as great circles to its line say, less its width: to 0.01 m and 0.1 %', () => {
    fc.assert(
      fc.property(line, spread, spread, fc.constantFrom(10, 200), (path, x, y, width) => {
        const [first] = path;
        const point: Point = [(first?.[0] ?? 0) + x / 2, (first?.[1] ?? 0) + y / 2];
        const found = nearestOnEdge(corridor(path, width), point[1], within180(point[0]));
        const expected = Math.max(0, leastMetres(path, point) - width);
        expect(Math.abs(found.metres - expected)).toBeLessThan(0.01 + 0.001 * expected);
        expect(contains(corridor(path, width), point[1], within180(point[0]))).toBe(found.metres === 0);
        // The point that is told lies where it is said to.
        const told = greatCircleMetres([found.lon, found.lat], point);
        expect(Math.abs(told - found.metres)).toBeLessThan(0.01 + 0.001 * expected);
      }),
      { numRuns: 200 },
    );
  });

  it('of a polygon may be that of a hole, or over the date line', () => {
    for (const west of [9, 179.5]) {
      const ring = polygon(square(west, 45, 1), square(west + 0.25, 45.25, 0.5));
      const inHole = nearestOnEdge(ring, 45.5, within180(west + 0.3));
      expect(inHole.metres).toBeCloseTo(greatCircleMetres([west + 0.3, 45.5], [west + 0.25, 45.5]), 0);
      expect(inHole.lon).toBeCloseTo(within180(west + 0.25), 6);
      const beside = nearestOnEdge(ring, 45.5, within180(west + 1.1));
      expect(beside.lon).toBeCloseTo(within180(west + 1), 6);
      expect(metresOutside(ring, 45.1, within180(west + 0.5))).toBe(0);
    }
  });

  it('of a circle is exact, everywhere', () => {
    fc.assert(
      fc.property(
        anyLon,
        fc.double({ min: -89.9, max: 89.9, noNaN: true }),
        fc.double({ min: 0, max: 360, noNaN: true }),
        (lon, lat, bearing) => {
          const far = computeDestinationPoint({ lat, lon }, 3_000, bearing, earthRadius);
          const found = nearestOnEdge(circle(lon, lat, 1_000), far.latitude, far.longitude);
          expect(found.metres).toBeCloseTo(2_000, 2);
          expect(greatCircleMetres([found.lon, found.lat], [lon, lat])).toBeCloseTo(1_000, 2);
          expect(greatCircleMetres([found.lon, found.lat], [far.longitude, far.latitude])).toBeCloseTo(
            2_000,
            2,
          );
        },
      ),
    );
  });

  it('holds near both poles', () => {
    for (const side of [1, -1]) {
      const cap = polygon(([-180, -90, 0, 90] as const).map((lon): Point => [lon, side * 89]));
      const expected = greatCircleMetres([45, side * 88.9], [45, side * 89]);
      expect(nearestOnEdge(cap, side * 88.9, 45).metres).toBeCloseTo(expected, 2);
      expect(metresOutside(cap, side * 90, 0)).toBe(0);
      // A meridian over which the pole lies between the point and the line.
      const road = corridor(
        [
          [100, side * 89.5],
          [100, side * 89.9],
        ],
        50,
      );
      const across = greatCircleMetres([-80, side * 89.95], [100, side * 89.9]) - 50;
      expect(nearestOnEdge(road, side * 89.95, -80).metres).toBeCloseTo(across, 2);
      expect(contains(road, side * 89.7, 100)).toBe(true);
      expect(contains(road, side * 89.7, 101)).toBe(false);
    }
  });
});

describe('a straight line between two fixes', () => {
  const hollow = polygon(square(9, 45, 0.03), square(9.01, 45.01, 0.01));

  it('crosses a place when it passes over it, touches it, or ends in it', () => {
    expect(crosses(hollow, at(8.99, 45.005), at(9.04, 45.005))).toBe(true);
    expect(crosses(hollow, at(9.005, 45.005), at(8.9, 45))).toBe(true);
    expect(crosses(hollow, at(8.99, 45.03), at(9.01, 45.03))).toBe(true);
    expect(crosses(hollow, at(8.99, 45.04), at(9.04, 45.04))).toBe(false);
  });

  it('within a hole crosses nothing, and out of the hole it does', () => {
    expect(crosses(hollow, at(9.012, 45.015), at(9.018, 45.015))).toBe(false);
    expect(crosses(hollow, at(9.012, 45.015), at(9.04, 45.015))).toBe(true);
  });

  it('crosses circles and corridors, also over the date line and near a pole', () => {
    for (const lon of [9, 180, -180]) {
      expect(crosses(circle(lon, 10, 100), at(lon - 0.01, 10.0005), at(lon + 0.01, 10.0005))).toBe(true);
      expect(crosses(circle(lon, 10, 100), at(lon - 0.01, 10.002), at(lon + 0.01, 10.002))).toBe(false);
      const road = corridor(
        [
          [lon - 0.001, 10],
          [lon + 0.001, 10.01],
        ],
        20,
      );
      expect(crosses(road, at(lon - 0.02, 10.005), at(lon + 0.02, 10.005))).toBe(true);
      expect(crosses(road, at(lon - 0.02, 10.02), at(lon + 0.02, 10.02))).toBe(false);
      expect(
        crosses(polygon(square(lon - 0.001, 10, 0.002)), at(lon - 0.01, 10.001), at(lon + 0.01, 10.001)),
      ).toBe(true);
    }
    expect(crosses(circle(0, 89.9, 1_000), at(-10, 89.9), at(10, 89.9))).toBe(true);
  });

  it('crosses whatever holds a point on it', () => {
    fc.assert(
      fc.property(line, spread, spread, fc.double({ min: 0, max: 1, noNaN: true }), (path, x, y, share) => {
        const [lon, lat] = path[0] ?? [0, 0];
        const [from, to] = [at(lon, lat), at(lon + x * 0.05, Math.max(-80, Math.min(80, lat + y * 0.05)))];
        const on = [lon + x * 0.05 * share, from.lat + (to.lat - from.lat) * share] as const;
        for (const one of [circle(within180(on[0]), on[1], 50), corridor(path, 50)]) {
          if (contains(one, on[1], within180(on[0]))) expect(crosses(one, from, to)).toBe(true);
        }
      }),
    );
  });
});

describe('two shapes', () => {
  const pairs = (a: Shape, b: Shape, metres: number) => {
    expect(shapesWithin(a, b, metres)).toBe(shapesWithin(b, a, metres));
    return shapesWithin(a, b, metres);
  };

  it('of all kinds are as far apart as their edges', () => {
    for (const lon of [9, 179.995]) {
      const lat = 45;
      const metresADegree = greatCircleMetres([lon, lat], [lon + 0.01, lat]) * 100;
      const shapes: readonly ((lon: number) => readonly [Shape, number])[] = [
        // Each with how far it reaches east and west of its middle.
        (x) => [circle(within180(x), lat, 100), 100],
        (x) => [polygon(square(x - 0.001, lat - 0.001, 0.002)), 0.001 * metresADegree],
        (x) => [
          corridor(
            [
              [x, lat - 0.01],
              [x, lat + 0.01],
            ],
            30,
          ),
          30,
        ],
      ];
      for (const first of shapes) {
        for (const second of shapes) {
          const [a, reachA] = first(lon);
          const [b, reachB] = second(lon + 0.02);
          const apart = 0.02 * metresADegree - reachA - reachB;
          expect(pairs(a, b, apart + 1)).toBe(true);
          expect(pairs(a, b, apart - 1)).toBe(false);
          expect(pairs(a, first(lon)[0], 0)).toBe(true);
        }
      }
    }
  });

  it('overlap where one holds the other, and not where one lies in a hole of the other', () => {
    const outer = polygon(square(9, 45, 0.3), square(9.1, 45.1, 0.1));
    expect(pairs(outer, circle(9.05, 45.05, 50), 0)).toBe(true);
    expect(pairs(outer, circle(9.15, 45.15, 50), 0)).toBe(false);
    expect(pairs(outer, circle(9.15, 45.15, 50), 4_000)).toBe(true);
    expect(pairs(outer, polygon(square(9.14, 45.14, 0.02)), 1_000)).toBe(false);
  });

  it('with many points are compared in good time', () => {
    const ring = (radius: number) =>
      polygon(
        Array.from({ length: 19_999 }, (_, index): Point => {
          const angle = (index / 19_999) * 2 * Math.PI;
          return [9 + radius * Math.cos(angle), 45 + radius * Math.sin(angle)];
        }),
      );
    const started = cpuMs();
    const [inner, outer] = [ring(0.1), ring(0.2)];
    const hollow = shapesWithin(inner, outer, 0);
    expect(hollow).toBe(true);
    const beside = polygon(square(9.3, 45, 0.01));
    expect(shapesWithin(outer, beside, 1_000)).toBe(false);
    expect(shapesWithin(outer, beside, 8_000)).toBe(true);
    expect(cpuMs() - started).toBeLessThan(10_000);
  });
});
