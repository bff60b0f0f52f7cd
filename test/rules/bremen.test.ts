import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';

const DATA = new URL('../../../shared/data/', import.meta.url);
const TRACK = 'bremen-track-5e61052477e02d42aa97fe9e.geojson';
const hasData = existsSync(new URL(`envirocar/${TRACK}`, DATA));
const skipped = hasData ? '' : ' (skipped: ../shared/data is absent)';

interface Crossing {
  readonly time: string;
  readonly event: 'enter' | 'leave';
  readonly polygon: string;
  readonly boundary_distance_m_approx: number;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(new URL(path, DATA), 'utf8'));
}

/** One step a fix, as the track was recorded; every visit that opened or closed, in order. */
function crossingsOf(places: readonly Place[]): string[] {
  const rulebook = compileRulebook(
    { places, rules: [], deviceTypes: BUILT_IN_DEVICE_TYPES },
    { exitMargin: 'none' },
  );
  const nameOf = new Map(places.map((place) => [place.id, place.name]));
  let memory: Memory = emptyMemory;
  const crossings: string[] = [];
  for (const [index, feature] of readJson(`envirocar/${TRACK}`).features.entries()) {
    const [lon, lat] = feature.geometry.coordinates;
    const at = Date.parse(feature.properties.time);
    const reading = { at, position: { lat, lon } };
    const device = { id: 'car', type: 'car' };
    const step = decide(
      rulebook,
      memory,
      { kind: 'reading', device, consumer: null, reading, readingId: `${index}` },
      at,
    );
    memory = step.memory;
    for (const visit of step.visits) {
      const moment = new Date(visit.exitedAt ?? visit.enteredAt).toISOString().replace('.000', '');
      crossings.push(
        `${moment} ${visit.exitedAt === undefined ? 'enter' : 'leave'} ${nameOf.get(visit.place)}`,
      );
    }
  }
  return crossings;
}

describe.skipIf(!hasData)(`the recorded Bremen journey${skipped}`, () => {
  it('enters and leaves the neighbourhoods at the fixes that Shapely found', () => {
    const places = readJson('neighbourhoods/bremen.geojson').features.map(
      (feature: unknown, index: number) => {
        const place = parsePlace(`bremen-${index}`, feature);
        if (!place.ok) throw new Error(JSON.stringify(place.problems));
        return place.value;
      },
    );
    const events: Crossing[] = readJson('expected-crossings-bremen-share.json').tracks[TRACK].events;
    expect(events).toHaveLength(31);
    const text = (event: Crossing) => `${event.time} ${event.event} ${event.polygon}`;
    // Within 1 m of a border, rounding decides.
    const onBorder = new Set(events.filter((event) => event.boundary_distance_m_approx <= 1).map(text));
    const clear = (list: readonly string[]) => list.filter((event) => !onBorder.has(event));
    expect(clear(crossingsOf(places))).toEqual(clear(events.map(text)));
    expect(onBorder.size).toBeLessThan(events.length / 4);
  });
});
