import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crosses } from '../../rules/geometry/crossing.ts';
import { contains, nearestOnEdge } from '../../rules/geometry/shape.ts';
import type { Place } from '../../rules/places/place.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { type CompiledPlace, type PlaceSet, placeSetOf } from '../../rules/places/place-set.ts';
import { must } from './scenario.ts';

const within180 = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;

function place(id: string, type: string, coordinates: unknown, properties: object = {}): Place {
  return must(parsePlace(id, { type: 'Feature', geometry: { type, coordinates }, properties }));
}

/** Where places and points crowd: a city, the date line, both poles. */
const crowd = fc.constantFrom(
  { lat: 45.46, lon: 9.19 },
  { lat: -17.5, lon: 180 },
  { lat: 89.99, lon: 20 },
  { lat: -89.99, lon: -100 },
);
const spread = fc.double({ min: -1, max: 1, noNaN: true });
const point = fc
  .tuple(crowd, spread, spread, fc.constantFrom(0.002, 0.05, 0.5))
  .map(([at, up, right, far]) => ({
    lat: Math.max(-90, Math.min(90, at.lat + up * far)),
    lon: within180(at.lon + right * far),
  }));
const id = fc.integer({ min: 0, max: 40 }).map((number) => `place-${number}`);

const circle = fc
  .tuple(id, point, fc.constantFrom(10, 300, 5_000, 50_000))
  .map(([name, { lat, lon }, radiusMetres]) => place(name, 'Point', [lon, lat], { radiusMetres }));
const box = fc.tuple(id, point, fc.constantFrom(0.001, 0.1, 3)).map(([name, { lat: any, lon }, side]) => {
  // At the pole itself a small one encloses less than the square metre that a place must have.
  const lat = side < 0.1 ? Math.max(-89.9, Math.min(89.9, any)) : any;
  const [south, north] = lat > 80 ? [lat - side, lat] : [lat, lat + side];
  const ring = [
    [lon, south],
    [within180(lon + side), south],
    [within180(lon + side), north],
    [lon, north],
    [lon, south],
  ];
  // A second part that overlaps the first.
  return place(name, 'MultiPolygon', [[ring], [ring]]);
});
const corridor = fc
  .tuple(id, fc.array(spread, { minLength: 2, maxLength: 80 }), point, fc.constantFrom(20, 2_000))
  .map(([name, steps, { lat, lon }, corridorMetres]) =>
    place(
      name,
      'LineString',
      steps.map((step, index) => [
        within180(lon + index * 0.003),
        Math.max(-90, Math.min(90, lat + step * 0.002)),
      ]),
      { corridorMetres },
    ),
  );
const anyPlace = fc.oneof(circle, box, corridor);
const edit = fc.record({
  put: fc.array(anyPlace, { maxLength: 30 }),
  remove: fc.array(id, { maxLength: 10 }),
});

const ids = (found: readonly CompiledPlace[]) => found.map(({ place: { id } }) => id);
const sorted = (found: readonly CompiledPlace[]) => ids(found).sort((a, b) => (a < b ? -1 : 1));

function expectSame(set: PlaceSet, places: ReadonlyMap<string, Place>, at: { lat: number; lon: number }) {
  const all = [...places.keys()].map((id) => set.get(id)).filter((one) => one !== undefined);
  expect(all.map((one) => one.place)).toEqual([...places.values()]);
  expect(set.size).toBe(places.size);
  expect(ids(set.at(at.lat, at.lon))).toEqual(
    sorted(all.filter(({ shape }) => contains(shape, at.lat, at.lon))),
  );
  for (const metres of [100, 20_000]) {
    const near = all.filter(({ shape }) => {
      const edge = nearestOnEdge(shape, at.lat, at.lon);
      return edge.metres > 0 && edge.metres <= metres;
    });
    expect(ids(set.within(at.lat, at.lon, metres).map(({ compiled }) => compiled))).toEqual(sorted(near));
  }
  const to = { lat: Math.max(-90, at.lat - 0.02), lon: within180(at.lon + 0.03) };
  expect(ids(set.crossedBy(at, to))).toEqual(sorted(all.filter(({ shape }) => crosses(shape, at, to))));
}

describe('a set of places', () => {
  it('finds by index what a linear scan finds, whatever edits led to it', () => {
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.array(point, { minLength: 5, maxLength: 20 }),
        (edits, points) => {
          let set = placeSetOf([]);
          const places = new Map<string, Place>();
          for (const change of edits) {
            const before = set;
            const sizeBefore = set.size;
            set = set.with(change);
            expect(before.size).toBe(sizeBefore);
            for (const one of change.put) places.set(one.id, one);
            for (const gone of change.remove) places.delete(gone);
          }
          for (const at of points) expectSame(set, places, at);
          const afresh = placeSetOf([...places.values()]);
          for (const at of points) {
            expect(ids(set.at(at.lat, at.lon))).toEqual(ids(afresh.at(at.lat, at.lon)));
          }
          expect([...set.all()].length).toBe(places.size);
        },
      ),
      { numRuns: 150 },
    );
  });
});
