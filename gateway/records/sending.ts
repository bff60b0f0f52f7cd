import type { Kysely } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';

/** Whether offers go out at all; one switch for all of them. */
export interface Sending {
  readonly stopped: boolean;
  /** Why, for those who come after. */
  readonly note: string | null;
  /** Domain time of the last change; null where it was never touched. */
  readonly changedAt: number | null;
  readonly changedBy: string | null;
}

const NAME = 'sending';
const NEVER_TOUCHED: Sending = { stopped: false, note: null, changedAt: null, changedBy: null };

export async function getSending(db: Kysely<Schema>): Promise<Sending> {
  const row = await db
    .selectFrom('settings')
    .select('document_json')
    .where('name', '=', NAME)
    .executeTakeFirst();
  return row === undefined ? NEVER_TOUCHED : (JSON.parse(row.document_json) as Sending);
}

export async function saveSending(
  db: Kysely<Schema>,
  { stopped, note }: Pick<Sending, 'stopped' | 'note'>,
  change: Change,
): Promise<Sending> {
  const sending = { stopped, note, changedAt: change.at, changedBy: change.actor };
  await db.transaction().execute(async (trx) => {
    const row = { document_json: JSON.stringify(sending), updated_at: change.at };
    await trx
      .insertInto('settings')
      .values({ name: NAME, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
    await writeAudit(trx, change, stopped ? 'sending.stopped' : 'sending.resumed', '', { note });
  });
  return sending;
}
