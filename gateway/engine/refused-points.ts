import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { telemetryTopic } from '../../broker/topics.ts';
import type { Schema } from '../records/schema.ts';
import type { RejectedPoint } from '../telemetry/telemetry-store.ts';
import type { QuarantineNote } from './outcome.ts';
import { saveQuality } from './quality-save.ts';
import { QualityTally } from './quality-tally.ts';
import { quarantine } from './quarantine.ts';
import { quarantineRows } from './quarantine-rows.ts';

/** In one transaction, which the rules wait for. */
const POINTS_AT_ONCE = 250;

/** Puts readings that the telemetry store will never take into quarantine, each with the store's own words. */
export async function quarantineRefused(
  db: Kysely<Schema>,
  rejected: readonly RejectedPoint[],
  newId: () => string,
): Promise<void> {
  for (let start = 0; start < rejected.length; start += POINTS_AT_ONCE) {
    const part = rejected.slice(start, start + POINTS_AT_ONCE);
    await db.transaction().execute((transaction) => quarantinePart(transaction, part, newId));
    await nextTurn();
  }
}

async function quarantinePart(
  transaction: Kysely<Schema>,
  rejected: readonly RejectedPoint[],
  newId: () => string,
): Promise<void> {
  const keys = [...new Set(rejected.map(({ point }) => point.deviceKey))];
  const rows = await transaction
    .selectFrom('devices')
    .select(['id', 'device_key'])
    .where('device_key', 'in', keys)
    .execute();
  const ids = new Map(rows.map((row) => [row.device_key, row.id]));
  const notes: QuarantineNote[] = [];
  const quality = new QualityTally();
  for (const { point, message } of rejected) {
    const { deviceKey, seq: _, ...reading } = point;
    const device = ids.get(deviceKey);
    // A device that was removed since leaves nobody to tell.
    if (device === undefined) continue;
    const payload = new TextEncoder().encode(JSON.stringify(reading));
    quality.of(device, point.receivedAt).note('refused', 'bad_metric', point.receivedAt);
    notes.push({
      device,
      topic: telemetryTopic(device),
      code: 'bad_metric',
      message: `the telemetry store refused it: ${message}`,
      payload,
      payloadBytes: payload.length,
      at: point.receivedAt,
      // Of its own: a whole reading would be known as one that was stored before.
      part: { index: 0 },
      readingsTaken: 1,
      times: 1,
    });
  }
  await quarantine(transaction, quarantineRows(notes), newId);
  await saveQuality(transaction, quality);
}
