import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { noteRewriteDue } from './erasure-marks.ts';
import { deleteParts, deleteRows } from './person-tables/rows-of.ts';
import type { Schema } from './schema.ts';

/** A device that was removed: what is needed to find what it left elsewhere. */
export interface RemovedDevice {
  readonly id: string;
  readonly key: string;
  readonly consumerId: string | null;
}

/** Work in the transaction of a removal. */
export type Alongside = (trx: Kysely<Schema>) => Promise<void>;

/**
 * Removes a device with all that the records hold of it, and notes that its telemetry is to go. What was decided and sent stays:
 * that is the consumer's history, and names the device by its id alone.
 *
 * @param alongside what else is to be written in the same transaction
 * @throws WaysideError `not_found`
 */
export async function removeDevice(
  db: Kysely<Schema>,
  id: string,
  change: Change,
  alongside: Alongside = async () => undefined,
): Promise<RemovedDevice> {
  const device = await db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('devices')
      .select(['id', 'device_key as key', 'consumer_id as consumerId'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
    // Before its rows go, and its name in the audit log with them.
    await writeAudit(trx, change, 'device.erased', id);
    await removeDeviceRows(trx, row, change.at);
    await noteRewriteDue(trx);
    await alongside(trx);
    return row;
  });
  await deleteParts(db, { kind: 'device', ...device });
  return device;
}

/** The same within a larger erasure, without what is deleted in parts. */
export async function removeDeviceRows(
  trx: Kysely<Schema>,
  device: RemovedDevice,
  at: number,
): Promise<void> {
  await trx
    .insertInto('device_erasures')
    .values({
      device_key: device.key,
      device_id: device.id,
      consumer_id: device.consumerId,
      up_to_seq: null,
      telemetry_gone: 0,
      aliases_json: JSON.stringify(await aliasesOf(trx, device.id)),
      requested_at: at,
    })
    .execute();
  await deleteRows(trx, { kind: 'device', ...device });
}

/** Those that the engine has not forgotten yet: something ended the process in between. */
export async function unforgottenDevices(db: Kysely<Schema>): Promise<readonly RemovedDevice[]> {
  const rows = await db.selectFrom('device_erasures').selectAll().where('up_to_seq', 'is', null).execute();
  return rows.map(removedDeviceOf);
}

async function aliasesOf(trx: Kysely<Schema>, id: string): Promise<readonly string[]> {
  const rows = await trx.selectFrom('device_aliases').select('alias').where('device_id', '=', id).execute();
  return rows.map(({ alias }) => alias);
}

/** A removed device whose MQTT sessions and retained messages are not known to be gone. */
export interface DeviceWithSessions extends RemovedDevice {
  /** What it was called in dialects. */
  readonly aliases: readonly string[];
}

export async function devicesWithSessions(db: Kysely<Schema>): Promise<readonly DeviceWithSessions[]> {
  const rows = await db.selectFrom('device_erasures').selectAll().where('sessions_gone', '=', 0).execute();
  return rows.map((row) => ({ ...removedDeviceOf(row), aliases: JSON.parse(row.aliases_json) }));
}

export async function noteSessionsGone(db: Kysely<Schema>, device: RemovedDevice): Promise<void> {
  await db
    .updateTable('device_erasures')
    // The aliases have served.
    .set({ sessions_gone: 1, aliases_json: '[]' })
    .where('device_key', '=', device.key)
    .execute();
}

function removedDeviceOf(row: Pick<Schema['device_erasures'], 'device_id' | 'device_key' | 'consumer_id'>) {
  return { id: row.device_id, key: row.device_key, consumerId: row.consumer_id };
}

/** Up to which sequence of the journal entries of these ids belong to devices that were removed since. */
export async function erasedUpTo(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('device_erasures')
    .select((row) => ['device_id', row.fn.max('up_to_seq').as('up_to_seq')])
    .where('device_id', 'in', ids)
    .groupBy('device_id')
    .execute();
  return new Map(rows.map((row) => [row.device_id, Number(row.up_to_seq ?? 0)]));
}
