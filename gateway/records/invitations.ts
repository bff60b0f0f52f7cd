import type { Kysely } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import { requireConsumer } from './consumers.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/**
 * Keeps a one-time link for a consumer, and forgets those that are over.
 *
 * @param times real time, epoch ms
 * @throws WaysideError `not_found` where there is no such consumer
 */
export async function createInvitation(
  db: Kysely<Schema>,
  code: string,
  consumerId: string,
  times: { readonly now: number; readonly expiresAt: number },
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumerId);
    await trx.deleteFrom('invitations').where('expires_at', '<=', times.now).execute();
    await trx
      .insertInto('invitations')
      .values({
        code_hash: lookupHash(code),
        consumer_id: consumerId,
        expires_at: times.expiresAt,
        used_at: null,
      })
      .execute();
    await writeAudit(trx, change, 'consumer.invited', consumerId);
  });
}

/**
 * Uses a link up, and gives its consumer; null where it opens nothing. Two who try at once: one of them gets in.
 *
 * @param trx of the sign-in
 * @param now real time, epoch ms
 */
export async function takeInvitation(trx: Kysely<Schema>, code: string, now: number): Promise<string | null> {
  const row = await trx
    .updateTable('invitations')
    .set({ used_at: now })
    .where('code_hash', '=', lookupHash(code))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('consumer_id')
    .executeTakeFirst();
  return row?.consumer_id ?? null;
}
