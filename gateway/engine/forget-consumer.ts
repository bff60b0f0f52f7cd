import { deleteParts } from '../records/person-tables/rows-of.ts';
import { deletingSecurely } from '../records/secure-delete.ts';
import type { ForgetParts } from './forget-device.ts';
import { subjectOf } from './subjects.ts';

/**
 * Takes a removed person out of all that the engine keeps, and deletes what it wrote of them while they were removed; who sweeps the files
 * afterwards empties the log. To be run
 * between batches, after their devices were forgotten.
 */
export async function forgetConsumerState(
  { db, subjects, positions }: ForgetParts,
  consumer: string,
): Promise<void> {
  positions.forgetOwner(consumer);
  const subject = subjectOf('', consumer);
  subjects.drop(subject);
  await deleteParts(db, { kind: 'consumer', id: consumer });
  await db.transaction().execute((trx) =>
    deletingSecurely(trx, async () => {
      await trx.deleteFrom('subject_memories').where('subject', '=', subject).execute();
      await trx
        .updateTable('consumer_erasures')
        .set({ engine_forgot: 1 })
        .where('consumer_id', '=', consumer)
        .execute();
    }),
  );
}
