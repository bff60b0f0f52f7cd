import { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import type { Purpose } from '../../rules/step.ts';
import { setConsent } from '../records/consents.ts';
import type { Schema } from '../records/schema.ts';

/** A consent that somebody took back, or never gave. */
export interface WithdrawnConsent {
  readonly consumer: string;
  readonly purpose: Purpose;
}

/**
 * What people of a data directory do not agree to now; a backup may say that they did. Null where its records can't be read: they
 * may be the reason for the restore.
 */
export function readWithdrawn(recordsFile: string): readonly WithdrawnConsent[] | null {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(recordsFile, { readOnly: true });
    const rows = database.prepare('select consumer_id, purpose from consents where granted = 0').all();
    return rows.map((row) => ({ consumer: String(row.consumer_id), purpose: row.purpose as Purpose }));
  } catch {
    // Not there, damaged, or of a version before there were consents: whoever asks is told.
    return null;
  } finally {
    database?.close();
  }
}

/** Withdraws what the records say is granted. @param at domain time, epoch ms @returns how many */
export async function keepWithdrawn(
  db: Kysely<Schema>,
  withdrawn: readonly WithdrawnConsent[],
  at: number,
): Promise<number> {
  let kept = 0;
  for (const { consumer, purpose } of withdrawn) {
    const granted = await db
      .selectFrom('consents')
      .select('purpose')
      .where('consumer_id', '=', consumer)
      .where('purpose', '=', purpose)
      .where('granted', '=', 1)
      .executeTakeFirst();
    if (granted === undefined) continue;
    await setConsent(db, consumer, { purpose, granted: false, source: 'restore' }, { actor: 'restore', at });
    kept += 1;
  }
  return kept;
}
