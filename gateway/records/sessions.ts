import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Role, Schema } from './schema.ts';

/** Who a session cookie belongs to. `id` names the session, and opens nothing. */
export type Session =
  | { readonly kind: 'staff'; readonly id: string; readonly subject: string; readonly role: Role }
  | { readonly kind: 'consumer'; readonly id: string; readonly subject: string };

/** How long a session lasts: without being used, and at most. */
export interface SessionSpan {
  readonly idleMs: number;
  readonly longestMs: number;
}

const DAY_MS = 86_400_000;
export const STAFF_SPAN: SessionSpan = { idleMs: DAY_MS / 2, longestMs: DAY_MS / 2 };
export const CONSUMER_SPAN: SessionSpan = { idleMs: 7 * DAY_MS, longestMs: 30 * DAY_MS };

/** A session's last use is written down this much later at most: not with each request. */
const TOUCH_EVERY_MS = 10 * 60_000;
/** A person has a few browsers; beyond this the one that was used longest ago is signed out. */
const MOST_SESSIONS = 50;

/** A sign-in. Times are real time, epoch ms. */
export interface SignIn {
  /** Random, 256 bits; goes into the cookie. */
  readonly token: string;
  readonly session: Session;
  readonly now: number;
  /** For people, such as `Firefox on Linux`. */
  readonly browser: string | null;
  /** By what a consumer came in: `invitation`, `mail`, or `passkey:` and its id. */
  readonly openedWith: string | null;
}

/**
 * What is kept of a cookie or a one-time code. These are random 256-bit tokens that are looked up by their hash, so it has
 * neither salt nor cost: there is nothing to guess.
 */
export function lookupHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

const spanOf = (kind: Session['kind']): SessionSpan => (kind === 'staff' ? STAFF_SPAN : CONSUMER_SPAN);

/**
 * Keeps a session, and forgets those that are over.
 *
 * @param trx in which it was looked at that there still is who signs in: else somebody removed meanwhile were left in a session
 */
export async function addSession(
  trx: Kysely<Schema>,
  { token, session, now, browser, openedWith }: SignIn,
): Promise<void> {
  await trx.deleteFrom('sessions').where('expires_at', '<=', now).execute();
  await trx
    .insertInto('sessions')
    .values({
      token_hash: lookupHash(token),
      kind: session.kind,
      subject: session.subject,
      role: session.kind === 'staff' ? session.role : null,
      expires_at: now + spanOf(session.kind).idleMs,
      id: session.id,
      created_at: now,
      last_seen_at: now,
      browser,
      opened_with: openedWith,
    })
    .execute();
  if (session.kind === 'consumer') await endSurplus(trx, session.subject);
}

async function endSurplus(trx: Kysely<Schema>, consumer: string): Promise<void> {
  const surplus = await trx
    .selectFrom('sessions')
    .select('token_hash')
    .where('kind', '=', 'consumer')
    .where('subject', '=', consumer)
    .orderBy('last_seen_at', 'desc')
    .limit(MOST_SESSIONS)
    .offset(MOST_SESSIONS)
    .execute();
  for (const { token_hash } of surplus)
    await trx.deleteFrom('sessions').where('token_hash', '=', token_hash).execute();
}

/** The session of a cookie, or null where there is none or it is over. Using one keeps it alive, within its span. */
export async function findSession(db: Kysely<Schema>, token: string, now: number): Promise<Session | null> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('token_hash', '=', lookupHash(token))
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (now - row.last_seen_at >= TOUCH_EVERY_MS) {
    const { idleMs, longestMs } = spanOf(row.kind);
    await db
      .updateTable('sessions')
      .set({ last_seen_at: now, expires_at: Math.min(now + idleMs, row.created_at + longestMs) })
      .where('token_hash', '=', row.token_hash)
      .execute();
  }
  const { id, subject, role } = row;
  if (row.kind === 'consumer') return { kind: 'consumer', id, subject };
  return role === null ? null : { kind: 'staff', id, subject, role };
}

export async function deleteSession(db: Kysely<Schema>, token: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', lookupHash(token)).execute();
}
