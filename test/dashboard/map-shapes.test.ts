import fc from 'fast-check';
import type { FeatureCollection } from 'geojson';
import { getDistance } from 'geolib';
import { describe, expect, it } from 'vitest';
import { circlePolygon } from '../../dashboard/look/map/circle-polygon.ts';
import { boundsOf, placeShapes } from '../../dashboard/look/map/place-shapes.ts';

/** The circle is drawn on a sphere, geolib measures on the ellipsoid: they differ by up to 0.6 %, and geolib rounds to a metre. */
const SPHERE_TOLERANCE = 0.006;

describe('a circle on the map', () => {
  it('has its real radius at every corner, at any latitude (beside geolib)', () => {
    const anywhere = fc.record({
      lat: fc.double({ min: -80, max: 80, noNaN: true }),
      lon: fc.double({ min: -179, max: 179, noNaN: true }),
      radius: fc.integer({ min: 10, max: 50_000 }),
    });
    fc.assert(
      fc.property(anywhere, ({ lat, lon, radius }) => {
        for (const [cornerLon = Number.NaN, cornerLat = Number.NaN] of circlePolygon(lat, lon, radius)
          .coordinates[0] ?? []) {
          const metres = getDistance({ lat, lon }, { lat: cornerLat, lon: cornerLon });
          expect(Math.abs(metres - radius)).toBeLessThanOrEqual(radius * SPHERE_TOLERANCE + 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is one closed ring that runs counterclockwise', () => {
    const ring = circlePolygon(45, 9, 500).coordinates[0] ?? [];
    expect(ring.at(-1)).toEqual(ring[0]);
    let doubledArea = 0;
    for (const [index, [x = 0, y = 0]] of ring.entries()) {
      const [nextX = 0, nextY = 0] = ring[(index + 1) % ring.length] ?? [];
      doubledArea += x * nextY - nextX * y;
    }
    expect(doubledArea).toBeGreaterThan(0);
  });

  it('stays in one piece over the date line', () => {
    const lons = (circlePolygon(0, 179.999, 5_000).coordinates[0] ?? []).map(([lon = Number.NaN]) => lon);
    expect(Math.max(...lons) - Math.min(...lons)).toBeLessThan(0.1);
    expect(Math.max(...lons)).toBeGreaterThan(180);
  });
});

describe('places on the map', () => {
  const square = [
    [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
      [0, 0],
    ],
  ];
  const places: FeatureCollection = {
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        id: 'cafe',
        geometry: { type: 'Point', coordinates: [9, 45] },
        properties: { name: 'Cafe', radiusMetres: 100 },
      },
      {
        type: 'Feature',
        id: 'nameless',
        geometry: { type: 'Polygon', coordinates: square },
        properties: null,
      },
      {
        type: 'Feature',
        id: 'road',
        geometry: {
          type: 'LineString',
          coordinates: [
            [0, 0],
            [1, 1],
          ],
        },
        properties: { name: 'Road', corridorMetres: 25 },
      },
      {
        type: 'Feature',
        id: 'broken',
        geometry: { type: 'Point', coordinates: [9, 45] },
        properties: { name: 'No radius' },
      },
    ],
  };

  it('become shapes with a name and a place for it; what cannot be drawn is left out', () => {
    const shapes = placeShapes(places);
    expect(shapes.map(({ id, name, corridorMetres, anchor }) => [id, name, corridorMetres, anchor])).toEqual([
      ['cafe', 'Cafe', null, [9, 45]],
      ['nameless', 'nameless', null, [1, 1]],
      ['road', 'Road', 25, [0.5, 0.5]],
    ]);
    expect(shapes[0]?.geometry.type).toBe('Polygon');
  });

  it('have bounds, of every kind of geometry', () => {
    const geometries = [
      { type: 'Point', coordinates: [5, -1] },
      { type: 'MultiPolygon', coordinates: [square] },
      {
        type: 'GeometryCollection',
        geometries: [
          {
            type: 'MultiLineString',
            coordinates: [
              [
                [-3, 0],
                [0, 7],
              ],
            ],
          },
        ],
      },
    ] as const;
    expect(boundsOf(structuredClone(geometries) as never)).toEqual([-3, -1, 5, 7]);
    expect(boundsOf([])).toBeNull();
  });
});
