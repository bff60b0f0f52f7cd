import { type Kysely, sql } from 'kysely';
import { inChunks } from './chunks.ts';
import type { OfflineReason, Schema } from './schema.ts';

/** Whether a device is connected. Times are real time, epoch ms. */
export interface Presence {
  readonly state: 'online' | 'offline';
  /** When it came, or went; null for a device that never was there. */
  readonly since: number | null;
  readonly lastSeenAt: number | null;
  /** Why it is offline. */
  readonly reason?: OfflineReason;
}

export const NEVER_SEEN: Presence = { state: 'offline', since: null, lastSeenAt: null };

export interface PresenceToKeep {
  readonly device: string;
  readonly state: 'online' | 'offline';
  readonly since: number;
  readonly lastSeenAt: number;
  readonly reason: OfflineReason | null;
}

/** Saves many with one statement a chunk; of devices that are gone nothing is kept. */
export async function keepPresence(db: Kysely<Schema>, rows: readonly PresenceToKeep[]): Promise<void> {
  for (const chunk of inChunks(rows)) {
    // `where true` tells SQLite's parser that `on conflict` is no join condition.
    await sql`insert into device_presence (device, state, since, last_seen_at, reason)
      select d.id, r.value ->> 'state', r.value ->> 'since', r.value ->> 'lastSeenAt', r.value ->> 'reason'
      from json_each(${JSON.stringify(chunk)}) r join devices d on d.id = r.value ->> 'device' where true
      on conflict (device) do update set state = excluded.state, since = excluded.since,
        last_seen_at = excluded.last_seen_at, reason = excluded.reason`.execute(db);
  }
}

/** Nobody is connected when a gateway starts: whoever was online went when the earlier one ended, or after it was last heard. */
export async function endPresence(db: Kysely<Schema>): Promise<void> {
  await sql`update device_presence set state = 'offline', since = last_seen_at, reason = 'gateway_stopped'
    where state = 'online'`.execute(db);
}

/** What is known of these devices, by id; of one that never connected, nothing. */
export async function presenceOf(
  db: Kysely<Schema>,
  devices: readonly string[],
): Promise<Map<string, Presence>> {
  const known = new Map<string, Presence>();
  for (const chunk of inChunks(devices)) {
    const rows = await db.selectFrom('device_presence').selectAll().where('device', 'in', chunk).execute();
    for (const { device, state, since, last_seen_at: lastSeenAt, reason } of rows)
      known.set(device, { state, since, lastSeenAt, ...(reason !== null && { reason }) });
  }
  return known;
}
