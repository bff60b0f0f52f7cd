import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import fc from 'fast-check';
import { computeDestinationPoint, getDistance } from 'geolib';
import { describe, expect, it } from 'vitest';
import { contains, metresOutside, shapeOf } from '../../rules/geometry/shape.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import { placeSetOf } from '../../rules/places/place-set.ts';
import { must } from './scenario.ts';

function place(type: string, coordinates: unknown, properties: object = {}): Place {
  return must(parsePlace('place', { type: 'Feature', geometry: { type, coordinates }, properties }));
}

const circlePlace = (lat: number, lon: number, radiusMetres: number) =>
  place('Point', [lon, lat], { radiusMetres });
const polygon = (coordinates: unknown) => shapeOf(place('Polygon', coordinates).geometry);

/** Positions in a list of the places that the index finds at a point. */
function indexOf(places: readonly Place[]): { containing(lat: number, lon: number): readonly number[] } {
  const set = placeSetOf(places.map((one, index) => ({ ...one, id: `${index}` })));
  return { containing: (lat, lon) => set.at(lat, lon).map(({ place: { id } }) => Number(id)) };
}

const anyLat = fc.double({ min: -89.99, max: 89.99, noNaN: true });
const anyLon = fc.double({ min: -180, max: 180, noNaN: true });

describe('circles', () => {
  it('hold what geolib finds within the radius, everywhere on the globe, and the index agrees', () => {
    fc.assert(
      fc.property(
        anyLat,
        anyLon,
        fc.double({ min: 10, max: 50_000, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 360, noNaN: true }),
        (lat, lon, radius, share, bearing) => {
          const one = circlePlace(lat, lon, radius);
          const shape = shapeOf(one.geometry);
          const { latitude, longitude } = computeDestinationPoint({ lat, lon }, share * radius, bearing);
          const distance = getDistance({ lat, lon }, { latitude, longitude }, 0.01);
          // geolib's arc cosine is good to some 0.1 m.
          if (Math.abs(distance - radius) < 0.5) return;
          expect(contains(shape, latitude, longitude)).toBe(distance <= radius);
          expect(indexOf([one]).containing(latitude, longitude)).toEqual(distance <= radius ? [0] : []);
          expect(
            Math.abs(metresOutside(shape, latitude, longitude) - Math.max(0, distance - radius)),
          ).toBeLessThan(0.5);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reach over the date line and the poles', () => {
    const fiji = circlePlace(-17, 179.9, 30_000);
    const pole = circlePlace(89.9, 20, 30_000);
    const index = indexOf([fiji, pole]);
    expect(index.containing(-17, -179.95)).toEqual([0]);
    expect(index.containing(-17, 179.95)).toEqual([0]);
    expect(index.containing(-17, 179.5)).toEqual([]);
    expect(index.containing(89.95, -160)).toEqual([1]);
    expect(index.containing(90, 0)).toEqual([1]);
  });
});

/** A star around a middle: corners at growing angles, so that it never crosses itself. */
const star = fc
  .tuple(
    anyLon,
    fc.double({ min: -70, max: 70, noNaN: true }),
    fc.array(fc.double({ min: 0.01, max: 0.2, noNaN: true }), { minLength: 5, maxLength: 40 }),
    fc.boolean(),
  )
  .map(([lon, lat, radii, clockwise]) => {
    const corners = radii.map((radius, index) => {
      const angle = (index / radii.length) * 2 * Math.PI;
      return [lon + radius * Math.cos(angle), lat + radius * Math.sin(angle)] as const;
    });
    const ring = [...corners, ...corners.slice(0, 1)];
    return { lat, lon, ring: clockwise ? ring.reverse() : ring };
  });

const offset = fc.double({ min: -0.3, max: 0.3, noNaN: true });
const within180 = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;
const wrapped = (ring: readonly (readonly [number, number])[]) =>
  ring.map(([lon, lat]) => [within180(lon), lat]);

describe('polygons', () => {
  it('hold what turf finds inside, in either orientation, with a hole, and over the date line', () => {
    fc.assert(
      fc.property(star, offset, offset, ({ lat, lon, ring }, dLat, dLon) => {
        const hole = [0, 1, 2, 3, 0].map((corner) => {
          const angle = (corner / 4) * 2 * Math.PI;
          return [lon + 0.004 * Math.cos(angle), lat + 0.004 * Math.sin(angle)] as const;
        });
        const point = [lon + dLon, lat + dLat] as const;
        // Turf knows no date line, so it is asked in unwrapped degrees.
        const expected = booleanPointInPolygon([...point], {
          type: 'Polygon',
          coordinates: [ring, hole].map((one) => one.map((p) => [...p])),
        });
        const one = place('Polygon', [wrapped(ring), wrapped(hole)]);
        const shape = shapeOf(one.geometry);
        // Wrapping rounds to 1e-13 degrees: nearer than a tenth of a millimetre to the edge either answer is right.
        const isOnEdge = !expected && metresOutside(shape, lat + dLat, within180(point[0])) < 1e-4;
        if (isOnEdge) return;
        expect(contains(shape, lat + dLat, within180(point[0]))).toBe(expected);
        expect(indexOf([one]).containing(lat + dLat, within180(point[0]))).toEqual(expected ? [0] : []);
      }),
      { numRuns: 500 },
    );
  });

  it('tell the distance to their edge as geolib does to the nearest of many points on it', () => {
    fc.assert(
      fc.property(star, offset, offset, ({ lat, lon, ring }, dLat, dLon) => {
        const shape = polygon([wrapped(ring)]);
        const [atLat, atLon] = [lat + dLat, within180(lon + dLon)];
        if (contains(shape, atLat, atLon)) return;
        let least = Infinity;
        for (const [index, [endLon, endLat]] of ring.slice(1).entries()) {
          const [startLon, startLat] = ring[index] ?? [0, 0];
          for (let step = 0; step <= 200; step++) {
            const share = step / 200;
            const on = {
              lat: startLat + (endLat - startLat) * share,
              lon: within180(startLon + (endLon - startLon) * share),
            };
            least = Math.min(least, getDistance({ lat: atLat, lon: atLon }, on, 0.01));
          }
        }
        const found = metresOutside(shape, atLat, atLon);
        // Flat earth at 70° and some 50 km: 1 %; the points on the edge lie up to 220 m apart.
        expect(found).toBeLessThan(least * 1.01 + 1);
        expect(found).toBeGreaterThan(least * 0.98 - 120);
      }),
      { numRuns: 100 },
    );
  });

  it('may hold a pole', () => {
    const arctic = place('Polygon', [
      [
        [-180, 80],
        [-90, 80],
        [0, 80],
        [90, 80],
        [180, 80],
        [-180, 80],
      ],
    ]);
    const antarctic = place('Polygon', [
      [
        [-180, -90],
        [-180, -84],
        [-60, -80],
        [60, -80],
        [180, -84],
        [180, -90],
        [-180, -90],
      ],
    ]);
    const index = indexOf([arctic, antarctic]);
    expect(index.containing(85, 33)).toEqual([0]);
    expect(index.containing(89.99, -179)).toEqual([0]);
    expect(index.containing(79, 33)).toEqual([]);
    expect(index.containing(-88, 179.5)).toEqual([1]);
    expect(index.containing(-79, 0)).toEqual([]);
  });

  it('in parts are one place, also where the parts overlap', () => {
    const square = (west: number) => [
      [
        [west, 0],
        [west + 1, 0],
        [west + 1, 1],
        [west, 1],
        [west, 0],
      ],
    ];
    const parts = place('MultiPolygon', [square(0), square(0.5), square(5)]);
    const index = indexOf([parts, circlePlace(0.5, 0.7, 1000)]);
    expect(index.containing(0.5, 0.7)).toEqual([0, 1]);
    expect(index.containing(0.5, 5.5)).toEqual([0]);
    expect(index.containing(0.5, 3)).toEqual([]);
  });

  it('count their area, without holes, for the radius of a circle of the same area', () => {
    const square = [
      [0, 0],
      [0.01, 0],
      [0.01, 0.01],
      [0, 0.01],
      [0, 0],
    ];
    const hole = [
      [0.0025, 0.0025],
      [0.0075, 0.0025],
      [0.0075, 0.0075],
      [0.0025, 0.0075],
      [0.0025, 0.0025],
    ];
    const side = 0.01 * ((6_378_137 * Math.PI) / 180);
    expect(polygon([square]).radiusMetres / Math.sqrt(side ** 2 / Math.PI)).toBeCloseTo(1, 4);
    expect(polygon([square, hole]).radiusMetres / Math.sqrt((0.75 * side ** 2) / Math.PI)).toBeCloseTo(1, 4);
  });
});
