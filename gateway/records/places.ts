import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { inChunks } from './chunks.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import { saveBounds } from './place-bounds.ts';
import { type PlaceFilter, wantedPlaces } from './place-filter.ts';
import { TagCounts } from './place-tags.ts';
import type { Schema } from './schema.ts';

export interface StoredPlace {
  readonly id: string;
  readonly name: string;
  /** GeoJSON Feature, as it was given. */
  readonly feature: object;
  readonly updatedAt: number;
}

const ORDER = { list: 'places', timeColumn: 'updated_at', idColumn: 'id' };

/** Places a transaction, some 20 ms: the commits of the engine and of everybody else wait for no longer than that. */
const PLACES_A_TRANSACTION = 500;

const FEATURES_A_PART = 1_000;

function placeOf(row: Schema['places']): StoredPlace {
  return { id: row.id, name: row.name, feature: JSON.parse(row.feature_json), updatedAt: row.updated_at };
}

/** What is kept of a place that was parsed before. */
export interface SavedPlace {
  readonly id: string;
  readonly name: string;
  readonly feature: object;
}

/** Keeps a place; the one of the same id is replaced. */
export async function savePlace(db: Kysely<Schema>, place: SavedPlace, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await writePlaces(trx, [place], change.at);
    await writeAudit(trx, change, 'place.saved', place.id, { name: place.name });
  });
}

/**
 * Keeps any number of places, part by part, so that nobody waits long for the records. Where it ends in the middle, the parts before
 * are kept; the same import again makes it whole.
 *
 * @param onSaved gets the ids of each part that was saved, before the next one is
 */
export async function importPlaces(
  db: Kysely<Schema>,
  places: readonly SavedPlace[],
  change: Change,
  onSaved: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < places.length; start += PLACES_A_TRANSACTION) {
    const part = places.slice(start, start + PLACES_A_TRANSACTION);
    const isLast = start + PLACES_A_TRANSACTION >= places.length;
    await db.transaction().execute(async (trx) => {
      await writePlaces(trx, part, change.at);
      if (isLast) await writeAudit(trx, change, 'places.imported', '', { count: places.length });
    });
    await onSaved(part.map(({ id }) => id));
  }
}

async function writePlaces(trx: Kysely<Schema>, places: readonly SavedPlace[], at: number): Promise<void> {
  const tags = new TagCounts();
  await tags.without(
    trx,
    places.map(({ id }) => id),
  );
  const rows = places.map(({ id, name, feature }) => ({
    id,
    name,
    feature_json: JSON.stringify(feature),
    updated_at: at,
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
  tags.with(places.map(({ feature }) => feature));
  await tags.save(trx);
  await saveBounds(trx, places);
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

/** Ids told as near to one that is not there; more would take long to compare. */
const MOST_NEAR = 1_000;

/**
 * What a rule's names of places are checked against: those of them that there are, and near each that there is not, others that may
 * have been meant. All ids would be a million.
 */
export async function placeIdsFor(db: Kysely<Schema>, named: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const chunk of inChunks(named)) {
    const rows = await db.selectFrom('places').select('id').where('id', 'in', chunk).execute();
    for (const { id } of rows) found.add(id);
  }
  const missing = named.find((id) => !found.has(id));
  if (missing === undefined) return [...found];
  // Most slips keep the beginning; and where there are few places, these are all.
  const before = db.selectFrom('places').select('id').where('id', '<', missing).orderBy('id', 'desc');
  const behind = db.selectFrom('places').select('id').where('id', '>', missing).orderBy('id');
  for (const query of [before, behind])
    for (const { id } of await query.limit(MOST_NEAR / 2).execute()) found.add(id);
  return [...found];
}

/** @throws WaysideError `not_found` */
export async function deletePlace(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const tags = new TagCounts();
    await tags.without(trx, [id]);
    const deleted = await trx.deleteFrom('places').where('id', '=', id).executeTakeFirstOrThrow();
    if (deleted.numDeletedRows === 0n) throw new WaysideError('not_found', `there is no place "${id}"`);
    await tags.save(trx);
    await writeAudit(trx, change, 'place.deleted', id);
  });
}
