import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { WaysideError } from '../errors.ts';
import { emptyRecordsLog } from './empty-records-log.ts';
import { sealedAddress } from './push-subscriptions.ts';
import type { Schema } from './schema.ts';
import type { Seal } from './seal.ts';
import { deletingSecurely } from './secure-delete.ts';

interface UnsealedRow {
  readonly id: string;
  readonly consumer_id: string;
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
  readonly created_at: number;
  readonly gone_at: number | null;
}

export interface SealedSubscriptions {
  /** How many were sealed now. */
  readonly count: number;
  /** False where the disk had no room to write the file anew: the next start tries again. */
  readonly isRewritten: boolean;
}

/**
 * Seals the subscriptions that earlier versions kept in the clear. Afterwards neither the records nor their log hold a plain one,
 * also of those that had been deleted before: SQLite leaves them in the file, so it is written anew, once. What is cut short
 * by a crash is done at the next start.
 *
 * @param vapidKey public key that these browsers subscribed with: there was one alone
 * @returns null where that was done long ago
 */
export async function sealSubscriptions(
  db: Kysely<Schema>,
  seal: Seal,
  vapidKey: string,
): Promise<SealedSubscriptions | null> {
  const table = await sql`select 1 from sqlite_master where name = 'unsealed_push_subscriptions'`.execute(db);
  if (table.rows.length === 0) return null;
  const { rows } = await sql<UnsealedRow>`select * from unsealed_push_subscriptions`.execute(db);
  await db.transaction().execute((trx) =>
    deletingSecurely(trx, async () => {
      for (const { id, consumer_id, created_at, gone_at, ...address } of rows) {
        await trx
          .insertInto('push_subscriptions')
          .values({
            id,
            consumer_id,
            ...sealedAddress(seal, address),
            vapid_key: vapidKey,
            created_at,
            gone_at,
          })
          .execute();
      }
      await sql`delete from unsealed_push_subscriptions`.execute(trx);
    }),
  );
  const isRewritten = await rewritten(db);
  await emptyRecordsLog(db);
  return { count: rows.length, isRewritten };
}

/** Does it at a start, and says what was done. */
export async function sealEarlier(
  db: Kysely<Schema>,
  seal: Seal,
  vapidKey: string,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  const sealed = await sealSubscriptions(db, seal, vapidKey);
  if (sealed === null) return;
  if (sealed.count > 0) log.info({ subscriptions: sealed.count }, 'sealed the keys of browsers');
  if (!sealed.isRewritten)
    log.warn('there was no room to write wayside.db anew: keys of browsers from before may still be in it');
}

/** The table stays for as long as the file was not written anew, for by it the next start knows. */
async function rewritten(db: Kysely<Schema>): Promise<boolean> {
  try {
    await sql`vacuum`.execute(db);
  } catch (error) {
    if (error instanceof WaysideError && error.code === 'disk_full') return false;
    throw error;
  }
  await sql`drop table unsealed_push_subscriptions`.execute(db);
  return true;
}
