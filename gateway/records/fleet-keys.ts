import type { Kysely, Selectable } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { requireDeviceType } from './device-types.ts';
import { claimName } from './logins.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';
import { keptOf } from './tokens.ts';

/** What lets devices in that nobody registered. */
export interface FleetKey {
  readonly id: string;
  readonly type: string;
  /** What the id of each device begins with. */
  readonly idPrefix: string;
  readonly maxDevices: number;
  /** How many came in with it. */
  readonly devices: number;
  /** Real time, or null for never. */
  readonly expiresAt: number | null;
  readonly createdAt: number;
}

const ORDER = { list: 'fleet-keys', timeColumn: 'created_at', idColumn: 'id' };

function fleetKeyOf(row: Selectable<Schema['fleet_keys']>): FleetKey {
  return {
    id: row.id,
    type: row.device_type,
    idPrefix: row.id_prefix,
    maxDevices: row.max_devices,
    devices: row.devices,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  };
}

/** @throws WaysideError `already_exists`, `unknown_device_type` */
export async function createFleetKey(
  db: Kysely<Schema>,
  given: Omit<FleetKey, 'devices' | 'createdAt'> & { readonly key: string },
  change: Change,
): Promise<FleetKey> {
  return db.transaction().execute(async (trx) => {
    await requireDeviceType(trx, given.type);
    const row = {
      id: given.id,
      key_lookup: lookupHash(given.key),
      device_type: given.type,
      id_prefix: given.idPrefix,
      max_devices: given.maxDevices,
      devices: 0,
      expires_at: given.expiresAt,
      created_at: change.at,
    };
    const inserted = await trx
      .insertInto('fleet_keys')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow();
    if (inserted.numInsertedOrUpdatedRows === 0n) {
      throw new WaysideError('already_exists', `there is a fleet key "${given.id}"`);
    }
    const { type, idPrefix, maxDevices, expiresAt } = given;
    await writeAudit(trx, change, 'fleet-key.created', given.id, { type, idPrefix, maxDevices, expiresAt });
    return fleetKeyOf(row);
  });
}

export async function listFleetKeys(db: Kysely<Schema>, page: PageRequest): Promise<Page<FleetKey>> {
  const rows = await db.selectFrom('fleet_keys').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], fleetKeyOf);
}

/** Ends a key: nobody comes in with it any more. Devices with a token of their own stay. @throws WaysideError `not_found` */
export async function revokeFleetKey(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx
      .deleteFrom('fleet_keys')
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (deleted === undefined) throw new WaysideError('not_found', `there is no fleet key "${id}"`);
    await writeAudit(trx, change, 'fleet-key.revoked', id);
  });
}

/**
 * Lets a device in by a fleet key: one that is unknown so far becomes a device of the key's type. One that came in with the same
 * key and has not used a token of its own yet comes in again, for it may have lost its token before it was stored.
 *
 * @param contact `token` is that of a new device, and with `renew` also of one that comes again
 * @returns id of the fleet key, and whether the device is new
 * @throws WaysideError `bad_fleet_key`, `fleet_key_used_up`, `already_exists`
 */
export async function provisionDevice(
  db: Kysely<Schema>,
  contact: {
    readonly id: string;
    readonly key: string;
    readonly deviceKey: string;
    readonly token: string;
    readonly renew: boolean;
  },
  now: number,
  at: number,
): Promise<{ readonly fleetKey: string; readonly isNew: boolean }> {
  const lookup = lookupHash(contact.key);
  const find = (at: Kysely<Schema>) =>
    at.selectFrom('fleet_keys').selectAll().where('key_lookup', '=', lookup).executeTakeFirst();
  // Every login of an unknown name comes here: without a key it is to cost no transaction.
  if ((await find(db)) === undefined) throw noSuchKey();
  return db.transaction().execute(async (trx) => {
    const row = await find(trx);
    if (row === undefined) throw noSuchKey();
    if (row.expires_at !== null && row.expires_at <= now)
      throw new WaysideError('bad_fleet_key', `the key "${row.id}" is over`);
    const known = await trx
      .selectFrom('devices')
      .select('fleet_key')
      .where('id', '=', contact.id)
      .executeTakeFirst();
    if (known !== undefined && known.fleet_key === row.id) {
      if (contact.renew)
        await trx.updateTable('devices').set(keptOf(contact.token)).where('id', '=', contact.id).execute();
      return { fleetKey: row.id, isNew: false };
    }
    if (!contact.id.startsWith(row.id_prefix)) {
      throw new WaysideError(
        'bad_fleet_key',
        `the key "${row.id}" is for ids that begin with "${row.id_prefix}"`,
      );
    }
    await claimName(trx, contact.id);
    if (row.devices >= row.max_devices) {
      throw new WaysideError('fleet_key_used_up', `${row.max_devices} devices came in with "${row.id}"`);
    }
    await trx
      .updateTable('fleet_keys')
      .set({ devices: row.devices + 1 })
      .where('id', '=', row.id)
      .execute();
    await trx
      .insertInto('devices')
      .values({
        id: contact.id,
        device_key: contact.deviceKey,
        type: row.device_type,
        consumer_id: null,
        ...keptOf(contact.token),
        created_at: at,
        fleet_key: row.id,
      })
      .execute();
    await writeAudit(trx, { actor: `fleet-key:${row.id}`, at }, 'device.created', contact.id, {
      type: row.device_type,
    });
    return { fleetKey: row.id, isNew: true };
  });
}

function noSuchKey(): WaysideError {
  return new WaysideError('bad_fleet_key', 'there is no such key');
}

/** Gives a device that came in by a fleet key a token, in the place of one it has not used; false where it needs none. */
export async function issueFirstToken(db: Kysely<Schema>, id: string, token: string): Promise<boolean> {
  const issued = await db
    .updateTable('devices')
    .set(keptOf(token))
    .where('id', '=', id)
    .where('fleet_key', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return issued !== undefined;
}

/** A device has used its own token: the fleet key opens its id no longer. Gives the key's id, or null where that was known. */
export async function closeFirstContact(db: Kysely<Schema>, id: string, at: number): Promise<string | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom('devices').select('fleet_key').where('id', '=', id).executeTakeFirst();
    if (row === undefined || row.fleet_key === null) return null;
    await trx.updateTable('devices').set({ fleet_key: null }).where('id', '=', id).execute();
    await writeAudit(trx, { actor: `device:${id}`, at }, 'device.token_confirmed', id);
    return row.fleet_key;
  });
}
