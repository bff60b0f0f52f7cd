import type { Kysely } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';

const NAME = 'pacing';

/** The limits that hold across all rules, as they were given; null where nobody ever set any. */
export async function getPacing(
  db: Kysely<Schema>,
): Promise<{ readonly document: object; readonly updatedAt: number } | null> {
  const row = await db.selectFrom('settings').selectAll().where('name', '=', NAME).executeTakeFirst();
  return row === undefined ? null : { document: JSON.parse(row.document_json), updatedAt: row.updated_at };
}

/** Keeps limits that were parsed before. */
export async function savePacing(db: Kysely<Schema>, document: object, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = { document_json: JSON.stringify(document), updated_at: change.at };
    await trx
      .insertInto('settings')
      .values({ name: NAME, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
    await writeAudit(trx, change, 'pacing.saved', '', document);
  });
}
