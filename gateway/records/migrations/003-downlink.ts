import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Commands, configurations and presence. All that belongs to a device goes with it. */
export const downlink: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table commands (
      seq integer primary key autoincrement, id text not null unique,
      device text not null references devices (id) on delete cascade,
      name text not null, args_json text not null, state text not null, created_at integer not null,
      expires_at integer not null, sent_at integer, delivered_at integer, answered_at integer,
      reply_status text, reply_json text)`.execute(db);
    await sql`create index commands_by_device on commands (device, created_at, seq)`.execute(db);
    await sql`create index commands_by_time on commands (created_at, seq)`.execute(db);
    await sql`create index commands_waiting on commands (device, seq) where state in ('queued', 'sent')`.execute(
      db,
    );
    await sql`create index commands_due on commands (expires_at) where state in ('queued', 'sent')`.execute(
      db,
    );
    await sql`create table device_configs (
      device text primary key references devices (id) on delete cascade,
      version integer not null, desired_json text, updated_at integer, announced_version integer not null,
      reported_version integer, reported_json text, reported_at integer) without rowid`.execute(db);
    await sql`create index device_configs_unannounced on device_configs (device)
      where version > announced_version`.execute(db);
    await sql`create table device_presence (
      device text primary key references devices (id) on delete cascade,
      state text not null, since integer not null, last_seen_at integer not null, reason text) without rowid`.execute(
      db,
    );
    await sql`create index device_presence_online on device_presence (device) where state = 'online'`.execute(
      db,
    );
  },
};
