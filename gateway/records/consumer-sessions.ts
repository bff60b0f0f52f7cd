import type { Kysely } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';

/** A browser in which a consumer is signed in. Times are real time, epoch ms. */
export interface ConsumerSession {
  readonly id: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  /** Such as `Firefox on Linux`. */
  readonly browser: string | null;
  readonly openedWith: 'invitation' | 'mail' | 'passkey';
}

/** Whose sessions; `now` is real time. */
interface Whose {
  readonly consumer: string;
  readonly now: number;
}

const ofConsumer = (db: Kysely<Schema>, { consumer, now }: Whose) =>
  db
    .selectFrom('sessions')
    .where('kind', '=', 'consumer')
    .where('subject', '=', consumer)
    .where('expires_at', '>', now);

/** Where a consumer is signed in, the one that was used last first. */
export async function listConsumerSessions(
  db: Kysely<Schema>,
  whose: Whose,
): Promise<readonly ConsumerSession[]> {
  const rows = await ofConsumer(db, whose)
    .selectAll()
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    browser: row.browser,
    openedWith: openedWith(row.opened_with),
  }));
}

function openedWith(noted: string | null): ConsumerSession['openedWith'] {
  if (noted === null || noted === 'invitation') return 'invitation';
  return noted === 'mail' ? 'mail' : 'passkey';
}

export async function countConsumerSessions(db: Kysely<Schema>, whose: Whose): Promise<number> {
  const { n } = await ofConsumer(db, whose)
    .select((select) => select.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Signs a consumer out of one browser; false where they are in none by that id. */
export async function endConsumerSession(
  db: Kysely<Schema>,
  consumer: string,
  id: string,
  change: Change,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('sessions')
      .where('kind', '=', 'consumer')
      .where('subject', '=', consumer)
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return false;
    await writeAudit(trx, change, 'consumer.signed_out', consumer, { sessions: 1 });
    return true;
  });
}

/**
 * Signs a consumer out everywhere. Links that wait in a mailbox, and invitations that nobody opened, open nothing any more either:
 * whoever asks for this wants nobody in.
 */
export async function endAllConsumerSessions(
  db: Kysely<Schema>,
  consumer: string,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('sessions')
      .where('kind', '=', 'consumer')
      .where('subject', '=', consumer)
      .executeTakeFirstOrThrow();
    await trx.deleteFrom('login_codes').where('consumer_id', '=', consumer).execute();
    await trx
      .deleteFrom('invitations')
      .where('consumer_id', '=', consumer)
      .where('used_at', 'is', null)
      .execute();
    // None: somebody else was faster, perhaps who erased the person, whose name is not to be written down again.
    if (numDeletedRows === 0n) return;
    await writeAudit(trx, change, 'consumer.signed_out', consumer, { sessions: Number(numDeletedRows) });
  });
}
