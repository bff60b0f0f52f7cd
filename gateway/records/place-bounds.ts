import { type Kysely, sql } from 'kysely';
import { boxOf, unwrap } from '../../rules/geometry/path.ts';
import { METRES_PER_DEGREE, RADIANS } from '../../rules/geometry/sphere.ts';
import type { Schema } from './schema.ts';

/** A box in degrees. Over the date line it runs on: `west` may be below -180 or `east` above 180. */
export interface Bounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

interface GivenFeature {
  readonly geometry?: { readonly coordinates?: unknown } | null;
  readonly properties?: { readonly radiusMetres?: unknown; readonly corridorMetres?: unknown } | null;
}

const EVERYWHERE: Bounds = { west: -180, south: -90, east: 180, north: 90 };
/** Nearer to a pole than this, in degrees, or wider than the earth's half, a box says nothing: it is the whole cap. */
const POLAR_DEGREES = 89;

/** The box around a place's Feature, its radius or corridor counted in; null where it has no position at all. */
export function boundsOfFeature(feature: object): Bounds | null {
  const { geometry, properties } = feature as GivenFeature;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of linesOf(geometry?.coordinates)) {
    const box = boxOf(unwrap(Float64Array.from(line.flatMap((point) => point.slice(0, 2)))));
    west = Math.min(west, box.west);
    east = Math.max(east, box.east);
    south = Math.min(south, box.south);
    north = Math.max(north, box.north);
  }
  if (west > east) return null;
  const metres = Math.max(numberOf(properties?.radiusMetres), numberOf(properties?.corridorMetres));
  const latMargin = metres / METRES_PER_DEGREE;
  const [low, high] = [south - latMargin, north + latMargin];
  const isPolar = Math.max(-low, high) > POLAR_DEGREES;
  if (isPolar || east - west >= 180)
    return { ...EVERYWHERE, south: Math.max(-90, low), north: isPolar && high > 0 ? 90 : Math.min(90, high) };
  const lonMargin = latMargin / Math.cos(Math.max(-low, high) * RADIANS);
  return { west: west - lonMargin, south: low, east: east + lonMargin, north: high };
}

/** Keeps the boxes of places beside them, in the transaction that saves them. */
export async function saveBounds(
  db: Kysely<Schema>,
  places: readonly { readonly id: string; readonly feature: object }[],
): Promise<void> {
  const rows = places.flatMap(({ id, feature }) => {
    const bounds = boundsOfFeature(feature);
    return bounds === null ? [] : [{ place: id, ...bounds }];
  });
  if (rows.length === 0) return;
  await db
    .insertInto('place_bounds')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('place').doUpdateSet((excluded) => ({
        west: excluded.ref('excluded.west'),
        south: excluded.ref('excluded.south'),
        east: excluded.ref('excluded.east'),
        north: excluded.ref('excluded.north'),
      })),
    )
    .execute();
}

const PLACES_AT_A_TIME = 1_000;

/** Makes the boxes of all places that are there, for the migration that brings the table. */
export async function fillBounds(db: Kysely<Schema>): Promise<void> {
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('places')
      .select(['id', sql<string>`feature_json`.as('text')])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PLACES_AT_A_TIME)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    await saveBounds(
      db,
      rows.map(({ id, text }) => ({ id, feature: JSON.parse(text) as object })),
    );
    after = last.id;
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);

/** The lists of positions in coordinates of any depth; a lone position is a list of one. */
function* linesOf(coordinates: unknown): Generator<readonly (readonly [number, number])[]> {
  if (!Array.isArray(coordinates)) return;
  if (isPosition(coordinates)) yield [[coordinates[0], coordinates[1]]];
  else if (coordinates.length > 0 && coordinates.every(isPosition)) yield coordinates;
  else for (const part of coordinates) yield* linesOf(part);
}

function isPosition(value: unknown): value is [number, number] {
  return Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'number';
}
