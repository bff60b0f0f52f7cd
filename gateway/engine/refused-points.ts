import type { Kysely } from 'kysely';
import { telemetryTopic } from '../../broker/topics.ts';
import type { Schema } from '../records/schema.ts';
import type { RejectedPoint } from '../telemetry/telemetry-store.ts';
import type { QuarantineNote } from './outcome.ts';
import { saveQuality } from './quality-save.ts';
import { QualityTally } from './quality-tally.ts';
import { quarantine } from './quarantine.ts';

/** Puts readings that the telemetry store will never take into quarantine, each with the store's own words. */
export async function quarantineRefused(
  db: Kysely<Schema>,
  rejected: readonly RejectedPoint[],
  newId: () => string,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const notes: QuarantineNote[] = [];
    const quality = new QualityTally();
    for (const { point, message } of rejected) {
      const { deviceKey, seq: _, ...reading } = point;
      const device = await transaction
        .selectFrom('devices')
        .select('id')
        .where('device_key', '=', deviceKey)
        .executeTakeFirst();
      // A device that was removed since leaves nobody to tell.
      if (device === undefined) continue;
      const payload = new TextEncoder().encode(JSON.stringify(reading));
      quality.of(device.id, point.receivedAt).note('refused', 'bad_metric', point.receivedAt);
      notes.push({
        device: device.id,
        topic: telemetryTopic(device.id),
        code: 'bad_metric',
        message: `the telemetry store refused it: ${message}`,
        payload,
        payloadBytes: payload.length,
        at: point.receivedAt,
        // Of its own: a whole reading would be known as one that was stored before.
        part: { index: 0 },
        readingsTaken: 1,
      });
    }
    await quarantine(transaction, notes, newId);
    await saveQuality(transaction, quality);
  });
}
