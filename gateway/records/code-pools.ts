import { type Kysely, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { inChunks } from './chunks.ts';
import { deleteDocument, saveDocument } from './documents.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import { namesCodePool, refuseWhereNamed } from './rule-uses.ts';
import type { Schema } from './schema.ts';

export interface CodePool {
  readonly id: string;
  readonly name: string;
  readonly codes: number;
  readonly given: number;
  readonly left: number;
  readonly updatedAt: number;
}

const ORDER = { list: 'code_pools', timeColumn: 'updated_at', idColumn: 'id' };
const MOST_CODES = 5_000_000;
/** Rows a transaction, some 20 ms: the engine's commit waits for no longer than that. */
const CODES_A_TRANSACTION = 2_000;

function poolOf(row: {
  readonly id: string;
  readonly document_json: string;
  readonly codes: number;
  readonly given: number;
  readonly updated_at: number;
}): CodePool {
  const { name } = JSON.parse(row.document_json) as { readonly name: string };
  const { id, codes, given } = row;
  return { id, name, codes, given, left: codes - given, updatedAt: row.updated_at };
}

/** @returns whether it is new */
export async function saveCodePool(
  db: Kysely<Schema>,
  pool: { readonly id: string; readonly name: string },
  change: Change,
): Promise<boolean> {
  return db.transaction().execute((trx) => saveDocument(trx, 'code_pools', pool.id, pool, change));
}

/** @throws WaysideError `not_found` */
export async function getCodePool(db: Kysely<Schema>, id: string): Promise<CodePool> {
  const row = await db.selectFrom('code_pools').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no code pool "${id}"`);
  return poolOf(row);
}

export async function listCodePools(db: Kysely<Schema>, page: PageRequest): Promise<Page<CodePool>> {
  const rows = await db.selectFrom('code_pools').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.updated_at, row.id], poolOf);
}

/**
 * Adds codes, part by part: a crash in between leaves the parts before it, and the same codes again are duplicates.
 *
 * @param codes each once
 * @returns those that the pool had before
 * @throws WaysideError `not_found`; `too_many`, and none of the part that is too many is added
 */
export async function addCodes(
  db: Kysely<Schema>,
  pool: string,
  codes: readonly string[],
  change: Change,
): Promise<readonly string[]> {
  const duplicates: string[] = [];
  for (let start = 0; start < codes.length; start += CODES_A_TRANSACTION) {
    const part = codes.slice(start, start + CODES_A_TRANSACTION);
    duplicates.push(...(await db.transaction().execute((trx) => addPart(trx, pool, part))));
  }
  const added = codes.length - duplicates.length;
  await db.transaction().execute((trx) => writeAudit(trx, change, 'code-pool.filled', pool, { added }));
  return duplicates;
}

async function addPart(
  trx: Kysely<Schema>,
  pool: string,
  part: readonly string[],
): Promise<readonly string[]> {
  const before = await getCodePool(trx, pool);
  const known = new Set<string>();
  for (const chunk of inChunks(part)) {
    const rows = await trx
      .selectFrom('codes')
      .select('code')
      .where('pool', '=', pool)
      .where('code', 'in', chunk)
      .execute();
    for (const { code } of rows) known.add(code);
  }
  const fresh = part.filter((code) => !known.has(code));
  if (before.codes + fresh.length > MOST_CODES)
    throw new WaysideError('too_many', `a pool holds at most ${MOST_CODES} codes`);
  for (const chunk of inChunks(fresh.map((code) => ({ pool, code })))) {
    await trx.insertInto('codes').values(chunk).execute();
  }
  await trx
    .updateTable('code_pools')
    .set({ codes: sql`codes + ${fresh.length}` })
    .where('id', '=', pool)
    .execute();
  return part.filter((code) => known.has(code));
}

/**
 * Removes a pool and its codes; what was given stays with its deliveries.
 *
 * @throws WaysideError `not_found`; `in_use` by a live or paused rule
 */
export async function deleteCodePool(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  const refuse = (trx: Kysely<Schema>) => refuseWhereNamed(trx, `the code pool "${id}"`, id, namesCodePool);
  for (let more = true; more; ) {
    more = await db.transaction().execute(async (trx) => {
      await getCodePool(trx, id);
      await refuse(trx);
      return deletePart(trx, id);
    });
  }
  await db.transaction().execute(async (trx) => {
    await refuse(trx);
    await deleteDocument(trx, 'code_pools', id, change);
  });
}

/** Returns whether there may be more. The counts go along, so that a crash in between leaves a smaller pool that is right. */
async function deletePart(trx: Kysely<Schema>, pool: string): Promise<boolean> {
  const { rows } = await sql<{ given: 0 | 1 }>`delete from codes where id in
    (select id from codes where pool = ${pool} limit ${CODES_A_TRANSACTION})
    returning delivery_id is not null as given`.execute(trx);
  const given = rows.filter((row) => row.given === 1).length;
  await trx
    .updateTable('code_pools')
    .set({ codes: sql`codes - ${rows.length}`, given: sql`given - ${given}` })
    .where('id', '=', pool)
    .execute();
  return rows.length === CODES_A_TRANSACTION;
}
