import type { Kysely } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import { requireConsumer } from './consumers.ts';
import { type Alongside, type RemovedDevice, removeDeviceRows } from './device-erasures.ts';
import { noteRewriteDue } from './erasure-marks.ts';
import { deleteParts, deleteRows } from './person-tables/rows-of.ts';
import type { Schema } from './schema.ts';
import { deletingSecurely } from './secure-delete.ts';

/** A person who was removed, with the devices that were linked to them. */
export interface RemovedConsumer {
  readonly id: string;
  readonly devices: readonly RemovedDevice[];
}

/** Who is to be erased, as the ledger of erasures knows them. */
export interface FoundConsumer {
  readonly id: string;
  readonly createdAt: number;
  readonly devices: readonly RemovedDevice[];
}

/** @throws WaysideError `not_found` */
export async function findConsumerToErase(db: Kysely<Schema>, id: string): Promise<FoundConsumer> {
  const { createdAt } = await requireConsumer(db, id);
  return { id, createdAt, devices: await devicesOf(db, id) };
}

function devicesOf(db: Kysely<Schema>, consumer: string): Promise<RemovedDevice[]> {
  return db
    .selectFrom('devices')
    .select(['id', 'device_key as key', 'consumer_id as consumerId'])
    .where('consumer_id', '=', consumer)
    .orderBy('id')
    .execute();
}

/**
 * Removes a person with all that the records hold of them, and the devices that are linked to them. How many offers were sent and
 * codes were given stays, without a name. The engine may still be at a batch of theirs, and forgets them afterwards.
 *
 * @param alongside what else is to be written in the same transaction
 * @throws WaysideError `not_found`
 */
export async function removeConsumer(
  db: Kysely<Schema>,
  id: string,
  change: Change,
  alongside: Alongside = async () => undefined,
): Promise<RemovedConsumer> {
  const devices = await db.transaction().execute(async (trx) => {
    await requireConsumer(trx, id);
    const linked = await devicesOf(trx, id);
    await writeAudit(trx, change, 'consumer.erased', id);
    await trx
      .insertInto('consumer_erasures')
      .values({ consumer_id: id, engine_forgot: 0, requested_at: change.at })
      // Registered anew while the one before is still being erased.
      .onConflict((conflict) => conflict.column('consumer_id').doUpdateSet({ engine_forgot: 0 }))
      .execute();
    for (const device of linked) await removeDeviceRows(trx, device, change.at);
    await deleteRows(trx, { kind: 'consumer', id });
    await noteRewriteDue(trx);
    await alongside(trx);
    return linked;
  });
  await deleteParts(db, { kind: 'consumer', id });
  for (const device of devices) await deleteParts(db, { kind: 'device', ...device });
  return { id, devices };
}

/** Those whom the engine has not forgotten yet. */
export async function unforgottenConsumers(db: Kysely<Schema>): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('consumer_erasures')
    .select('consumer_id')
    .where('engine_forgot', '=', 0)
    .execute();
  return rows.map((row) => row.consumer_id);
}

/** Forgets the erasures of people whom the engine has forgotten and whose devices' erasures are through. */
export async function forgetErasedConsumers(db: Kysely<Schema>): Promise<void> {
  await db.transaction().execute((trx) =>
    deletingSecurely(trx, () =>
      trx
        .deleteFrom('consumer_erasures')
        .where('engine_forgot', '=', 1)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('device_erasures')
                .select('device_key')
                .whereRef('device_erasures.consumer_id', '=', 'consumer_erasures.consumer_id'),
            ),
          ),
        )
        .execute(),
    ),
  );
}

/** What erasures still wait for. */
export interface WaitingErasures {
  /** Ids of people. */
  readonly consumers: ReadonlySet<string>;
  /** By device key: whether the telemetry is gone. */
  readonly devices: ReadonlyMap<string, boolean>;
}

export async function waitingErasures(db: Kysely<Schema>): Promise<WaitingErasures> {
  const consumers = await db.selectFrom('consumer_erasures').select('consumer_id').execute();
  const devices = await db.selectFrom('device_erasures').select(['device_key', 'telemetry_gone']).execute();
  return {
    consumers: new Set(consumers.map((row) => row.consumer_id)),
    devices: new Map(devices.map((row) => [row.device_key, row.telemetry_gone === 1])),
  };
}
