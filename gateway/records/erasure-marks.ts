import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

const NAME = 'replayed';

/** Digest of the last line of the ledger of erasures that these records have been through, or null. */
export async function replayedUpTo(db: Kysely<Schema>): Promise<string | null> {
  const row = await db
    .selectFrom('erasure_marks')
    .select('digest')
    .where('name', '=', NAME)
    .executeTakeFirst();
  return row?.digest ?? null;
}

export async function setReplayed(db: Kysely<Schema>, digest: string): Promise<void> {
  await db
    .insertInto('erasure_marks')
    .values({ name: NAME, digest })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ digest }))
    .execute();
}
