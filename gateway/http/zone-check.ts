import type { Kysely } from 'kysely';
import { type Shape, shapeOf } from '../../rules/geometry/shape.ts';
import type { Place } from '../../rules/places/place.ts';
import { type SensitiveZone, type ZoneSet, zoneSetOf } from '../../rules/places/sensitive-zone.ts';
import { type Problem, WaysideError } from '../errors.ts';
import type { Schema } from '../records/schema.ts';
import { loadZones } from '../records/sensitive-zones.ts';

/** Whether places may be where they are to be. The zones are read when first needed, and again after a change of them. */
export interface ZoneCheck {
  /** What keeps a place out, or null; for many places against the same zones. */
  objection(): Promise<(place: Place) => Problem | null>;
  /** @throws WaysideError `sensitive_zone`, naming the zone */
  refuse(place: Place): Promise<void>;
  zonesChanged(): void;
}

export function createZoneCheck(records: Kysely<Schema>): ZoneCheck {
  let zones: Promise<ZoneSet> | null = null;

  async function read(): Promise<ZoneSet> {
    return zoneSetOf(await loadZones(records));
  }

  async function current(): Promise<ZoneSet> {
    if (zones === null) {
      const reading = read();
      zones = reading;
      // What could not be read is not kept.
      reading.catch(() => {
        if (zones === reading) zones = null;
      });
    }
    return zones;
  }

  const check: ZoneCheck = {
    async objection() {
      const set = await current();
      return ({ geometry }) => {
        const zone = overlapped(set, shapeOf(geometry));
        return zone === null ? null : { path: 'geometry', message: overlaps(zone) };
      };
    },
    async refuse(place) {
      const problem = (await check.objection())(place);
      if (problem !== null)
        throw new WaysideError('sensitive_zone', `the place "${place.id}" ${problem.message}`, {
          problems: [problem],
        });
    },
    zonesChanged() {
      zones = null;
    },
  };
  return check;
}

function overlapped(zones: ZoneSet, shape: Shape): SensitiveZone | null {
  return zones.size === 0 ? null : zones.overlapping(shape);
}

function overlaps({ id, name, marginMetres }: SensitiveZone): string {
  const called = name === id ? `"${id}"` : `"${id}" (${name})`;
  return `overlaps the sensitive zone ${called}, or comes within ${marginMetres} m of it`;
}
