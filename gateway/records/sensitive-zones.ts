import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import {
  parseSensitiveZone,
  type SensitiveZone,
  type ZoneCategory,
} from '../../rules/places/sensitive-zone.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { inChunks } from './chunks.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

export interface StoredZone {
  readonly id: string;
  readonly name: string;
  readonly category: ZoneCategory;
  /** GeoJSON Feature, as it was given. */
  readonly feature: object;
  readonly updatedAt: number;
}

/** What is saved of a zone that was parsed before. */
export type SavedZone = Omit<StoredZone, 'updatedAt'>;

const ORDER = { list: 'sensitive_zones', timeColumn: 'updated_at', idColumn: 'id' };
const MOST_ZONES = 20_000;
/** Read and parsed at a time: some 5 ms. */
const ZONES_A_PART = 200;

function zoneOf(row: Schema['sensitive_zones']): StoredZone {
  const { id, name, category, feature_json, updated_at } = row;
  return {
    id,
    name,
    category: category as ZoneCategory,
    feature: JSON.parse(feature_json),
    updatedAt: updated_at,
  };
}

/**
 * Keeps zones that were parsed before, all or none; a zone of the same id is replaced.
 *
 * @throws WaysideError `too_many`
 */
export async function saveZones(
  db: Kysely<Schema>,
  zones: readonly SavedZone[],
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const chunk of inChunks(zones)) {
      const rows = chunk.map(({ id, name, category, feature }) => ({
        id,
        name,
        category,
        feature_json: JSON.stringify(feature),
        updated_at: change.at,
      }));
      await trx
        .insertInto('sensitive_zones')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet((excluded) => ({
            name: excluded.ref('excluded.name'),
            category: excluded.ref('excluded.category'),
            feature_json: excluded.ref('excluded.feature_json'),
            updated_at: excluded.ref('excluded.updated_at'),
          })),
        )
        .execute();
    }
    const { n } = await trx
      .selectFrom('sensitive_zones')
      .select(sql<number>`count(*)`.as('n'))
      .executeTakeFirstOrThrow();
    if (Number(n) > MOST_ZONES)
      throw new WaysideError('too_many', `at most ${MOST_ZONES} sensitive zones are kept`);
    const [only] = zones;
    if (zones.length === 1 && only !== undefined)
      await writeAudit(trx, change, 'sensitive-zone.saved', only.id, { name: only.name });
    else await writeAudit(trx, change, 'sensitive-zones.imported', '', { count: zones.length });
  });
}

/** @throws WaysideError `not_found` */
export async function getZone(db: Kysely<Schema>, id: string): Promise<StoredZone> {
  const row = await db.selectFrom('sensitive_zones').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no sensitive zone "${id}"`);
  return zoneOf(row);
}

export async function listZones(db: Kysely<Schema>, page: PageRequest): Promise<Page<StoredZone>> {
  const rows = await db.selectFrom('sensitive_zones').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.updated_at, row.id], zoneOf);
}

/** @throws WaysideError `not_found` */
export async function deleteZone(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx.deleteFrom('sensitive_zones').where('id', '=', id).executeTakeFirstOrThrow();
    if (deleted.numDeletedRows === 0n)
      throw new WaysideError('not_found', `there is no sensitive zone "${id}"`);
    await writeAudit(trx, change, 'sensitive-zone.deleted', id);
  });
}

/** All zones as JSON texts of Features, in parts; with id, name, category and margin in their properties, for the map. */
export async function* zoneFeatureTexts(db: Kysely<Schema>): AsyncGenerator<readonly string[]> {
  for await (const rows of zoneParts(db)) {
    yield rows.map(({ id, name, category, feature_json }) => {
      const feature = JSON.parse(feature_json) as { readonly properties?: object };
      const parsed = parseSensitiveZone(id, feature);
      const marginMetres = parsed.ok ? parsed.value.marginMetres : undefined;
      const properties = { ...feature.properties, id, name, category, marginMetres };
      return JSON.stringify({ ...feature, id, properties });
    });
  }
}

/** All zones, parsed, in parts of a few milliseconds. */
export async function loadZones(db: Kysely<Schema>): Promise<readonly SensitiveZone[]> {
  const zones: SensitiveZone[] = [];
  for await (const rows of zoneParts(db)) {
    for (const { id, feature_json } of rows) {
      const parsed = parseSensitiveZone(id, JSON.parse(feature_json));
      if (parsed.ok) zones.push(parsed.value);
    }
    await nextTurn();
  }
  return zones;
}

async function* zoneParts(db: Kysely<Schema>): AsyncGenerator<readonly Schema['sensitive_zones'][]> {
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('sensitive_zones')
      .selectAll()
      .where('id', '>', after)
      .orderBy('id')
      .limit(ZONES_A_PART)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.id;
  }
}
