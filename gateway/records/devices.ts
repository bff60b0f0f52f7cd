import type { Kysely, Selectable } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { consumerName } from './audit-names.ts';
import { requireConsumer } from './consumers.ts';
import { requireDeviceType } from './device-types.ts';
import { claimName } from './logins.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';
import { keptOf } from './tokens.ts';

export interface Device {
  readonly id: string;
  readonly type: string;
  readonly consumerId: string | null;
  readonly createdAt: number;
  /** Real time since when it may not log in, or null. */
  readonly revokedAt: number | null;
  /** It came in by a fleet key, and has not used a token of its own yet. */
  readonly awaitsToken: boolean;
}

const ORDER = { list: 'devices', timeColumn: 'created_at', idColumn: 'id' };

function deviceOf(row: Selectable<Schema['devices']>): Device {
  return {
    id: row.id,
    type: row.type,
    consumerId: row.consumer_id,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    awaitsToken: row.fleet_key !== null,
  };
}

/**
 * @param device `deviceKey` is random and becomes the device's name in the telemetry store
 * @throws WaysideError `already_exists`, `unknown_consumer`, `unknown_device_type`
 */
export async function createDevice(
  db: Kysely<Schema>,
  device: {
    readonly id: string;
    readonly type: string;
    readonly consumerId: string | null;
    readonly deviceKey: string;
    readonly token: string;
  },
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await requireDeviceType(trx, device.type);
    if (device.consumerId !== null) await requireConsumer(trx, device.consumerId, 'unknown_consumer');
    await claimName(trx, device.id);
    await trx
      .insertInto('devices')
      .values({
        id: device.id,
        device_key: device.deviceKey,
        type: device.type,
        consumer_id: device.consumerId,
        ...keptOf(device.token),
        created_at: change.at,
        linked_at: device.consumerId === null ? null : change.at,
      })
      .execute();
    await writeAudit(trx, change, 'device.created', device.id, {
      type: device.type,
      consumerId: consumerName(device.consumerId),
    });
  });
}

/** @throws WaysideError `not_found` */
export async function getDevice(db: Kysely<Schema>, id: string): Promise<Device> {
  return deviceOf(await deviceRow(db, id));
}

/** The name under which the device's telemetry is kept. @throws WaysideError `not_found` */
export async function deviceKeyOf(db: Kysely<Schema>, id: string): Promise<string> {
  return (await deviceRow(db, id)).device_key;
}

export async function listDevices(
  db: Kysely<Schema>,
  filter: { readonly consumer?: string | undefined; readonly type?: string | undefined },
  page: PageRequest,
): Promise<Page<Device>> {
  const rows = await db
    .selectFrom('devices')
    .selectAll()
    .$call(onPage(ORDER, page, { consumer_id: filter.consumer, type: filter.type }))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], deviceOf);
}

/** Links a device to a consumer, or (null) to nobody. @throws WaysideError `not_found`, `unknown_consumer` */
export async function linkDevice(
  db: Kysely<Schema>,
  id: string,
  consumerId: string | null,
  change: Change,
): Promise<{ readonly device: Device; readonly before: string | null }> {
  return db.transaction().execute(async (trx) => {
    const row = await deviceRow(trx, id);
    if (consumerId !== null) await requireConsumer(trx, consumerId, 'unknown_consumer');
    // Linked to whom it was linked before: what it told since then stays theirs to see.
    const linkedAt = consumerId === row.consumer_id ? row.linked_at : change.at;
    await trx
      .updateTable('devices')
      .set({ consumer_id: consumerId, linked_at: linkedAt })
      .where('id', '=', id)
      .execute();
    await writeAudit(trx, change, 'device.linked', id, {
      from: consumerName(row.consumer_id),
      to: consumerName(consumerId),
    });
    return { device: deviceOf({ ...row, consumer_id: consumerId }), before: row.consumer_id };
  });
}

/** @throws WaysideError `not_found` */
export async function deviceRow(db: Kysely<Schema>, id: string): Promise<Selectable<Schema['devices']>> {
  const row = await db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
  return row;
}
