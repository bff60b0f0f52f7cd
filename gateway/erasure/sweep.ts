import { type Kysely, sql } from 'kysely';
import type { ErasedEntries, Journal } from '../journal/journal.ts';
import { overwriteFreePages } from '../overwrite-free-pages.ts';
import { inChunks } from '../records/chunks.ts';
import { emptyRecordsLog } from '../records/empty-records-log.ts';
import { rewriteRecords } from '../records/erasure-marks.ts';
import type { MqttSessions } from '../records/mqtt-sessions.ts';
import type { Schema } from '../records/schema.ts';

/** Written anew in about a quarter of a second, for which all that writes to the records waits. */
const REWRITTEN_AT_ONCE_BYTES = 48 * 1024 * 1024;

export interface SweepParts {
  readonly db: Kysely<Schema>;
  readonly sessions: Pick<MqttSessions, 'rewrite'>;
  readonly journal: Pick<Journal, 'erase'>;
}

/** Overwrites in the journal what removed devices published, of all whom the engine has forgotten. */
export async function sweepJournal({ db, journal }: SweepParts): Promise<void> {
  const rows = await db
    .selectFrom('device_erasures')
    .select(['device_key', 'device_id', 'up_to_seq'])
    .where('journal_gone', '=', 0)
    .where('up_to_seq', 'is not', null)
    .execute();
  if (rows.length === 0) return;
  const erased = new Map<string, number>();
  for (const { device_id, up_to_seq } of rows)
    erased.set(device_id, Math.max(up_to_seq ?? 0, erased.get(device_id) ?? 0));
  await journal.erase(erased satisfies ErasedEntries);
  for (const chunk of inChunks(rows.map(({ device_key }) => device_key))) {
    await db
      .updateTable('device_erasures')
      .set({ journal_gone: 1 })
      .where('device_key', 'in', chunk)
      .execute();
  }
}

/**
 * Has nothing left of what was deleted in the files of the records and the MQTT sessions. A large file of records is written anew
 * later, for that stops all that write: until then only its free pages and its log are overwritten.
 *
 * @returns whether the records are still to be written anew
 */
export async function sweepRecords({ db, sessions }: SweepParts): Promise<boolean> {
  const execute = async (statement: string) => (await sql<Row>`${sql.raw(statement)}`.execute(db)).rows;
  await sessions.rewrite();
  const { rows } = await sql<{ bytes: number }>`
    select page_count * page_size as bytes from pragma_page_count, pragma_page_size`.execute(db);
  if ((rows[0]?.bytes ?? 0) <= REWRITTEN_AT_ONCE_BYTES) {
    await rewriteRecords(db);
    return false;
  }
  await overwriteFreePages(execute);
  await emptyRecordsLog(db);
  return true;
}

type Row = Readonly<Record<string, unknown>>;
