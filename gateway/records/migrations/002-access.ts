import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How devices, services and fleets log in, and how consumers come to own a device. Times are real time. */
export const access: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table devices add column revoked_at integer`.execute(db);
    // Set until the device has logged in with a token of its own.
    await sql`alter table devices add column fleet_key text`.execute(db);
    await sql`create index devices_by_fleet_key on devices (fleet_key) where fleet_key is not null`.execute(
      db,
    );
    await sql`create table service_accounts (
      id text primary key, publish_json text not null, subscribe_json text not null,
      token_hash text not null, token_lookup text not null unique, created_at integer not null)`.execute(db);
    await sql`create index service_accounts_by_time on service_accounts (created_at, id)`.execute(db);
    await sql`create table previous_tokens (
      token_lookup text primary key, user_id text not null, token_hash text not null,
      expires_at integer not null) without rowid`.execute(db);
    await sql`create index previous_tokens_by_user on previous_tokens (user_id, expires_at)`.execute(db);
    await sql`create index previous_tokens_by_expiry on previous_tokens (expires_at)`.execute(db);
    await sql`create table fleet_keys (
      id text primary key, key_lookup text not null unique, device_type text not null, id_prefix text not null,
      max_devices integer not null, devices integer not null, expires_at integer, created_at integer not null)`.execute(
      db,
    );
    await sql`create index fleet_keys_by_time on fleet_keys (created_at, id)`.execute(db);
    await sql`create table claim_codes (
      device_id text primary key references devices (id) on delete cascade, code_hash text not null unique,
      expires_at integer not null) without rowid`.execute(db);
    await sql`create index claim_codes_by_expiry on claim_codes (expires_at)`.execute(db);
  },
};
