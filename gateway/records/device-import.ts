import type { Kysely } from 'kysely';
import { ERRORS, type ErrorCode, type WaysideError } from '../errors.ts';
import { type Change, writeAudit, writeAudits } from './audit.ts';
import { consumerName } from './audit-names.ts';
import { inChunks } from './chunks.ts';
import { unknownDeviceType } from './device-types.ts';
import type { Schema } from './schema.ts';
import { keptOf } from './tokens.ts';

/** A device that is to be registered. */
export interface DeviceRow {
  readonly id: string;
  readonly type: string;
  readonly consumerId: string | null;
  readonly deviceKey: string;
  readonly token: string;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Registers many devices in one transaction: all that are good, or after a crash none of them. One that is not good keeps no
 * other out.
 *
 * @returns by id, why a device was refused; whoever is not there was registered
 */
export async function importDevices(
  db: Kysely<Schema>,
  devices: readonly DeviceRow[],
  change: Change,
): Promise<ReadonlyMap<string, Refusal>> {
  return db.transaction().execute(async (trx) => {
    const types = (await trx.selectFrom('device_types').select('id').orderBy('id').execute()).map(
      ({ id }) => id,
    );
    const refused = new Map<string, Refusal>();
    for (const chunk of inChunks(devices)) {
      const taken = await takenNames(
        trx,
        chunk.map(({ id }) => id),
      );
      const people = await knownConsumers(
        trx,
        chunk.flatMap(({ consumerId }) => consumerId ?? []),
      );
      const good: DeviceRow[] = [];
      for (const device of chunk) {
        const why = refusalOf(device, taken, people, types);
        if (why === null) good.push(device);
        else refused.set(device.id, why);
      }
      if (good.length > 0) await insert(trx, good, change);
    }
    await writeAudit(trx, change, 'devices.imported', `${devices.length - refused.size} devices`, {
      registered: devices.length - refused.size,
      refused: refused.size,
    });
    return refused;
  });
}

function refusalOf(
  { id, type, consumerId }: DeviceRow,
  taken: ReadonlySet<string>,
  people: ReadonlySet<string>,
  types: readonly string[],
): Refusal | null {
  if (taken.has(id)) return refusal('already_exists', `"${id}" is a device or a service account already`);
  if (!types.includes(type)) return refusalBy(unknownDeviceType(type, types));
  if (consumerId !== null && !people.has(consumerId))
    return refusal('unknown_consumer', `there is no consumer "${consumerId}"`);
  return null;
}

function refusalBy(error: WaysideError): Refusal {
  return refusal(error.code, error.detail);
}

function refusal(code: ErrorCode, detail: string): Refusal {
  return { code, message: `${ERRORS[code].title}: ${detail}` };
}

async function takenNames(trx: Kysely<Schema>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('devices')
    .select('id')
    .where('id', 'in', ids)
    .union(trx.selectFrom('service_accounts').select('id').where('id', 'in', ids))
    .execute();
  return new Set(rows.map(({ id }) => id));
}

async function knownConsumers(trx: Kysely<Schema>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await trx.selectFrom('consumers').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map(({ id }) => id));
}

async function insert(trx: Kysely<Schema>, devices: readonly DeviceRow[], change: Change): Promise<void> {
  await trx
    .deleteFrom('previous_tokens')
    .where(
      'user_id',
      'in',
      devices.map(({ id }) => id),
    )
    .execute();
  await trx
    .insertInto('devices')
    .values(
      devices.map(({ id, type, consumerId, deviceKey, token }) => ({
        id,
        device_key: deviceKey,
        type,
        consumer_id: consumerId,
        ...keptOf(token),
        created_at: change.at,
        linked_at: consumerId === null ? null : change.at,
      })),
    )
    .execute();
  await writeAudits(
    trx,
    change,
    'device.created',
    devices.map(({ id, type, consumerId }) => ({
      subject: id,
      detail: { type, consumerId: consumerName(consumerId) },
    })),
  );
}
