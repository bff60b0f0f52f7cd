import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/schema.ts';
import type { QuarantineNote } from './outcome.ts';

/** Of a larger payload the head is kept: enough to see what is wrong, and no way to fill the disk. */
const KEPT_PAYLOAD_BYTES = 16 * 1024;
/** Beyond it the entries of a device that were seen last longest ago go. */
const MOST_ENTRIES_A_DEVICE = 500;

/** Keeps what was refused. The same complaint about the same payload is counted, and not kept again. */
export async function quarantine(
  transaction: Kysely<Schema>,
  notes: readonly QuarantineNote[],
  newId: () => string,
): Promise<void> {
  /** Of a payload once, for several complaints may be about it. */
  const digests = new Map<Uint8Array, string>();
  for (const note of notes) {
    const digest = digests.get(note.payload) ?? hash('sha1', note.payload);
    digests.set(note.payload, digest);
    await upsert(transaction, newId(), note, digest);
  }
  for (const device of new Set(notes.map((note) => note.device))) await dropOldest(transaction, device);
}

async function upsert(
  transaction: Kysely<Schema>,
  id: string,
  note: QuarantineNote,
  digest: string,
): Promise<void> {
  await transaction
    .insertInto('quarantine')
    .values({
      id,
      device: note.device,
      topic: note.topic,
      code: note.code,
      message: note.message,
      payload: note.payload.subarray(0, KEPT_PAYLOAD_BYTES),
      payload_digest: digest,
      first_seen_at: note.at,
      last_seen_at: note.at,
      count: note.times,
      part_json: note.part === null ? null : JSON.stringify(note.part),
      readings_taken: note.readingsTaken,
      payload_bytes: note.payloadBytes,
      tries: 0,
    })
    .onConflict((conflict) =>
      conflict.columns(['device', 'topic', 'code', 'message', 'payload_digest']).doUpdateSet((row) => ({
        last_seen_at: row.ref('excluded.last_seen_at'),
        count: row('quarantine.count', '+', row.ref('excluded.count')),
      })),
    )
    .execute();
}

async function dropOldest(transaction: Kysely<Schema>, device: string): Promise<void> {
  const newestToGo = await transaction
    .selectFrom('quarantine')
    .select(['last_seen_at', 'id'])
    .where('device', '=', device)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id', 'desc')
    .offset(MOST_ENTRIES_A_DEVICE)
    .limit(1)
    .executeTakeFirst();
  if (newestToGo === undefined) return;
  const { last_seen_at, id } = newestToGo;
  await transaction
    .deleteFrom('quarantine')
    .where('device', '=', device)
    .where((row) =>
      row.or([
        row('last_seen_at', '<', last_seen_at),
        row.and([row('last_seen_at', '=', last_seen_at), row('id', '<=', id)]),
      ]),
    )
    .execute();
}
