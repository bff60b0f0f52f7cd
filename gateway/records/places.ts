import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import { saveBounds } from './place-bounds.ts';
import { type PlaceFilter, wantedPlaces } from './place-filter.ts';
import type { Schema } from './schema.ts';

export interface StoredPlace {
  readonly id: string;
  readonly name: string;
  /** GeoJSON Feature, as it was given. */
  readonly feature: object;
  readonly updatedAt: number;
}

const ORDER = { list: 'places', timeColumn: 'updated_at', idColumn: 'id' };

/** Rows in one insert; SQLite takes at most 32,766 parameters. */
const INSERT_ROWS = 1_000;

const FEATURES_A_PART = 1_000;

function placeOf(row: Schema['places']): StoredPlace {
  return { id: row.id, name: row.name, feature: JSON.parse(row.feature_json), updatedAt: row.updated_at };
}

/** Keeps places that were parsed before, all or none; a place of the same id is replaced. */
export async function savePlaces(
  db: Kysely<Schema>,
  places: readonly { readonly id: string; readonly name: string; readonly feature: object }[],
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (let start = 0; start < places.length; start += INSERT_ROWS) {
      const rows = places.slice(start, start + INSERT_ROWS).map((place) => ({
        id: place.id,
        name: place.name,
        feature_json: JSON.stringify(place.feature),
        updated_at: change.at,
      }));
      await trx
        .insertInto('places')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet((excluded) => ({
            name: excluded.ref('excluded.name'),
            feature_json: excluded.ref('excluded.feature_json'),
            updated_at: excluded.ref('excluded.updated_at'),
          })),
        )
        .execute();
      await saveBounds(trx, places.slice(start, start + INSERT_ROWS));
    }
    const [only] = places;
    if (places.length === 1 && only !== undefined) {
      await writeAudit(trx, change, 'place.saved', only.id, { name: only.name });
    } else {
      await writeAudit(trx, change, 'places.imported', '', { count: places.length });
    }
  });
}

/** @throws WaysideError `not_found` */
export async function getPlace(db: Kysely<Schema>, id: string): Promise<StoredPlace> {
  const row = await db.selectFrom('places').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no place "${id}"`);
  return placeOf(row);
}

export async function listPlaces(
  db: Kysely<Schema>,
  page: PageRequest,
  filter: PlaceFilter = {},
): Promise<Page<StoredPlace>> {
  const rows = await db
    .selectFrom('places')
    .selectAll()
    .where(wantedPlaces(filter))
    .$call(onPage(ORDER, page))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.updated_at, row.id], placeOf);
}

/**
 * All places as JSON texts of Features, in parts. The database writes id and name into the properties, where map styles
 * look for them: no place is parsed in this thread, for there may be a hundred thousand.
 */
export async function* placeFeatureTexts(db: Kysely<Schema>): AsyncGenerator<readonly string[]> {
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('places')
      .select([
        'id',
        sql<string>`json_set(feature_json, '$.id', id, '$.properties.id', id, '$.properties.name', name)`.as(
          'text',
        ),
      ])
      .where('id', '>', after)
      .orderBy('id')
      .limit(FEATURES_A_PART)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => row.text);
    after = last.id;
  }
}

/** Ids of all places, for checking the names in a rule. */
export async function placeIds(db: Kysely<Schema>): Promise<readonly string[]> {
  return (await db.selectFrom('places').select('id').orderBy('id').execute()).map((row) => row.id);
}

/** Tags that any place carries, for checking the names in a rule. */
export async function placeTags(db: Kysely<Schema>): Promise<readonly string[]> {
  const rows = await sql<{ tag: string }>`select distinct tag.value as tag
    from places, json_each(places.feature_json, '$.properties.tags') as tag
    where tag.type = 'text' order by 1`.execute(db);
  return rows.rows.map((row) => row.tag);
}

/** @throws WaysideError `not_found` */
export async function deletePlace(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx.deleteFrom('places').where('id', '=', id).executeTakeFirstOrThrow();
    if (deleted.numDeletedRows === 0n) throw new WaysideError('not_found', `there is no place "${id}"`);
    await writeAudit(trx, change, 'place.deleted', id);
  });
}
