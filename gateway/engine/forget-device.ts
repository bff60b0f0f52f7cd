import type { Kysely } from 'kysely';
import { forgetDevice } from '../../rules/forget-device.ts';
import type { RemovedDevice } from '../records/device-erasures.ts';
import type { Schema } from '../records/schema.ts';
import { deletingSecurely } from '../records/secure-delete.ts';
import type { LivePositions } from './live-positions.ts';
import { type Subjects, subjectOf } from './subjects.ts';

export interface ForgetParts {
  readonly db: Kysely<Schema>;
  readonly subjects: Subjects;
  readonly positions: LivePositions;
}

/**
 * Takes a removed device out of all that the engine keeps, also from the file's bytes; who sweeps the files afterwards empties the
 * log. To be run between batches, when nothing is uncommitted.
 *
 * @param upToSeq entries of its id up to here are its own; a later device of that id has later ones
 */
export async function forgetDeviceState(
  { db, subjects, positions }: ForgetParts,
  device: RemovedDevice,
  upToSeq: number,
): Promise<void> {
  positions.forget(device.id);
  const subject = subjectOf(device.id, device.consumerId);
  if (device.consumerId === null) subjects.drop(subject);
  else {
    await subjects.prepare([subject]);
    // Its timers are found anew by a tick that is due at once.
    subjects.set(subject, forgetDevice(subjects.memory(subject), device.id), 0);
  }
  await db.transaction().execute((transaction) =>
    deletingSecurely(transaction, async () => {
      await transaction
        .updateTable('device_erasures')
        .set({ up_to_seq: upToSeq })
        .where('device_key', '=', device.key)
        .execute();
      await subjects.save(transaction);
      if (device.consumerId === null)
        await transaction.deleteFrom('subject_memories').where('subject', '=', subject).execute();
      // What was on its way while the device was removed.
      await transaction.deleteFrom('quarantine').where('device', '=', device.id).execute();
      await transaction.deleteFrom('visits').where('device', '=', device.id).execute();
      await transaction.deleteFrom('reading_verdicts').where('device_key', '=', device.key).execute();
      await transaction.deleteFrom('seen_readings_0').where('device_key', '=', device.key).execute();
      await transaction.deleteFrom('seen_readings_1').where('device_key', '=', device.key).execute();
      await transaction.deleteFrom('seen_packets').where('device_key', '=', device.key).execute();
    }),
  );
  subjects.saved();
}
