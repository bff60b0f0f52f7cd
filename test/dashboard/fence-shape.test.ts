import fc from 'fast-check';
import { getDistance } from 'geolib';
import { describe, expect, it } from 'vitest';
import { metresApart } from '../../dashboard/console/places/distance.ts';
import { crossingsOf, placedProblems } from '../../dashboard/console/places/fence-problems.ts';
import {
  appendCorner,
  asKind,
  boundsOfShape,
  cornerOf,
  type FenceShape,
  geometryOf,
  insertCorner,
  isWhole,
  measuresOf,
  moveCorner,
  moveShape,
  removeCorner,
  shapeOf,
} from '../../dashboard/console/places/fence-shape.ts';
import { cornersText, readCorners, readGeoJson } from '../../dashboard/console/places/fence-text.ts';

const FIRST = { polygon: 0, ring: 0, corner: 0 };
const square: FenceShape = {
  kind: 'polygon',
  polygons: [
    [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
      ],
    ],
  ],
};

const lon = fc.integer({ min: -179_000_000, max: 179_000_000 }).map((n) => n / 1e6);
const lat = fc.integer({ min: -89_000_000, max: 89_000_000 }).map((n) => n / 1e6);
const corner = fc.tuple(lon, lat);
const ring = fc.uniqueArray(corner, { minLength: 3, maxLength: 8, selector: String });
const anyShape: fc.Arbitrary<FenceShape> = fc.oneof(
  fc.record({
    kind: fc.constant('circle' as const),
    centre: corner,
    radiusMetres: fc.integer({ min: 10, max: 50_000 }),
  }),
  fc.record({
    kind: fc.constant('corridor' as const),
    corners: ring,
    corridorMetres: fc.integer({ min: 1, max: 500 }),
  }),
  fc.record({
    kind: fc.constant('polygon' as const),
    polygons: fc.array(fc.array(ring, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  }),
);

describe('a shape', () => {
  it('is the same again after it was GeoJSON', () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        expect(shapeOf(geometryOf(shape), measuresOf(shape))).toEqual(shape);
        expect(isWhole(shape)).toBe(true);
        const typed = readGeoJson(
          JSON.stringify({ type: 'Feature', geometry: geometryOf(shape), properties: measuresOf(shape) }),
        );
        expect(typed).toEqual({ ok: true, shape });
      }),
    );
  });

  it('is drawn corner by corner', () => {
    const drawn = [cornerOf(0, 0), cornerOf(2, 0), cornerOf(2, 2)].reduce<FenceShape | null>(
      (shape, next) => appendCorner(shape, 'polygon', next),
      null,
    );
    expect(drawn).toEqual({
      kind: 'polygon',
      polygons: [
        [
          [
            [0, 0],
            [2, 0],
            [2, 2],
          ],
        ],
      ],
    });
    expect(isWhole(appendCorner(null, 'polygon', [0, 0]))).toBe(false);
  });

  it('has its corners moved, inserted and removed', () => {
    expect(geometryOf(moveCorner(square, FIRST, [-1, -1]))).toMatchObject({
      coordinates: [
        [
          [-1, -1],
          [2, 0],
          [2, 2],
          [0, 2],
          [-1, -1],
        ],
      ],
    });
    const more = insertCorner(square, FIRST, [1, -0.5]);
    expect(geometryOf(more)).toMatchObject({
      coordinates: [
        [
          [0, 0],
          [1, -0.5],
          [2, 0],
          [2, 2],
          [0, 2],
          [0, 0],
        ],
      ],
    });
    expect(removeCorner(more, { ...FIRST, corner: 1 })).toEqual(square);
  });

  it('moves as a whole, also over the date line', () => {
    const circle: FenceShape = { kind: 'circle', centre: [179.9, 10], radiusMetres: 100 };
    expect(moveShape(circle, 0.2, 1)).toMatchObject({ centre: [-179.9, 11] });
    expect(boundsOfShape(moveShape(square, 1, 1))).toEqual([1, 1, 3, 3]);
  });

  it('keeps its corners where a polygon becomes a corridor and back', () => {
    const corridor = asKind(square, 'corridor', [0, 0]);
    expect(corridor).toMatchObject({
      kind: 'corridor',
      corners: [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
      ],
    });
    expect(asKind(corridor, 'polygon', [0, 0])).toEqual(square);
    expect(asKind(square, 'circle', [9, 9])).toMatchObject({ centre: [1, 1] });
  });
});

describe('what was typed', () => {
  it('is the corners again that were shown', () => {
    fc.assert(
      fc.property(ring, (corners) => {
        expect(readCorners(cornersText(corners))).toEqual({ ok: true, corners });
      }),
    );
  });

  it.each(['45', '95, 9', '45, 190', 'a, b', '45, 9, 3'])('is refused where it is no corner: %s', (line) => {
    expect(readCorners(`45, 9\n${line}`)).toMatchObject({
      ok: false,
      message: expect.stringContaining('Line 2'),
    });
  });

  it('is refused, and never throws, where it is no GeoJSON of a shape', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readGeoJson(text)).toHaveProperty('ok');
      }),
    );
    for (const geometry of [
      { type: 'Point', coordinates: ['9', 45] },
      { type: 'Polygon', coordinates: [[[0, 0], null]] },
      { type: 'LineString', coordinates: [] },
      { type: 'MultiPoint', coordinates: [[0, 0]] },
      { type: 'Point', coordinates: [0, 95] },
    ])
      expect(readGeoJson(JSON.stringify(geometry))).toMatchObject({ ok: false });
  });
});

describe('problems of a shape', () => {
  it('are found where edges cross, and nowhere else', () => {
    const bowTie: FenceShape = {
      kind: 'polygon',
      polygons: [
        [
          [
            [0, 0],
            [2, 2],
            [2, 0],
            [0, 2],
          ],
        ],
      ],
    };
    expect(crossingsOf(bowTie).map(({ at }) => at)).toEqual([[1, 1]]);
    expect(crossingsOf(square)).toEqual([]);
  });

  it('stand where the gateway says, by the path to the position', () => {
    const problems = [
      { path: 'geometry.coordinates.0.2', message: 'is wrong' },
      { path: 'properties.name', message: 'is elsewhere' },
    ];
    expect(placedProblems(square, problems)).toEqual([{ at: [2, 2], message: 'is wrong' }]);
  });
});

describe('a distance', () => {
  it('is that of the ground (beside geolib, on the ellipsoid: within 0.6 %, rounded to a metre)', () => {
    fc.assert(
      fc.property(corner, corner, (from, to) => {
        const metres = getDistance({ lon: from[0], lat: from[1] }, { lon: to[0], lat: to[1] });
        expect(Math.abs(metresApart(from, to) - metres)).toBeLessThanOrEqual(metres * 0.006 + 1);
      }),
    );
  });
});
