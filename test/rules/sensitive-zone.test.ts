import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../rules/geometry/shape.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { parseSensitiveZone, type SensitiveZone, zoneSetOf } from '../../rules/places/sensitive-zone.ts';
import { must } from './scenario.ts';

const feature = (type: string, coordinates: unknown, properties: object = {}) => ({
  type: 'Feature',
  geometry: { type, coordinates },
  properties,
});
const zone = (id: string, type: string, coordinates: unknown, properties: object = {}): SensitiveZone =>
  must(parseSensitiveZone(id, feature(type, coordinates, properties)));
const problems = (value: unknown) => {
  const parsed = parseSensitiveZone('zone', value);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};
const placeShape = (type: string, coordinates: unknown, properties: object = {}) =>
  shapeOf(must(parsePlace('place', feature(type, coordinates, properties))).geometry);

/** Degrees of latitude. */
const METRE = 1 / 111_319.49;
const square = (west: number, south: number, side: number) => [
  [
    [west, south],
    [west + side, south],
    [west + side, south + side],
    [west, south + side],
    [west, south],
  ],
];

describe('a sensitive zone', () => {
  it('has 610 m round it and no category where it says nothing else', () => {
    expect(zone('clinic', 'Point', [9.19, 45.46])).toEqual({
      id: 'clinic',
      name: 'clinic',
      category: 'other',
      geometry: { kind: 'circle', lat: 45.46, lon: 9.19, radiusMetres: 0 },
      marginMetres: 610,
    });
    const school = zone('s', 'Polygon', square(9, 45, 0.01), {
      name: 'Scuola',
      category: 'school',
      marginMetres: 0,
      operator: 'somebody',
    });
    expect([school.name, school.category, school.marginMetres]).toEqual(['Scuola', 'school', 0]);
  });

  it('is told all that is wrong with it', () => {
    const found = problems(
      feature('Point', [9, 45], { category: 'schol', marginMetres: -1, radiusMetres: 60_000 }),
    );
    expect(found).toHaveLength(3);
    expect(found[0]).toContain('Did you mean "school"?');
    expect(problems(5)).toEqual([': must be an object, found 5']);
    expect(problems(feature('Polygon', [[]]))[0]).toContain('geometry.coordinates.0');
  });

  it('holds what lies at most its margin beyond its edge', () => {
    const zones = zoneSetOf([
      zone('clinic', 'Polygon', square(9, 45, 0.01), { marginMetres: 610 }),
      zone('chapel', 'Point', [-0.5, 10], { radiusMetres: 50, marginMetres: 100 }),
      zone('fiji', 'Point', [179.999, -17]),
      zone(
        'path',
        'LineString',
        [
          [20, 50],
          [20, 50.01],
        ],
        { corridorMetres: 20, marginMetres: 0 },
      ),
    ]);
    expect(zones.size).toBe(4);
    for (const [metres, isHeld] of [
      [-300, true],
      [609, true],
      [611, false],
    ] as const) {
      expect(zones.holds(45.01 + metres * METRE, 9.005)).toBe(isHeld);
      expect(zones.holds(45 - metres * METRE, 9.005)).toBe(isHeld);
    }
    expect([zones.holds(10 + 149 * METRE, -0.5), zones.holds(10 + 151 * METRE, -0.5)]).toEqual([true, false]);
    expect([zones.holds(-17, -179.997), zones.holds(-17, -179.99)]).toEqual([true, false]);
    expect([zones.holds(50.01 + 19 * METRE, 20), zones.holds(50.01 + 21 * METRE, 20)]).toEqual([true, false]);
    expect(zoneSetOf([]).holds(45, 9)).toBe(false);
  });

  it('is overlapped by a place that comes nearer than its margin', () => {
    const zones = zoneSetOf([
      zone('b', 'Polygon', square(9, 45, 0.01), { marginMetres: 610 }),
      zone('a', 'Point', [9.005, 45.005], { marginMetres: 0 }),
    ]);
    const edge = 45.01 + 610 * METRE;
    expect(
      zones.overlapping(placeShape('Point', [9.005, edge + 99 * METRE], { radiusMetres: 100 }))?.id,
    ).toBe('b');
    expect(
      zones.overlapping(placeShape('Point', [9.005, edge + 101 * METRE], { radiusMetres: 100 })),
    ).toBeNull();
    expect(zones.overlapping(placeShape('Polygon', square(8.9, 44.9, 0.3)))?.id).toBe('a');
    expect(zoneSetOf([]).overlapping(placeShape('Point', [9, 45], { radiusMetres: 100 }))).toBeNull();
  });
});
