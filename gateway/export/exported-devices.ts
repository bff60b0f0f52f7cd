import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import type { Schema } from '../records/schema.ts';

/** A device as its owner's export needs it. */
export interface ExportedDevice {
  readonly id: string;
  /** Its name in the telemetry store. */
  readonly key: string;
  readonly type: string;
  /** Domain time; what the device told before is an earlier owner's. Null where it was this person's from its first day. */
  readonly since: number | null;
}

export async function exportedDevices(
  db: Kysely<Schema>,
  consumer: string,
): Promise<readonly ExportedDevice[]> {
  const rows = await db
    .selectFrom('devices')
    .select(['id', 'device_key', 'type', 'created_at', 'linked_at'])
    .where('consumer_id', '=', consumer)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    key: row.device_key,
    type: row.type,
    since: row.linked_at === row.created_at ? null : row.linked_at,
  }));
}

/** @throws WaysideError `not_found`, also for a device that is somebody else's */
export async function exportedDevice(
  db: Kysely<Schema>,
  consumer: string,
  device: string,
): Promise<ExportedDevice> {
  const found = (await exportedDevices(db, consumer)).find(({ id }) => id === device);
  if (found === undefined)
    throw new WaysideError('not_found', `no device "${device}" is linked to this person`);
  return found;
}
