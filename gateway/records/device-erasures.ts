import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';
import { deletingSecurely } from './secure-delete.ts';

/** A device that was removed: what is needed to find what it left elsewhere. */
export interface RemovedDevice {
  readonly id: string;
  readonly key: string;
  readonly consumerId: string | null;
}

/**
 * Removes a device with its credentials, commands, configuration, presence, quality, quarantine and visits, and notes that its
 * telemetry is to go. What was decided and sent stays: that is the consumer's history, and names the device by its id alone.
 *
 * @throws WaysideError `not_found`
 */
export async function removeDevice(db: Kysely<Schema>, id: string, change: Change): Promise<RemovedDevice> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('devices')
      .select(['device_key', 'consumer_id'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
    await trx
      .insertInto('device_erasures')
      .values({
        device_key: row.device_key,
        device_id: id,
        consumer_id: row.consumer_id,
        up_to_seq: null,
        telemetry_gone: 0,
        requested_at: change.at,
      })
      .execute();
    await deletingSecurely(trx, async () => {
      await trx.deleteFrom('devices').where('id', '=', id).execute();
      await trx.deleteFrom('quarantine').where('device', '=', id).execute();
      await trx.deleteFrom('visits').where('device', '=', id).execute();
      await trx.deleteFrom('previous_tokens').where('user_id', '=', id).execute();
    });
    await writeAudit(trx, change, 'device.erased', id);
    return { id, key: row.device_key, consumerId: row.consumer_id };
  });
}

/** Those that the engine has not forgotten yet: something ended the process in between. */
export async function unforgottenDevices(db: Kysely<Schema>): Promise<readonly RemovedDevice[]> {
  const rows = await db.selectFrom('device_erasures').selectAll().where('up_to_seq', 'is', null).execute();
  return rows.map((row) => ({ id: row.device_id, key: row.device_key, consumerId: row.consumer_id }));
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
