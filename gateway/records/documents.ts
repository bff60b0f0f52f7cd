import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** What rules name, each kept as the document that it was parsed from. `noun`: how its actions in the audit log begin. */
const KINDS = {
  segments: { word: 'segment', noun: 'segment', most: 1_000 },
  traits: { word: 'trait', noun: 'trait', most: 500 },
  campaigns: { word: 'campaign', noun: 'campaign', most: 10_000 },
  code_pools: { word: 'code pool', noun: 'code-pool', most: 1_000 },
} as const;

export type DocumentTable = keyof typeof KINDS;

export interface SavedDocument {
  readonly id: string;
  readonly document: object;
  readonly updatedAt: number;
}

/** The tables have these columns in common; Kysely does not join the types of several tables. */
const table = (name: DocumentTable) => name as 'segments';

const orderOf = (name: DocumentTable) => ({ list: name, timeColumn: 'updated_at', idColumn: 'id' });

/**
 * Keeps a document that was parsed before, in the place of the one of the same id.
 *
 * @param trx a transaction, that of the checks which the document needs
 * @returns whether it is new
 * @throws WaysideError `too_many` where there are as many as are allowed
 */
export async function saveDocument(
  trx: Kysely<Schema>,
  name: DocumentTable,
  id: string,
  document: object,
  change: Change,
): Promise<boolean> {
  const row = { document_json: JSON.stringify(document), updated_at: change.at };
  const updated = await trx.updateTable(table(name)).set(row).where('id', '=', id).executeTakeFirstOrThrow();
  const isNew = updated.numUpdatedRows === 0n;
  if (isNew) {
    const { most, word } = KINDS[name];
    const { n } = await trx
      .selectFrom(table(name))
      .select((select) => select.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    if (Number(n) >= most)
      throw new WaysideError('too_many', `at most ${most} of them; a ${word} is refused`);
    await trx
      .insertInto(table(name))
      .values({ id, ...row })
      .execute();
  }
  await writeAudit(trx, change, `${KINDS[name].noun}.saved`, id);
  return isNew;
}

/** @throws WaysideError `not_found` */
export async function deleteDocument(
  trx: Kysely<Schema>,
  name: DocumentTable,
  id: string,
  change: Change,
): Promise<void> {
  const deleted = await trx.deleteFrom(table(name)).where('id', '=', id).executeTakeFirstOrThrow();
  if (deleted.numDeletedRows === 0n) throw missing(name, id);
  await writeAudit(trx, change, `${KINDS[name].noun}.deleted`, id);
}

/** @throws WaysideError `not_found` */
export async function getDocument(
  db: Kysely<Schema>,
  name: DocumentTable,
  id: string,
): Promise<SavedDocument> {
  const row = await db.selectFrom(table(name)).selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing(name, id);
  return savedOf(row);
}

export async function listDocuments(
  db: Kysely<Schema>,
  name: DocumentTable,
  page: PageRequest,
): Promise<Page<SavedDocument>> {
  const order = orderOf(name);
  const rows = await db.selectFrom(table(name)).selectAll().$call(onPage(order, page)).execute();
  return pageOf(order, rows, page.limit, (row) => [row.updated_at, row.id], savedOf);
}

/** All of a kind, by id: their number is bounded. */
export async function allDocuments(
  db: Kysely<Schema>,
  name: DocumentTable,
): Promise<readonly SavedDocument[]> {
  return (await db.selectFrom(table(name)).selectAll().orderBy('id').execute()).map(savedOf);
}

/** Ids of all of a kind, in order. */
export async function documentIds(db: Kysely<Schema>, name: DocumentTable): Promise<readonly string[]> {
  return (await db.selectFrom(table(name)).select('id').orderBy('id').execute()).map(({ id }) => id);
}

function savedOf(row: Schema['segments']): SavedDocument {
  return { id: row.id, document: JSON.parse(row.document_json), updatedAt: row.updated_at };
}

function missing(name: DocumentTable, id: string): WaysideError {
  return new WaysideError('not_found', `there is no ${KINDS[name].word} "${id}"`);
}
