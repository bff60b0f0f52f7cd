import type { Kysely } from 'kysely';
import type { KnownUser, Principal } from '../../broker/principal.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/** Who has this MQTT user name, or null. */
export async function findUser(db: Kysely<Schema>, name: string): Promise<KnownUser | null> {
  const row = await db.selectFrom('devices').select('token_hash').where('id', '=', name).executeTakeFirst();
  return row === undefined
    ? null
    : { principal: { kind: 'device', id: name }, tokenHashes: [row.token_hash] };
}

/** Whose token this is, or null. */
export async function findUserByToken(db: Kysely<Schema>, token: string): Promise<Principal | null> {
  const row = await db
    .selectFrom('devices')
    .select('id')
    .where('token_lookup', '=', lookupHash(token))
    .executeTakeFirst();
  return row === undefined ? null : { kind: 'device', id: row.id };
}
