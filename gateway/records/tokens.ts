import { type Kysely, sql } from 'kysely';
import { hashToken } from '../../broker/credentials.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/** Whose tokens. */
export type TokenOwner = 'device' | 'service';

const TABLES = { device: 'devices', service: 'service_accounts' } as const;
const NOUNS = { device: 'device', service: 'service account' } as const;
/** Tokens that still work beside the present one; the one that ends first gives way. */
const MOST_PREVIOUS = 4;
/** Stands where a token's hash was: no token has it (see credentials.ts). */
const NO_TOKEN = 'revoked';

/** What is kept of a token: one column to check it by, one to find it by. */
export function keptOf(token: string): { readonly token_hash: string; readonly token_lookup: string } {
  return { token_hash: hashToken(token), token_lookup: lookupHash(token) };
}

/**
 * Gives a user a new token. The old one, and those before it, are good until `times.oldUntil`, or their own end if that is
 * sooner. A device that was revoked may log in again, with the new token alone.
 *
 * @param times real time, epoch ms; `oldUntil` not after `now` ends all others at once, without being told by `takeEndedTokens`
 * @throws WaysideError `not_found`
 */
export async function replaceToken(
  db: Kysely<Schema>,
  owner: TokenOwner,
  id: string,
  token: string,
  times: { readonly now: number; readonly oldUntil: number },
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const before = await tokenRow(trx, owner, id);
    await trx
      .updateTable(TABLES[owner])
      .set({ ...keptOf(token), ...(owner === 'device' && { revoked_at: null, fleet_key: null }) })
      .where('id', '=', id)
      .execute();
    if (times.oldUntil <= times.now) {
      await trx.deleteFrom('previous_tokens').where('user_id', '=', id).execute();
    } else if (before.token_hash !== NO_TOKEN) {
      await trx
        .insertInto('previous_tokens')
        .values({ ...before, user_id: id, expires_at: times.oldUntil })
        .execute();
      await trimPrevious(trx, id, before.token_lookup, times);
    }
    await writeAudit(trx, change, `${owner}.token_replaced`, id, {
      oldTokensUntil: times.oldUntil <= times.now ? null : times.oldUntil,
    });
  });
}

/** Older ones end before the `newest`; those that are too many end now, and are told by `takeEndedTokens` like all that end. */
async function trimPrevious(
  trx: Kysely<Schema>,
  id: string,
  newest: string,
  { now, oldUntil }: { readonly now: number; readonly oldUntil: number },
): Promise<void> {
  await trx
    .updateTable('previous_tokens')
    .set({ expires_at: oldUntil - 1 })
    .where('user_id', '=', id)
    .where('token_lookup', '!=', newest)
    .where('expires_at', '>=', oldUntil)
    .execute();
  const kept = trx
    .selectFrom('previous_tokens')
    .select('token_lookup')
    .where('user_id', '=', id)
    .orderBy('expires_at', 'desc')
    .limit(MOST_PREVIOUS);
  await trx
    .updateTable('previous_tokens')
    .set({ expires_at: now })
    .where('user_id', '=', id)
    .where('expires_at', '>', now)
    .where('token_lookup', 'not in', kept)
    .execute();
}

/** Ends every token but the present one. Gives how many. @throws WaysideError `not_found` */
export async function endPreviousTokens(
  db: Kysely<Schema>,
  owner: TokenOwner,
  id: string,
  change: Change,
): Promise<readonly string[]> {
  return db.transaction().execute(async (trx) => {
    await tokenRow(trx, owner, id);
    const ended = await trx
      .deleteFrom('previous_tokens')
      .where('user_id', '=', id)
      .returning('token_hash')
      .execute();
    await writeAudit(trx, change, `${owner}.old_tokens_ended`, id, { count: ended.length });
    return ended.map(({ token_hash }) => token_hash);
  });
}

/** Keeps a device out until it gets a new token: with any token, a certificate or a fleet key. @throws WaysideError `not_found` */
export async function revokeDevice(
  db: Kysely<Schema>,
  id: string,
  now: number,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await tokenRow(trx, 'device', id);
    await trx
      .updateTable('devices')
      .set({ token_hash: NO_TOKEN, token_lookup: `${NO_TOKEN}:${id}`, revoked_at: now, fleet_key: null })
      .where('id', '=', id)
      .execute();
    await trx.deleteFrom('previous_tokens').where('user_id', '=', id).execute();
    await trx.deleteFrom('claim_codes').where('device_id', '=', id).execute();
    await writeAudit(trx, change, 'device.revoked', id);
  });
}

/** Forgets the tokens that are over, and tells whose they were. `next` is when the next one ends, or null. */
export async function takeEndedTokens(
  db: Kysely<Schema>,
  now: number,
): Promise<{
  readonly ended: readonly { readonly userId: string; readonly tokenHash: string }[];
  readonly next: number | null;
}> {
  const ended = await db
    .deleteFrom('previous_tokens')
    .where('expires_at', '<=', now)
    .returning(['user_id', 'token_hash'])
    .execute();
  const next = await db
    .selectFrom('previous_tokens')
    .select(sql<number | null>`min(expires_at)`.as('at'))
    .executeTakeFirst();
  return {
    ended: ended.map((row) => ({ userId: row.user_id, tokenHash: row.token_hash })),
    next: next?.at ?? null,
  };
}

async function tokenRow(
  trx: Kysely<Schema>,
  owner: TokenOwner,
  id: string,
): Promise<{ readonly token_hash: string; readonly token_lookup: string }> {
  const row = await trx
    .selectFrom(TABLES[owner])
    .select(['token_hash', 'token_lookup'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no ${NOUNS[owner]} "${id}"`);
  return row;
}
