import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { emptyRecordsLog } from './empty-records-log.ts';
import type { Schema } from './schema.ts';

/** Digest of the last line of the ledger of erasures that these records have been through, or null. */
export function replayedUpTo(db: Kysely<Schema>): Promise<string | null> {
  return markOf(db, 'replayed');
}

export function setReplayed(db: Kysely<Schema>, digest: string): Promise<void> {
  return setMark(db, 'replayed', digest);
}

/**
 * Writes the file of the records anew: only then is nothing left in it of what was deleted. SQLite moves rows between pages and
 * leaves them standing in the free space of the page that they were in, also with `secure_delete` (3.53, seen).
 */
export async function rewriteRecords(db: Kysely<Schema>): Promise<void> {
  await sql`vacuum`.execute(db);
  await emptyRecordsLog(db);
  await setMark(db, 'rewritten', '');
}

/**
 * Notes that it has to be written anew, in the transaction of a removal: whatever ends the process before that is done, the next
 * start does it.
 */
export async function noteRewriteDue(trx: Kysely<Schema>): Promise<void> {
  await trx.deleteFrom('erasure_marks').where('name', '=', 'rewritten').execute();
}

/**
 * Does it where it is due: after erasures from a large file, which take some seconds a GB and stop all that write; after those that a
 * crash cut short; and once for what an earlier version left. Where there is no room for it, it is tried again at the next start.
 */
export async function rewriteWhereDue(db: Kysely<Schema>, log: Pick<Logger, 'warn'>): Promise<void> {
  if ((await markOf(db, 'rewritten')) !== null) return;
  try {
    await rewriteRecords(db);
  } catch (error) {
    log.warn(
      { err: error },
      'the records could not be written anew; parts of what was deleted are still in the file',
    );
  }
}

async function markOf(db: Kysely<Schema>, name: string): Promise<string | null> {
  const row = await db
    .selectFrom('erasure_marks')
    .select('digest')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.digest ?? null;
}

async function setMark(db: Kysely<Schema>, name: string, digest: string): Promise<void> {
  await db
    .insertInto('erasure_marks')
    .values({ name, digest })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ digest }))
    .execute();
}
