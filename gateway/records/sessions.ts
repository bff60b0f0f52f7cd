import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Role, Schema } from './schema.ts';

/** Who a session cookie belongs to. */
export type Session =
  | { readonly kind: 'staff'; readonly subject: string; readonly role: Role }
  | { readonly kind: 'consumer'; readonly subject: string };

/**
 * What is kept of a cookie or a one-time code. These are random 256-bit tokens that are looked up by their hash, so it has
 * neither salt nor cost: there is nothing to guess.
 */
export function lookupHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Keeps a session, and forgets those that are over. Times are real time, epoch ms. */
export async function createSession(
  db: Kysely<Schema>,
  token: string,
  session: Session,
  expiresAt: number,
  now: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('sessions').where('expires_at', '<=', now).execute();
    await trx
      .insertInto('sessions')
      .values({
        token_hash: lookupHash(token),
        kind: session.kind,
        subject: session.subject,
        role: session.kind === 'staff' ? session.role : null,
        expires_at: expiresAt,
      })
      .execute();
  });
}

/** The session of a cookie, or null where there is none or it is over. */
export async function findSession(db: Kysely<Schema>, token: string, now: number): Promise<Session | null> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('token_hash', '=', lookupHash(token))
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (row.kind === 'consumer') return { kind: 'consumer', subject: row.subject };
  return row.role === null ? null : { kind: 'staff', subject: row.subject, role: row.role };
}

export async function deleteSession(db: Kysely<Schema>, token: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', lookupHash(token)).execute();
}
