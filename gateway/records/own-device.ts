import type { Kysely } from 'kysely';
import { type Memory, own } from '../../rules/memory.ts';
import type { MetricValue } from '../../rules/readings/reading.ts';
import { WaysideError } from '../errors.ts';
import type { Schema } from './schema.ts';

export interface OwnDevice {
  readonly id: string;
  readonly type: string;
  /** Its name in the telemetry store. */
  readonly deviceKey: string;
  /** Domain time from which its readings are this person's to see; 0 where that was not noted. */
  readonly linkedAt: number;
}

/** What a device told last: times are domain time, epoch ms. */
export interface LatestValues {
  /** Of its newest reading; null where nothing is remembered. */
  readonly lastAt: number | null;
  readonly positionAt: number | null;
  /** By name. */
  readonly metrics: readonly { readonly name: string; readonly value: MetricValue; readonly at: number }[];
}

/**
 * A device that is linked to this consumer.
 *
 * @throws WaysideError `not_found`, also for a device that is somebody else's: whether it exists is theirs to know
 */
export async function requireOwnDevice(db: Kysely<Schema>, consumer: string, id: string): Promise<OwnDevice> {
  const row = await db
    .selectFrom('devices')
    .select(['id', 'type', 'device_key', 'linked_at'])
    .where('id', '=', id)
    .where('consumer_id', '=', consumer)
    .executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `no device "${id}" is linked to you`);
  return { id: row.id, type: row.type, deviceKey: row.device_key, linkedAt: row.linked_at ?? 0 };
}

/** What is remembered of a consumer's device; it was saved with the batch in which the device last spoke. */
export async function latestValues(
  db: Kysely<Schema>,
  consumer: string,
  device: string,
): Promise<LatestValues> {
  const row = await db
    .selectFrom('subject_memories')
    .select('memory_json')
    .where('subject', '=', `c:${consumer}`)
    .executeTakeFirst();
  const memory = row === undefined ? null : (JSON.parse(row.memory_json) as Memory);
  const known = memory === null ? undefined : own(memory.devices, device);
  if (known === undefined) return { lastAt: null, positionAt: null, metrics: [] };
  return {
    lastAt: known.lastAt > 0 ? known.lastAt : null,
    positionAt: known.positionAt,
    metrics: Object.entries(known.metrics)
      .map(([name, { value, at }]) => ({ name, value, at }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
