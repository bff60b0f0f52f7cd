import type { Kysely } from 'kysely';
import type { KnownUser } from '../../broker/principal.ts';
import { WaysideError } from '../errors.ts';
import { aliasesOfLogin, readAliases } from './device-aliases.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/**
 * Who has this MQTT user name, or null; also null for a device that was revoked.
 *
 * @param now real time, epoch ms
 */
export async function findUser(db: Kysely<Schema>, name: string, now: number): Promise<KnownUser | null> {
  // One statement, for a whole fleet may come back at once.
  const rows = await db
    .selectFrom('devices')
    .leftJoin('previous_tokens', (join) =>
      join.onRef('previous_tokens.user_id', '=', 'devices.id').on('previous_tokens.expires_at', '>', now),
    )
    .select([
      'devices.token_hash',
      'devices.revoked_at',
      'devices.fleet_key',
      'previous_tokens.token_hash as previous',
      aliasesOfLogin.as('aliases_json'),
    ])
    .where('devices.id', '=', name)
    .execute();
  const [device] = rows;
  if (device === undefined) return findService(db, name, now);
  if (device.revoked_at !== null) return null;
  const previous = rows.flatMap((row) => row.previous ?? []);
  const aliases = readAliases(device.aliases_json);
  return {
    principal: { kind: 'device', id: name, ...(aliases !== undefined && { aliases }) },
    tokenHashes: [device.token_hash, ...previous],
    awaitsToken: device.fleet_key !== null,
  };
}

async function findService(db: Kysely<Schema>, id: string, now: number): Promise<KnownUser | null> {
  const row = await db.selectFrom('service_accounts').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return null;
  const previous = await db
    .selectFrom('previous_tokens')
    .select('token_hash')
    .where('user_id', '=', id)
    .where('expires_at', '>', now)
    .execute();
  return {
    principal: {
      kind: 'service',
      id,
      publish: JSON.parse(row.publish_json),
      subscribe: JSON.parse(row.subscribe_json),
    },
    tokenHashes: [row.token_hash, ...previous.map(({ token_hash }) => token_hash)],
    awaitsToken: false,
  };
}

/** The name of the user whose token this is, present or replaced but not over; or null. */
export async function findUserNameByToken(
  db: Kysely<Schema>,
  token: string,
  now: number,
): Promise<string | null> {
  const lookup = lookupHash(token);
  const row = await db
    .selectFrom('devices')
    .select('id')
    .where('token_lookup', '=', lookup)
    .union(db.selectFrom('service_accounts').select('id').where('token_lookup', '=', lookup))
    .union(
      db
        .selectFrom('previous_tokens')
        .select('user_id as id')
        .where('token_lookup', '=', lookup)
        .where('expires_at', '>', now),
    )
    .executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Makes sure that nobody has this name, for devices and service accounts log in with theirs alike; and that no old token of
 * somebody who had it opens it.
 *
 * @throws WaysideError `already_exists`
 */
export async function claimName(trx: Kysely<Schema>, id: string): Promise<void> {
  const device = await trx.selectFrom('devices').select('id').where('id', '=', id).executeTakeFirst();
  if (device !== undefined) throw new WaysideError('already_exists', `there is a device "${id}"`);
  const service = await trx
    .selectFrom('service_accounts')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (service !== undefined) throw new WaysideError('already_exists', `there is a service account "${id}"`);
  await trx.deleteFrom('previous_tokens').where('user_id', '=', id).execute();
}
