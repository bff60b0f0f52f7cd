import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/schema.ts';
import { MOST_ENTRIES_A_DEVICE } from './quarantine-bounds.ts';
import type { QuarantineRow } from './quarantine-rows.ts';

/** Of a larger payload the head is kept: enough to see what is wrong, and no way to fill the disk. */
const KEPT_PAYLOAD_BYTES = 16 * 1024;

/**
 * Keeps what was refused. The same complaint about the same payload is counted, and not kept again. Statements as text: the query
 * builder took five times as long, for all of which nobody else could write.
 */
export async function quarantine(
  transaction: Kysely<Schema>,
  rows: readonly QuarantineRow[],
  newId: () => string,
): Promise<void> {
  for (const row of rows) await upsert(transaction, newId(), row);
  for (const device of new Set(rows.map(({ note }) => note.device))) await dropOldest(transaction, device);
}

async function upsert(
  transaction: Kysely<Schema>,
  id: string,
  { note, digest, lastAt, times }: QuarantineRow,
): Promise<void> {
  const { device, topic, code, message, payload, at, readingsTaken, payloadBytes } = note;
  const part = note.part === null ? null : JSON.stringify(note.part);
  await sql`insert into quarantine (id, device, topic, code, message, payload, payload_digest, first_seen_at, last_seen_at,
      count, part_json, readings_taken, payload_bytes, tries)
    values (${id}, ${device}, ${topic}, ${code}, ${message}, ${payload.subarray(0, KEPT_PAYLOAD_BYTES)}, ${digest}, ${at},
      ${lastAt}, ${times}, ${part}, ${readingsTaken}, ${payloadBytes}, 0)
    on conflict (device, topic, code, message, payload_digest) do update set
      last_seen_at = excluded.last_seen_at, count = count + excluded.count`.execute(transaction);
}

async function dropOldest(transaction: Kysely<Schema>, device: string): Promise<void> {
  await sql`delete from quarantine where device = ${device} and (last_seen_at, id) <= (
      select last_seen_at, id from quarantine where device = ${device}
      order by last_seen_at desc, id desc limit 1 offset ${MOST_ENTRIES_A_DEVICE})`.execute(transaction);
}
