import { describe, expect, it } from 'vitest';
import { editDistance, nearestName } from '../../rules/document/nearest-name.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { BUILT_IN_DEVICE_TYPES, parseDeviceType } from '../../rules/readings/device-type.ts';
import { parseDuration } from '../../rules/time/duration.ts';
import { must } from './scenario.ts';

const feature = (geometry: unknown, properties: unknown = {}) => ({ type: 'Feature', geometry, properties });
const square = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [0, 0],
];

function problemsOf(value: unknown, id = 'place'): string {
  const parsed = parsePlace(id, value);
  return parsed.ok ? '' : parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
}

describe('a place', () => {
  it('is a GeoJSON feature with properties', () => {
    const properties = {
      radiusMetres: 50,
      name: 'Café Zoë',
      tags: ['coffee', 'chain:acme', 'coffee'],
      timezone: 'Europe/Rome',
      openingHours: 'Mo-Fr 08:00-18:00',
      osm: 7,
    };
    expect(
      must(parsePlace('cafe', feature({ type: 'Point', coordinates: [9.19, 45.46, 120] }, properties))),
    ).toEqual({
      id: 'cafe',
      name: 'Café Zoë',
      tags: ['coffee', 'chain:acme'],
      openingHours: 'Mo-Fr 08:00-18:00',
      timezone: 'Europe/Rome',
      geometry: { kind: 'circle', lat: 45.46, lon: 9.19, radiusMetres: 50 },
    });
    expect(must(parsePlace('a', feature({ type: 'Polygon', coordinates: [square] }, null))).name).toBe('a');
  });

  it('with problems tells them all', () => {
    const text = problemsOf(
      feature(
        { type: 'Point', coordinates: [45.46, 190] },
        { radiusmetres: 5, tags: ['a b', 7], timezone: 'Mars' },
      ),
      'a/b',
    );
    for (const path of [
      'id',
      'properties.radiusmetres',
      'properties.tags.0',
      'properties.tags.1',
      'properties.timezone',
      'properties.radiusMetres',
      'geometry.coordinates',
    ]) {
      expect(text).toContain(`${path}: `);
    }
    expect(text).toContain('Did you mean "radiusMetres"?');
  });

  it('has a radius from 10 to 50,000 m', () => {
    for (const radiusMetres of [9.9, 50_001, '50', null, Number.NaN]) {
      expect(problemsOf(feature({ type: 'Point', coordinates: [0, 0] }, { radiusMetres }))).toContain(
        'from 10 to 50000',
      );
    }
  });

  it('has rings that close and coordinates on the globe', () => {
    expect(problemsOf(feature({ type: 'Polygon', coordinates: [square.slice(0, 4)] }))).toContain(
      'must end where it begins',
    );
    expect(
      problemsOf(
        feature({
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 1],
              [0, 0],
            ],
          ],
        }),
      ),
    ).toContain('at least 4 positions');
    expect(
      problemsOf(
        feature({
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 1],
              [2, 2],
              [0, 0],
            ],
          ],
        }),
      ),
    ).toContain('no area');
    expect(
      problemsOf(
        feature({
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 'x'],
              [1, 1],
              [0, 0],
            ],
          ],
        }),
      ),
    ).toContain('geometry.coordinates.0.1');
    expect(problemsOf(feature({ type: 'Point', coordinates: [50, 120] }, { radiusMetres: 50 }))).toContain(
      'look swapped',
    );
    const bowTie = [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ];
    expect(problemsOf(feature({ type: 'Polygon', coordinates: [bowTie] }))).toContain('bow tie');
    expect(problemsOf(feature({ type: 'MultiPolygon', coordinates: [] }))).toContain('list of polygons');
    expect(
      problemsOf(feature({ type: 'Polygon', coordinates: [Array.from({ length: 20_001 }, () => [0, 0])] })),
    ).toContain('at most 20000 points');
  });

  it('may be a corridor with a width, and nothing else', () => {
    const line = [
      [0, 0],
      [1, 1],
    ];
    expect(problemsOf(feature({ type: 'LineString', coordinates: line }))).toContain(
      'properties.corridorMetres: must be a number from 10 to 50000',
    );
    expect(
      problemsOf(feature({ type: 'LineString', coordinates: [[0, 0]] }, { corridorMetres: 20 })),
    ).toContain('at least 2 positions');
    for (const value of [
      null,
      5,
      [],
      {},
      feature(null),
      feature({ type: 'Point' }),
      { type: 'FeatureCollection', features: [] },
    ]) {
      expect(problemsOf(value)).not.toBe('');
    }
  });
});

describe('a device type', () => {
  it('that is built in would be accepted if somebody saved it', () => {
    expect(BUILT_IN_DEVICE_TYPES.map(({ id }) => id)).toEqual([
      'car',
      'fridge',
      'wearable',
      'phone',
      'collar',
      'card',
    ]);
    for (const type of BUILT_IN_DEVICE_TYPES) expect(must(parseDeviceType(type))).toEqual(type);
  });

  it('keeps readings for whole days, or for ever', () => {
    const type = { id: 'x', name: 'X', metrics: {} };
    expect(must(parseDeviceType({ ...type, retentionDays: 30 })).retentionDays).toBe(30);
    expect(must(parseDeviceType(type))).not.toHaveProperty('retentionDays');
    for (const retentionDays of [0, -1, 1.5, 36_501, '30', null])
      expect(parseDeviceType({ ...type, retentionDays }).ok).toBe(false);
  });

  it('with problems tells them all', () => {
    const parsed = parseDeviceType({
      id: 'x',
      name: '',
      mobil: true,
      unknownMetrics: 'kep',
      retentionDays: 0,
      metrics: {
        __proto: { kind: 'number' },
        a: { kind: 'numbr' },
        b: { kind: 'boolean', min: 1 },
        c: { kind: 'number', min: 2, max: 1 },
        d: 5,
      },
    });
    const paths = parsed.ok ? [] : parsed.problems.map(({ path }) => path);
    expect(paths).toEqual([
      'mobil',
      'name',
      'unknownMetrics',
      'retentionDays',
      'metrics.__proto',
      'metrics.a.kind',
      'metrics.b.min',
      'metrics.c.min',
      'metrics.d',
    ]);
  });
});

describe('a duration', () => {
  it('is ISO 8601 without years and months', () => {
    expect(['PT5M', 'P1D', 'P1W', 'PT1H30M', 'PT0.5S', 'P1DT12H'].map(parseDuration)).toEqual([
      300e3, 86_400e3, 604_800e3, 5_400e3, 500, 129_600e3,
    ]);
    for (const text of ['', 'P', 'PT', 'P1DT', '5M', 'P1Y', 'P1M', 'PT-5M', 'pt5m', 'PT5M '])
      expect(parseDuration(text), text).toBeNull();
  });
});

describe('the nearest name', () => {
  it('is a typing error away, or there is none', () => {
    expect(nearestName('feul', ['rpm', 'fuel', 'full'])).toBe('fuel');
    expect(nearestName('FUEL', ['fuel'])).toBe('fuel');
    expect(nearestName('temperature', ['fuel', 'rpm'])).toBeNull();
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });
});
