import type { Kysely, Selectable } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { requireConsumer } from './consumers.ts';
import type { Schema } from './schema.ts';

/** More would be a mistake, or somebody who fills the records. */
export const MOST_PASSKEYS = 20;

/** A passkey as its owner sees it. Times are real time, epoch ms. */
export interface Passkey {
  /** Credential id, base64url. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  /** It is kept by a password manager or an account, and survives the loss of one device. */
  readonly backedUp: boolean;
}

/** What a signature is checked with. */
export interface PasskeyKey {
  readonly id: string;
  readonly consumerId: string;
  readonly userHandle: string;
  /** COSE. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
}

export interface NewPasskey extends Omit<PasskeyKey, 'consumerId'> {
  readonly name: string;
  readonly backedUp: boolean;
}

function shownOf(row: Selectable<Schema['passkeys']>): Passkey {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    backedUp: row.backed_up === 1,
  };
}

function keyOf(row: Selectable<Schema['passkeys']>): PasskeyKey {
  return {
    id: row.id,
    consumerId: row.consumer_id,
    userHandle: row.user_handle,
    publicKey: new Uint8Array(row.public_key),
    counter: row.counter,
    transports: JSON.parse(row.transports_json) as string[],
  };
}

/** Newest first. */
export async function listPasskeys(db: Kysely<Schema>, consumer: string): Promise<readonly Passkey[]> {
  const rows = await ofConsumer(db, consumer).execute();
  return rows.map(shownOf);
}

/** The same as keys. */
export async function passkeysOf(db: Kysely<Schema>, consumer: string): Promise<readonly PasskeyKey[]> {
  const rows = await ofConsumer(db, consumer).execute();
  return rows.map(keyOf);
}

const ofConsumer = (db: Kysely<Schema>, consumer: string) =>
  db
    .selectFrom('passkeys')
    .selectAll()
    .where('consumer_id', '=', consumer)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc');

/** The passkey of a credential id, whosever it is; null where there is none. */
export async function findPasskey(db: Kysely<Schema>, id: string): Promise<PasskeyKey | null> {
  const row = await db.selectFrom('passkeys').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : keyOf(row);
}

/** A challenge that was answered: by its hash it is kept until it is over, so that it is answered once. */
export interface AnsweredChallenge {
  readonly hash: string;
  readonly expiresAt: number;
}

/**
 * Keeps a passkey that was made on a challenge.
 *
 * @param now real time, epoch ms
 * @throws WaysideError `bad_passkey` where the challenge was answered before, `already_exists`, `too_many`, `not_found` where the consumer is no more
 */
export async function savePasskey(
  db: Kysely<Schema>,
  consumer: string,
  passkey: NewPasskey,
  challenge: AnsweredChallenge,
  now: number,
  change: Change,
): Promise<Passkey> {
  return db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumer);
    await spendChallenge(trx, challenge, now);
    const known = await passkeysOf(trx, consumer);
    if (known.length >= MOST_PASSKEYS)
      throw new WaysideError('too_many', `at most ${MOST_PASSKEYS} passkeys a person`);
    if ((await findPasskey(trx, passkey.id)) !== null)
      throw new WaysideError('already_exists', 'this passkey is known already');
    const row = {
      id: passkey.id,
      consumer_id: consumer,
      user_handle: passkey.userHandle,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports_json: JSON.stringify(passkey.transports),
      backed_up: passkey.backedUp ? 1 : 0,
      name: passkey.name,
      created_at: now,
      last_used_at: null,
    } as const;
    await trx.insertInto('passkeys').values(row).execute();
    await writeAudit(trx, change, 'passkey.added', consumer);
    return shownOf(row);
  });
}

/**
 * Notes a sign-in by passkey: its challenge is used up, and its counter moves on. The counter must grow, where the authenticator
 * has one (WebAuthn §7.2 step 22): one that does not is a copy's. Two at once: one of them gets in.
 *
 * @param trx of the sign-in
 * @param now real time, epoch ms
 * @throws WaysideError `bad_passkey`
 */
export async function notePasskeyUsed(
  trx: Kysely<Schema>,
  id: string,
  used: { readonly counter: number; readonly backedUp: boolean },
  challenge: AnsweredChallenge,
  now: number,
): Promise<void> {
  await spendChallenge(trx, challenge, now);
  const { numUpdatedRows } = await trx
    .updateTable('passkeys')
    .set({ counter: used.counter, backed_up: used.backedUp ? 1 : 0, last_used_at: now })
    .where('id', '=', id)
    .where((is) => is.or([is('counter', '<', used.counter), is('counter', '=', 0)]))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n)
    throw new WaysideError('bad_passkey', 'the passkey is gone, or was used elsewhere meanwhile');
}

/**
 * Gives a passkey another name. The audit log is told that it was, and not the name: that is the person's own words.
 *
 * @returns null where the consumer has no such one
 */
export async function renamePasskey(
  db: Kysely<Schema>,
  consumer: string,
  id: string,
  name: string,
  change: Change,
): Promise<Passkey | null> {
  return db.transaction().execute(async (trx) => {
    const row = await ofConsumer(trx, consumer).where('id', '=', id).executeTakeFirst();
    if (row === undefined) return null;
    if (row.name === name) return shownOf(row);
    await trx
      .updateTable('passkeys')
      .set({ name })
      .where('consumer_id', '=', consumer)
      .where('id', '=', id)
      .execute();
    await writeAudit(trx, change, 'passkey.renamed', consumer);
    return shownOf({ ...row, name });
  });
}

/**
 * Removes a passkey, and signs out where it signed somebody in, except in the session that asks: who takes a lost phone's passkey
 * away wants the phone out.
 *
 * @returns false where the consumer has no such one
 */
export async function removePasskey(
  db: Kysely<Schema>,
  consumer: string,
  id: string,
  currentSession: string,
  change: Change,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('passkeys')
      .where('consumer_id', '=', consumer)
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return false;
    await trx
      .deleteFrom('sessions')
      .where('kind', '=', 'consumer')
      .where('subject', '=', consumer)
      .where('opened_with', '=', `passkey:${id}`)
      .where('id', '!=', currentSession)
      .execute();
    await writeAudit(trx, change, 'passkey.removed', consumer);
    return true;
  });
}

async function spendChallenge(trx: Kysely<Schema>, challenge: AnsweredChallenge, now: number): Promise<void> {
  await trx.deleteFrom('used_challenges').where('expires_at', '<=', now).execute();
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('used_challenges')
    .values({ challenge_hash: challenge.hash, expires_at: challenge.expiresAt })
    .onConflict((conflict) => conflict.column('challenge_hash').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) throw new WaysideError('bad_passkey', 'this was answered before');
}
