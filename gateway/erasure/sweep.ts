import { type Kysely, sql } from 'kysely';
import type { ErasedEntries, Journal } from '../journal/journal.ts';
import { overwriteFreePages } from '../overwrite-free-pages.ts';
import { inChunks } from '../records/chunks.ts';
import type { MqttSessions } from '../records/mqtt-sessions.ts';
import type { Schema } from '../records/schema.ts';

export interface SweepParts {
  readonly db: Kysely<Schema>;
  readonly sessions: Pick<MqttSessions, 'emptyLog'>;
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

/** Overwrites in the files of the records and the MQTT sessions what was deleted there: in pages that are free, and in their logs. */
export async function sweepRecords({ db, sessions }: SweepParts): Promise<void> {
  await overwriteFreePages(async (statement) => (await sql<Row>`${sql.raw(statement)}`.execute(db)).rows);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  await sessions.emptyLog();
}

type Row = Readonly<Record<string, unknown>>;
