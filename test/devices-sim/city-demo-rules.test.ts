import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createCity } from '../../devices-sim/city/model/city.ts';
import { poiFeature } from '../../devices-sim/city/model/city-geojson.ts';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';

const FOLDER = new URL('../../devices-sim/demo/rules/', import.meta.url);
const city = createCity(createRandom(1).fork('city'));
const tags = [...new Set(city.pois.map((poi) => poi.kind as string))];

describe("the demo's samples", () => {
  it('has places that the gateway takes', () => {
    for (const poi of city.pois) expect(parsePlace(poi.id, poiFeature(poi))).toMatchObject({ ok: true });
  });

  const files = readdirSync(FOLDER);
  it('has rules of every kind of trigger that a city brings about', () => {
    expect(files.length).toBeGreaterThanOrEqual(5);
  });

  it.each(files)('%s is a valid rule for the tags of the city, named as its file', (file) => {
    const document: unknown = parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    const parsed = parseRule(document, {
      deviceTypes: BUILT_IN_DEVICE_TYPES,
      tags,
      placeIds: city.pois.map((poi) => poi.id),
    });
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    if (parsed.ok) expect(`${parsed.value.id}.yaml`).toBe(file);
  });
});
