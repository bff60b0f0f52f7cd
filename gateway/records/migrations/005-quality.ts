import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Quality records by device and day, and what a quarantined message needs to be tried again. */
export const quality: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table quality_days (
      device text not null references devices (id) on delete cascade, day integer not null,
      readings integer not null, stored integer not null, issues integer not null,
      first_seen_at integer not null, last_seen_at integer not null,
      primary key (device, day)) without rowid`.execute(db);
    // For the fleet's list and for what grows too old: the day of a row never changes, so that counting costs nothing here.
    await sql`create index quality_days_by_day on quality_days (day)`.execute(db);
    await sql`create table quality_counts (
      device text not null references devices (id) on delete cascade, day integer not null,
      kind text not null, name text not null, count integer not null, last_seen_at integer not null,
      primary key (device, day, kind, name)) without rowid`.execute(db);
    await sql`create index quality_counts_by_day on quality_counts (day)`.execute(db);
    await sql`alter table quarantine add column part_json text`.execute(db);
    await sql`alter table quarantine add column readings_taken integer`.execute(db);
    await sql`alter table quarantine add column payload_bytes integer`.execute(db);
    await sql`alter table quarantine add column tries integer not null default 0`.execute(db);
  },
};
