import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Devices that were removed, until their telemetry is gone and nothing of them is left in the journal. */
export const stores: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table device_erasures (
      device_key text primary key, device_id text not null, consumer_id text, up_to_seq integer, telemetry_gone integer not null,
      requested_at integer not null) without rowid`.execute(db);
    await sql`create index device_erasures_by_device on device_erasures (device_id)`.execute(db);
  },
};
