import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Box, growBox } from '../../rules/geometry/path.ts';
import { partBoxesOf, shapeOf } from '../../rules/geometry/shape.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { type SensitiveZone, zoneSetOf } from '../../rules/places/sensitive-zone.ts';
import type { Schema } from './schema.ts';

/** Places that lie in sensitive zones or too near to them. */
export interface SilencedPlaces {
  readonly count: number;
  /** Ids of the first of them, in order. */
  readonly places: readonly string[];
}

const MOST_TOLD = 1_000;
const PLACES_A_PART = 200;

/** The places that fall silent where these zones are in force, wholly or in part. */
export async function silencedBy(
  db: Kysely<Schema>,
  zones: readonly SensitiveZone[],
): Promise<SilencedPlaces> {
  const set = zoneSetOf(zones);
  const around = boxAround(zones);
  const places: string[] = [];
  let count = 0;
  let after = '';
  while (around !== null) {
    const rows = await candidates(db, around, after);
    const last = rows.at(-1);
    if (last === undefined) break;
    for (const { id, feature_json } of rows) {
      const parsed = parsePlace(id, JSON.parse(feature_json), { isSaved: true });
      if (!parsed.ok || set.overlapping(shapeOf(parsed.value.geometry)) === null) continue;
      count += 1;
      if (places.length < MOST_TOLD) places.push(id);
    }
    after = last.id;
    await nextTurn();
  }
  return { count, places };
}

/** A box around all of the zones, margins included; as wide as the earth where it would pass the date line. Null for none. */
function boxAround(zones: readonly SensitiveZone[]): Box | null {
  const boxes = zones.flatMap(({ geometry, marginMetres }) =>
    partBoxesOf(shapeOf(geometry)).map((box) => growBox(box, marginMetres)),
  );
  if (boxes.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    west = Math.min(west, box.west);
    south = Math.min(south, box.south);
    east = Math.max(east, box.east);
    north = Math.max(north, box.north);
  }
  const passes = west < -180 || east > 180;
  return passes ? { west: -180, south, east: 180, north } : { west, south, east, north };
}

/** Places whose own boxes meet it. These may run on over the date line, so that they are looked for on the next turns too. */
async function candidates(db: Kysely<Schema>, { west, south, east, north }: Box, after: string) {
  return db
    .selectFrom('place_bounds')
    .innerJoin('places', 'places.id', 'place_bounds.place')
    .select(['places.id', 'places.feature_json'])
    .where('place_bounds.place', '>', after)
    .where(sql<boolean>`place_bounds.south <= ${north} and place_bounds.north >= ${south} and (
      (place_bounds.west <= ${east} and place_bounds.east >= ${west})
      or place_bounds.west < -180 or place_bounds.east > 180)`)
    .orderBy('place_bounds.place')
    .limit(PLACES_A_PART)
    .execute();
}
