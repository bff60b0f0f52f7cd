import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Reading } from '../../rules/readings/reading.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';
import { deleteOldPackets } from './packet-memory.ts';

const DAY_MS = 86_400_000;
const TABLES = ['seen_readings_0', 'seen_readings_1'] as const;

/** By what a repeated reading with a time of its own is known, within its device. */
export interface Identity {
  readonly deviceKey: string;
  /** The given time, epoch ms. */
  readonly at: number;
  /** 48 bits of a hash, so that it stays an exact number. */
  readonly digest: number;
}

/** A key for sets of identities. */
export const identityKey = ({ deviceKey, at, digest }: Identity): string => `${deviceKey} ${at} ${digest}`;

/** A reading with a given `at` is known by time and content; null without (see packet-memory.ts). */
export function identityOf(deviceKey: string, reading: Reading): Identity | null {
  if (reading.at === undefined) return null;
  const digest = Number.parseInt(hash('sha1', JSON.stringify(reading)).slice(0, 12), 16);
  return { deviceKey, at: reading.at, digest };
}

/** Adds to `seen` which of these identities were stored within the last 24 hours (up to 48, for a table is emptied as a whole). */
export async function findSeen(
  db: Kysely<Schema>,
  candidates: readonly Identity[],
  seen: Set<string>,
): Promise<void> {
  const byDevice = Map.groupBy(candidates, (candidate) => candidate.deviceKey);
  for (const [deviceKey, identities] of byDevice) {
    for (const chunk of inChunks([...new Set(identities.map(({ at }) => at))])) {
      for (const table of TABLES) {
        const rows = await db
          .selectFrom(table)
          .select(['at', 'digest'])
          .where('device_key', '=', deviceKey)
          .where('at', 'in', chunk)
          .execute();
        for (const { at, digest } of rows) seen.add(identityKey({ deviceKey, at, digest }));
      }
    }
  }
}

/** Newest given `at` of what is remembered of each device, epoch ms; -Infinity where nothing is. */
export async function newestSeen(
  db: Kysely<Schema>,
  deviceKeys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const newest = new Map(deviceKeys.map((key) => [key, Number.NEGATIVE_INFINITY]));
  for (const table of TABLES) {
    // For each key one look at the end of its part of the index.
    const { rows } = await sql<{ device_key: string; at: number | null }>`
      select value as device_key, (select max(at) from ${sql.table(table)} where device_key = value) as at
      from json_each(${JSON.stringify(deviceKeys)})`.execute(db);
    for (const { device_key, at } of rows) {
      if (at !== null && at > (newest.get(device_key) ?? Number.NEGATIVE_INFINITY))
        newest.set(device_key, at);
    }
  }
  return newest;
}

/**
 * The last day (UTC) that anything was taken on, by the quality record, in which every message is counted; null: none is known. A gateway that
 * is started anew each midnight would else never see a day end, and forget nothing.
 */
export async function lastDayHeard(db: Kysely<Schema>): Promise<number | null> {
  const row = await db
    .selectFrom('quality_days')
    .select('day')
    .orderBy('day', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.day ?? null;
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
    await deleteOldPackets(transaction, now);
  }
  // One statement a device: a row each through the query builder cost more than all of the rules.
  for (const [deviceKey, own] of Map.groupBy(identities, (identity) => identity.deviceKey)) {
    const list = JSON.stringify(own.map(({ at, digest }) => [at, digest]));
    await sql`insert or ignore into ${sql.table(table)} (device_key, at, digest)
      select ${deviceKey}, value ->> 0, value ->> 1 from json_each(${list})`.execute(transaction);
  }
  return Math.max(day, lastDay ?? day);
}
