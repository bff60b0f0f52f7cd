import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which devices were heard of over the bridge, and what it is subscribed to. */
export const bridge: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table bridged_devices (
      device_id text primary key references devices (id) on delete cascade) without rowid`.execute(db);
    await sql`create table bridge_filters (filter text primary key) without rowid`.execute(db);
  },
};
