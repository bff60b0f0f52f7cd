import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/** Links of one person that are good at the same time; of more, the oldest goes. */
const MOST_CODES = 3;

/**
 * Keeps a one-time code for the consumer of an address, and forgets those that are over.
 *
 * @param email lower-cased, as addresses are kept
 * @param times real time, epoch ms
 * @returns whose address it is, or null where nobody has it: then nothing is kept
 */
export async function createLoginCode(
  db: Kysely<Schema>,
  email: string,
  code: string,
  times: { readonly now: number; readonly expiresAt: number },
): Promise<string | null> {
  return db.transaction().execute(async (trx) => {
    await trx.deleteFrom('login_codes').where('expires_at', '<=', times.now).execute();
    const consumer = await trx
      .selectFrom('consumers')
      .select('id')
      .where('email', '=', email)
      .executeTakeFirst();
    if (consumer === undefined) return null;
    const surplus = await trx
      .selectFrom('login_codes')
      .select('code_hash')
      .where('consumer_id', '=', consumer.id)
      .orderBy('expires_at', 'desc')
      .limit(MOST_CODES)
      .offset(MOST_CODES - 1)
      .execute();
    for (const { code_hash } of surplus)
      await trx.deleteFrom('login_codes').where('code_hash', '=', code_hash).execute();
    await trx
      .insertInto('login_codes')
      .values({
        code_hash: lookupHash(code),
        consumer_id: consumer.id,
        email_hash: lookupHash(email),
        expires_at: times.expiresAt,
      })
      .execute();
    return consumer.id;
  });
}

/**
 * Uses a code up, and gives its consumer; null where it opens nothing: unknown, used, over, or sent to an address that is not the
 * consumer's any more. Two who try at once: one of them gets in. Whoever came in needs no other link: those go as well.
 *
 * @param trx of the sign-in
 * @param now real time, epoch ms
 */
export async function takeLoginCode(trx: Kysely<Schema>, code: string, now: number): Promise<string | null> {
  const row = await trx
    .deleteFrom('login_codes')
    .where('code_hash', '=', lookupHash(code))
    .where('expires_at', '>', now)
    .returning(['consumer_id', 'email_hash'])
    .executeTakeFirst();
  if (row === undefined) return null;
  const consumer = await trx
    .selectFrom('consumers')
    .select('email')
    .where('id', '=', row.consumer_id)
    .executeTakeFirst();
  const email = consumer?.email ?? null;
  if (email === null || lookupHash(email) !== row.email_hash) return null;
  await trx.deleteFrom('login_codes').where('consumer_id', '=', row.consumer_id).execute();
  return row.consumer_id;
}
