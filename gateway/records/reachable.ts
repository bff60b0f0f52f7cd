import type { Kysely } from 'kysely';
import { listed } from './listed.ts';
import type { Schema } from './schema.ts';

/**
 * Who of these people has the consumer app open to them: a session that lives, or a passkey to open one with. Others would not
 * find what is put into their inbox.
 *
 * @param realNow epoch ms
 */
export async function appUsers(
  db: Kysely<Schema>,
  ids: readonly string[],
  realNow: number,
): Promise<ReadonlySet<string>> {
  const sessions = await db
    .selectFrom('sessions')
    .select('subject')
    .distinct()
    .where('kind', '=', 'consumer')
    .where('subject', 'in', listed(ids))
    .where('expires_at', '>', realNow)
    .execute();
  const passkeys = await db
    .selectFrom('passkeys')
    .select('consumer_id')
    .distinct()
    .where('consumer_id', 'in', listed(ids))
    .execute();
  return new Set([
    ...sessions.map(({ subject }) => subject),
    ...passkeys.map(({ consumer_id }) => consumer_id),
  ]);
}

/**
 * Who of these people is reached by something other than a browser's push: a webhook, e-mail, or the inbox of the app.
 *
 * @param ways `mail`: whether a mail server is set; `realNow`: epoch ms
 */
export async function reachedWithoutPush(
  db: Kysely<Schema>,
  ids: readonly string[],
  ways: { readonly mail: boolean; readonly realNow: number },
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('consumers')
    .select(['id', 'email', 'webhook'])
    .where('id', 'in', listed(ids))
    .execute();
  const named = rows.filter(({ email, webhook }) => webhook !== null || (ways.mail && email !== null));
  return new Set([...named.map(({ id }) => id), ...(await appUsers(db, ids, ways.realNow))]);
}
