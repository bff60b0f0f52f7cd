import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Every list is read newest first in pages, so each has an index that ends in (time, id), alone and behind each filter. */
export const firstTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await people(db);
    await placesAndRules(db);
    await outcomes(db);
    await staff(db);
    await engineState(db);
  },
};

async function people(db: Kysely<unknown>): Promise<void> {
  await sql`create table device_types (id text primary key, document_json text not null) without rowid`.execute(
    db,
  );
  await sql`create table consumers (
    id text primary key, attributes_json text not null, timezone text, quiet_hours_json text not null,
    created_at integer not null)`.execute(db);
  await sql`create index consumers_by_time on consumers (created_at, id)`.execute(db);
  await sql`create table devices (
    id text primary key, device_key text not null unique, type text not null,
    consumer_id text references consumers (id) on delete set null,
    token_hash text not null, token_lookup text not null unique, created_at integer not null)`.execute(db);
  await sql`create index devices_by_time on devices (created_at, id)`.execute(db);
  await sql`create index devices_by_consumer on devices (consumer_id, created_at, id)`.execute(db);
  await sql`create table consents (
    consumer_id text not null references consumers (id) on delete cascade, purpose text not null,
    granted integer not null check (granted in (0, 1)), source text not null, at integer not null,
    primary key (consumer_id, purpose)) without rowid`.execute(db);
  await sql`create table push_subscriptions (
    id text primary key, consumer_id text not null references consumers (id) on delete cascade,
    endpoint text not null unique, p256dh text not null, auth text not null, created_at integer not null,
    gone_at integer)`.execute(db);
  await sql`create index push_subscriptions_by_consumer on push_subscriptions (consumer_id, created_at, id)`.execute(
    db,
  );
}

async function placesAndRules(db: Kysely<unknown>): Promise<void> {
  await sql`create table places (
    id text primary key, name text not null, feature_json text not null, updated_at integer not null)`.execute(
    db,
  );
  await sql`create index places_by_time on places (updated_at, id)`.execute(db);
  await sql`create table rules (
    id text primary key, version integer not null, state text not null, document_json text not null,
    updated_at integer not null)`.execute(db);
  await sql`create index rules_by_time on rules (updated_at, id)`.execute(db);
  await sql`create table rule_versions (
    id text not null, version integer not null, document_json text not null, saved_at integer not null,
    primary key (id, version))`.execute(db);
}

async function outcomes(db: Kysely<unknown>): Promise<void> {
  await sql`create table decisions (
    id integer primary key autoincrement, at integer not null, rule text not null, rule_version integer not null,
    consumer text not null, device text not null, place text, visit text, cause text not null,
    outcome text not null, reason text, detail text not null, delivery_id text)`.execute(db);
  await sql`create index decisions_by_time on decisions (at, id)`.execute(db);
  await sql`create index decisions_by_consumer on decisions (consumer, at, id)`.execute(db);
  await sql`create index decisions_by_rule on decisions (rule, at, id)`.execute(db);
  await sql`create index decisions_by_device on decisions (device, at, id)`.execute(db);
  await sql`create table deliveries (
    id text primary key, delivery_key text not null unique, decision_id integer not null, rule text not null,
    consumer text not null, channel text not null, state text not null, attempts integer not null,
    offer_json text not null, created_at integer not null, next_attempt_at integer,
    expires_at_real integer not null, sent_at integer, shown_at integer, clicked_at integer,
    dismissed_at integer, reason text)`.execute(db);
  await sql`create index deliveries_by_time on deliveries (created_at, id)`.execute(db);
  await sql`create index deliveries_by_consumer on deliveries (consumer, created_at, id)`.execute(db);
  await sql`create index deliveries_by_rule on deliveries (rule, created_at, id)`.execute(db);
  await sql`create index deliveries_by_state on deliveries (state, created_at, id)`.execute(db);
  await sql`create index deliveries_due on deliveries (next_attempt_at) where state in ('queued', 'retrying')`.execute(
    db,
  );
  await sql`create table visits (
    id text primary key, device text not null, consumer text, place text not null, entered_at integer not null,
    exited_at integer, ended_by text)`.execute(db);
  await sql`create index visits_by_time on visits (entered_at, id)`.execute(db);
  await sql`create index visits_by_device on visits (device, entered_at, id)`.execute(db);
  await sql`create index visits_by_consumer on visits (consumer, entered_at, id)`.execute(db);
  await sql`create index visits_by_place on visits (place, entered_at, id)`.execute(db);
  await sql`create table quarantine (
    id text primary key, device text not null, topic text not null, code text not null, message text not null,
    payload blob not null, payload_digest text not null, first_seen_at integer not null,
    last_seen_at integer not null, count integer not null, unique (device, topic, code, message, payload_digest))`.execute(
    db,
  );
  await sql`create index quarantine_by_time on quarantine (last_seen_at, id)`.execute(db);
  await sql`create index quarantine_by_device on quarantine (device, last_seen_at, id)`.execute(db);
}

async function staff(db: Kysely<unknown>): Promise<void> {
  await sql`create table audit (
    id integer primary key autoincrement, at integer not null, actor text not null, action text not null,
    subject text not null, detail_json text not null)`.execute(db);
  await sql`create index audit_by_time on audit (at, id)`.execute(db);
  await sql`create table users (
    name text primary key, role text not null, password_hash text not null) without rowid`.execute(db);
  await sql`create table sessions (
    token_hash text primary key, kind text not null, subject text not null, role text,
    expires_at integer not null) without rowid`.execute(db);
  await sql`create index sessions_by_subject on sessions (kind, subject)`.execute(db);
  await sql`create index sessions_by_expiry on sessions (expires_at)`.execute(db);
  await sql`create table invitations (
    code_hash text primary key, consumer_id text not null references consumers (id) on delete cascade,
    expires_at integer not null, used_at integer) without rowid`.execute(db);
  await sql`create index invitations_by_consumer on invitations (consumer_id)`.execute(db);
  await sql`create index invitations_by_expiry on invitations (expires_at)`.execute(db);
}

async function engineState(db: Kysely<unknown>): Promise<void> {
  await sql`create table subject_memories (
    subject text primary key, memory_json text not null, wake_at integer)`.execute(db);
  await sql`create index subject_memories_due on subject_memories (wake_at) where wake_at is not null`.execute(
    db,
  );
  await sql`create table cursors (name text primary key, seq integer not null) without rowid`.execute(db);
  await sql`create table reading_verdicts (seq integer primary key, verdict_json text not null)`.execute(db);
  for (const table of ['seen_readings_0', 'seen_readings_1']) {
    await sql`create table ${sql.table(table)} (
      device_key text not null, at integer not null, digest integer not null,
      primary key (device_key, at, digest)) without rowid`.execute(db);
  }
  await sql`create table seen_packets (
    client_id text not null, block integer not null, newest_minute integer not null, packets blob not null,
    primary key (client_id, block)) without rowid`.execute(db);
}
