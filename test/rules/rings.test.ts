import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, shapeOf } from '../../rules/geometry/shape.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { cpuMs } from '../support/cpu-time.ts';
import { must } from './scenario.ts';

type Point = readonly [number, number];
const NEIGHBOURHOODS = new URL('../../../shared/data/neighbourhoods/', import.meta.url);
const hasData = existsSync(NEIGHBOURHOODS);

const parse = (coordinates: unknown, type = 'Polygon') =>
  parsePlace('place', { type: 'Feature', properties: {}, geometry: { type, coordinates } });
const closed = (points: readonly Point[]) => [...points, ...points.slice(0, 1)];
const problems = (coordinates: unknown, type?: string): readonly string[] => {
  const parsed = parse(coordinates, type);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};
const shape = (coordinates: unknown, type?: string) => shapeOf(must(parse(coordinates, type)).geometry);
const square = (west: number, south: number, side: number) =>
  closed([
    [west, south],
    [west + side, south],
    [west + side, south + side],
    [west, south + side],
  ]);

describe('a ring', () => {
  it('that crosses itself is refused, with the edges and the spot', () => {
    const bowTie = closed([
      [8.8, 53.06],
      [8.82, 53.08],
      [8.82, 53.06],
      [8.8, 53.08],
    ]);
    const message = 'edges 0 and 2 cross at 8.81, 53.07, as in a bow tie';
    expect(problems([bowTie])).toEqual([`geometry.coordinates.0: ${message}`]);
    expect(problems([[square(0, 0, 1)], [bowTie]], 'MultiPolygon')).toEqual([
      `geometry.coordinates.1.0: ${message}`,
    ]);
    // Edges are counted as in the document, also behind a point that repeats the one before.
    expect(problems([[...bowTie.slice(0, 1), ...bowTie]])).toEqual([
      'geometry.coordinates.0: edges 1 and 3 cross at 8.81, 53.07, as in a bow tie',
    ]);
  });

  it('that crosses itself at a corner is refused too', () => {
    const atCorner = closed([
      [0, 0],
      [1, 1],
      [2, 2],
      [2, 0],
      [1, 1],
      [0, 2],
    ]);
    expect(problems([atCorner])[0]).toContain('cross at 1, 1');
    const atCornerOnEdge = closed([
      [0, 0],
      [4, 0],
      [4, 2],
      [2, 0],
      [1, -2],
    ]);
    expect(problems([atCornerOnEdge])[0]).toContain('cross at 2, 0');
  });

  it('that runs over itself the same way is refused', () => {
    const one = square(0, 0, 1);
    expect(problems([[...one.slice(0, 4), ...one]])[0]).toContain('run over each other');
  });

  it('may touch itself, or go to a hole and back: what it encloses is plain', () => {
    const touching = closed([
      [0, 0],
      [2, 0],
      [2, 2],
      [1, 0],
      [0, 2],
    ]);
    const found = shape([touching]);
    expect([contains(found, 0.5, 0.2), contains(found, 0.5, 1.8), contains(found, 1.5, 1)]).toEqual([
      true,
      true,
      false,
    ]);
    const keyhole = shape([
      closed([
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
        [0, 1],
        [1, 1],
        [1, 3],
        [3, 3],
        [3, 1],
        [1, 1],
        [0, 1],
      ]),
    ]);
    expect([contains(keyhole, 2, 2), contains(keyhole, 0.5, 2), contains(keyhole, 2, 3.5)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is rid of repeated points and of spikes, wherever it begins', () => {
    const corners: readonly Point[] = [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
    ];
    const spiked: readonly Point[] = [
      [0, 0],
      [2, 0],
      [2, 0],
      [2, 2],
      [2, 5],
      [2, 2],
      [0, 2],
    ];
    for (let start = 0; start < spiked.length; start++) {
      const turned = [...spiked.slice(start), ...spiked.slice(0, start)];
      for (const ring of [closed(turned), closed(turned).reverse()]) {
        const { geometry } = must(parse([ring]));
        const points = geometry.kind === 'polygons' ? (geometry.polygons[0]?.[0] ?? []) : [];
        expect(points.length).toBe(10);
        for (const [lon, lat] of corners) expect(contains(shapeOf(geometry), lat, lon)).toBe(true);
        expect(contains(shapeOf(geometry), 4, 2)).toBe(false);
      }
    }
    expect(
      problems([
        closed([
          [0, 0],
          [1, 1],
          [2, 2],
        ]),
      ])[0],
    ).toContain('encloses no area');
  });

  it('may be a star, of either orientation, turned to begin anywhere; with two corners swapped it mostly crosses itself', () => {
    let crossed = 0;
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 0.2, noNaN: true }), { minLength: 5, maxLength: 60 }),
        fc.nat(),
        (radii, start) => {
          const corners = radii.map((radius, index): Point => {
            const angle = (((index + start) % radii.length) / radii.length) * 2 * Math.PI;
            return [10 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)];
          });
          expect(problems([closed(corners)])).toEqual([]);
          expect(problems([closed(corners).reverse()])).toEqual([]);
          const [first, second, third, ...others] = corners;
          if (!first || !second || !third) return;
          const swapped = closed([first, third, second, ...others]);
          const found = problems([swapped]);
          if (found.length > 0) crossed += 1;
          expect(found.length > 0).toBe(crossesItself(swapped));
        },
      ),
      { numRuns: 200, seed: 5 },
    );
    expect(crossed).toBeGreaterThan(50);
  });

  it('of 20,000 points is looked through in good time, also where all edges lie across all others', () => {
    const circle = Array.from({ length: 19_998 }, (_, index): Point => {
      const angle = (index / 19_998) * 2 * Math.PI;
      return [Math.cos(angle), 50 + Math.sin(angle)];
    });
    const started = cpuMs();
    expect(problems([closed(circle)])).toEqual([]);
    // Teeth of a comb, all long and slanted, so that every box lies over every other.
    const comb = Array.from({ length: 19_000 }, (_, index): Point => {
      const [lon, lat] = index % 2 === 0 ? [0, 0] : [1, 1];
      return [lon + index * 1e-4, lat];
    });
    expect(problems([closed([...comb, [6, -1]])])[0]).toContain('too many places');
    expect(cpuMs() - started).toBeLessThan(8_000);
  });

  it('of 19,000 points that makes long teeth is compiled in good time', () => {
    const teeth = Array.from({ length: 19_000 }, (_, index): Point => {
      return [10 + index * 5e-7, index % 2 === 0 ? 50.1 : 50.001];
    });
    const started = cpuMs();
    const comb = shape([closed([[10, 50], ...teeth, [10 + 19_000 * 5e-7, 50]])]);
    expect(contains(comb, 50.0005, 10.005)).toBe(true);
    expect(contains(comb, 50.09, 10.005)).toBe(true);
    expect(contains(comb, 50.09, 10.0050005)).toBe(false);
    expect(cpuMs() - started).toBeLessThan(4_000);
  });

  it.skipIf(!hasData)(
    `of every real neighbourhood is taken${hasData ? '' : ' (skipped: ../shared/data is absent)'}`,
    () => {
      let taken = 0;
      for (const city of ['bremen', 'denver', 'orlando', 'silicon-valley']) {
        const { features } = JSON.parse(readFileSync(new URL(`${city}.geojson`, NEIGHBOURHOODS), 'utf8'));
        for (const feature of features) {
          must(parsePlace('place', feature));
          taken += 1;
        }
      }
      expect(taken).toBe(323);
    },
  );
});

/** Every pair of edges that are no neighbours, by plain arithmetic; for rings in which no corner lies on an edge. */
function crossesItself(ring: readonly Point[]): boolean {
  const side = ([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point) =>
    Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const edges = ring.slice(1).map((end, index) => [ring[index] ?? end, end] as const);
  return edges.some(([a, b], i) =>
    edges.some(
      ([c, d], j) =>
        j > i + 1 &&
        !(i === 0 && j === edges.length - 1) &&
        side(a, b, c) !== side(a, b, d) &&
        side(c, d, a) !== side(c, d, b),
    ),
  );
}

describe('a line', () => {
  it('that goes round the globe more than once is refused', () => {
    const lons = [0, 170, -20, 150, -40];
    const feature = {
      type: 'Feature',
      properties: { corridorMetres: 100 },
      geometry: { type: 'LineString', coordinates: lons.map((lon) => [lon, 10]) },
    };
    const parsed = parsePlace('place', feature);
    expect(parsed.ok ? [] : parsed.problems.map(({ message }) => message)).toEqual([
      'must not go round the globe more than once',
    ]);
  });
});

describe('holes', () => {
  const outer = square(0, 0, 10);

  it('must lie inside the outer ring, and may touch it', () => {
    expect(problems([outer, square(8, 8, 4)])).toEqual([
      'geometry.coordinates.1: crosses the outer ring at 10, 8',
    ]);
    expect(problems([outer, square(20, 20, 1)])).toEqual([
      'geometry.coordinates.1: lies outside the outer ring at 20, 20',
    ]);
    expect(problems([outer, square(0, 2, 3)])).toEqual([]);
    expect(contains(shape([outer, square(0, 2, 3)]), 3, 1)).toBe(false);
  });

  it('may touch each other and lie in each other, and may not cross each other', () => {
    const touching = shape([outer, square(1, 1, 2), square(3, 1, 2)]);
    expect([contains(touching, 2, 2), contains(touching, 2, 4), contains(touching, 2, 6)]).toEqual([
      false,
      false,
      true,
    ]);
    for (const holes of [
      [square(1, 1, 4), square(2, 2, 1)],
      [square(2, 2, 1), square(1, 1, 4)],
      [square(1, 1, 4), square(1, 1, 4)],
    ]) {
      expect(contains(shape([outer, ...holes]), 2.5, 2.5)).toBe(false);
    }
    expect(problems([outer, square(1, 1, 2), square(2, 2, 2)])[0]).toContain(
      'geometry.coordinates.2: crosses hole 1 at',
    );
    // Side by side along shared lines, so that no edge properly crosses another.
    expect(problems([outer, square(1, 1, 2), square(2, 1, 2)])[0]).toContain('crosses hole 1');
  });

  it('in thousands are looked through in good time, wherever they lie', () => {
    const outer = square(0, 0, 10);
    const started = cpuMs();
    const nested = Array.from({ length: 3_900 }, (_, index) => {
      const side = 4 * (1 - index / 3_901);
      return square(5 - side / 2, 5 - side / 2, side);
    });
    for (const holes of [nested, nested.toReversed()]) {
      const place = shape([outer, ...holes]);
      expect([contains(place, 5, 5), contains(place, 5, 3.5), contains(place, 5, 2)]).toEqual([
        false,
        false,
        true,
      ]);
    }
    const slits = Array.from({ length: 3_900 }, (_, index): readonly Point[] => {
      const west = 1 + index * 1e-4;
      return closed([
        [west, 1],
        [west + 5, 6],
        [west + 5, 6.00005],
        [west, 1.00005],
      ]);
    });
    expect(problems([outer, ...slits])[0]).toContain('too many other holes');
    const round = Array.from({ length: 9_900 }, (_, index): Point => {
      const angle = (index / 9_900) * 2 * Math.PI;
      return [5 + 5 * Math.cos(angle), 5 + 5 * Math.sin(angle)];
    });
    const small = Array.from({ length: 1_900 }, (_, index) =>
      square(3 + (index % 100) * 0.03, 3 + Math.floor(index / 100) * 0.03, 0.01),
    );
    expect(problems([closed(round), ...small])).toEqual([]);
    expect(cpuMs() - started).toBeLessThan(8_000);
  });

  it('of which one lies in another that has the same box', () => {
    const diamond = closed([
      [2, 1],
      [3, 2],
      [2, 3],
      [1, 2],
    ]);
    for (const holes of [
      [diamond, square(1, 1, 2)],
      [square(1, 1, 2), diamond],
    ]) {
      const place = shape([square(0, 0, 4), ...holes]);
      expect([contains(place, 2, 2), contains(place, 1.1, 1.1), contains(place, 0.5, 0.5)]).toEqual([
        false,
        false,
        true,
      ]);
    }
  });
});

describe('a place that was saved by an older version', () => {
  it('is read as it was, though its ring crosses itself', () => {
    const bowTie = closed([
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 0.5],
    ]);
    const feature = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [bowTie] } };
    expect(parsePlace('place', feature).ok).toBe(false);
    expect(parsePlace('place', feature, { isSaved: true }).ok).toBe(true);
  });
});
