import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Reading } from '../../rules/reading.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';

const DAY_MS = 86_400_000;
const TABLES = ['seen_readings_0', 'seen_readings_1'] as const;

/** A reading's identity within its device: 48 bits of a hash, so that it stays an exact number. */
export interface Identity {
  readonly deviceKey: string;
  readonly identity: number;
}

/** A key for sets of identities. */
export const identityKey = (of: Identity): string => `${of.deviceKey} ${of.identity}`;

/**
 * By what a repeated reading is known. With a given `at`: time and content. Without: client, packet id and payload, and
 * only a PUBLISH that came with DUP can be a repetition; QoS 0 has neither.
 */
export function identityOf(
  deviceKey: string,
  reading: Reading,
  index: number,
  entry: StoredEntry,
): (Identity & { readonly mayRepeat: boolean }) | null {
  if (reading.at !== undefined) {
    return { deviceKey, identity: digest(JSON.stringify(reading)), mayRepeat: true };
  }
  if (entry.qos === 0) return null;
  const packet = `${entry.clientId} ${entry.packetId} ${index} ${JSON.stringify(reading)}`;
  return { deviceKey, identity: digest(packet), mayRepeat: entry.dup };
}

function digest(text: string): number {
  return Number.parseInt(hash('sha1', text).slice(0, 12), 16);
}

/** Which of these identities were stored within the last 24 hours (up to 48, for a table is emptied as a whole). */
export async function findSeen(db: Kysely<Schema>, candidates: readonly Identity[]): Promise<Set<string>> {
  const seen = new Set<string>();
  const byDevice = Map.groupBy(candidates, (candidate) => candidate.deviceKey);
  for (const [deviceKey, identities] of byDevice) {
    for (const chunk of inChunks(identities.map((candidate) => candidate.identity))) {
      for (const table of TABLES) {
        const rows = await db
          .selectFrom(table)
          .select(['device_key', 'identity'])
          .where('device_key', '=', deviceKey)
          .where('identity', 'in', chunk)
          .execute();
        for (const row of rows) seen.add(identityKey({ deviceKey: row.device_key, identity: row.identity }));
      }
    }
  }
  return seen;
}

/** Remembers identities under the day of `now`. Two tables take turns; the older is emptied when its turn comes. */
export async function rememberSeen(
  transaction: Kysely<Schema>,
  identities: readonly Identity[],
  now: number,
  lastDay: number | null,
): Promise<number> {
  const day = Math.floor(now / DAY_MS);
  const table = TABLES[day % 2 === 0 ? 0 : 1];
  if (lastDay !== null && day > lastDay) {
    await transaction.deleteFrom(table).execute();
    // After a pause of two days and more the other table is out of date as well.
    if (day > lastDay + 1) await transaction.deleteFrom(TABLES[day % 2 === 0 ? 1 : 0]).execute();
  }
  for (const chunk of inChunks(identities)) {
    await transaction
      .insertInto(table)
      .values(chunk.map(({ deviceKey, identity }) => ({ device_key: deviceKey, identity })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return Math.max(day, lastDay ?? day);
}
