import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What devices are called in other dialects, and what these remember between messages. */
export const dialects: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table device_aliases (
      alias text primary key, device_id text not null references devices (id) on delete cascade,
      speaker text) without rowid`.execute(db);
    await sql`create index device_aliases_by_device on device_aliases (device_id)`.execute(db);
    await sql`create index device_aliases_by_speaker on device_aliases (speaker)
      where speaker is not null`.execute(db);
    // What was told under an alias ends with it.
    await sql`create table dialect_states (
      alias text primary key references device_aliases (alias) on delete cascade,
      definitions_json text not null, progress_json text not null) without rowid`.execute(db);
  },
};
