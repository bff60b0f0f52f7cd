import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What rules build on: segments, traits, campaigns, code pools, pacing, sensitive zones, counts of what was sent, consents over time. */
export const rules: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await documents(db);
    await codes(db);
    await sends(db);
    await consentLog(db);
    await outcomes(db);
    await placeTags(db);
  },
};

async function documents(db: Kysely<unknown>): Promise<void> {
  for (const table of ['segments', 'traits', 'campaigns']) {
    await sql`create table ${sql.table(table)} (
      id text primary key, document_json text not null, updated_at integer not null)`.execute(db);
    await sql`create index ${sql.id(`${table}_by_time`)} on ${sql.table(table)} (updated_at, id)`.execute(db);
  }
  await sql`create table settings (
    name text primary key, document_json text not null, updated_at integer not null) without rowid`.execute(
    db,
  );
  await sql`create table sensitive_zones (
    id text primary key, name text not null, category text not null, feature_json text not null,
    updated_at integer not null)`.execute(db);
  await sql`create index sensitive_zones_by_time on sensitive_zones (updated_at, id)`.execute(db);
}

async function codes(db: Kysely<unknown>): Promise<void> {
  await sql`create table code_pools (
    id text primary key, document_json text not null, updated_at integer not null,
    codes integer not null default 0, given integer not null default 0)`.execute(db);
  await sql`create index code_pools_by_time on code_pools (updated_at, id)`.execute(db);
  await sql`create table codes (
    id integer primary key autoincrement, pool text not null references code_pools (id) on delete cascade,
    code text not null, delivery_id text, given_at integer, unique (pool, code))`.execute(db);
  // Codes are given in the order in which they came; what was given leaves this index.
  await sql`create index codes_left on codes (pool, id) where delivery_id is null`.execute(db);
}

/** What was sent before counts too. */
async function sends(db: Kysely<unknown>): Promise<void> {
  await sql`create table sends (
    kind text not null check (kind in ('rule', 'campaign')), id text not null, day text not null,
    sent integer not null, primary key (kind, id, day)) without rowid`.execute(db);
  await sql`insert into sends
    select 'rule', rule, '', count(*) from decisions where outcome = 'sent' group by rule`.execute(db);
  await sql`insert into sends
    select 'rule', rule, strftime('%Y-%m-%d', at / 1000, 'unixepoch'), count(*)
    from decisions where outcome = 'sent' group by 2, 3`.execute(db);
}

async function consentLog(db: Kysely<unknown>): Promise<void> {
  await sql`create table consent_log (
    id integer primary key autoincrement, consumer_id text not null references consumers (id) on delete cascade,
    purpose text not null, granted integer not null check (granted in (0, 1)), source text not null,
    at integer not null)`.execute(db);
  await sql`create index consent_log_by_consumer on consent_log (consumer_id, at, id)`.execute(db);
  await sql`insert into consent_log (consumer_id, purpose, granted, source, at)
    select consumer_id, purpose, granted, source, at from consents order by at, consumer_id, purpose`.execute(
    db,
  );
}

async function outcomes(db: Kysely<unknown>): Promise<void> {
  await sql`alter table decisions add column variant text`.execute(db);
  await sql`alter table decisions add column campaign text`.execute(db);
  // The funnel of a rule is counted from the index alone; the list reads it as it did the narrower one.
  await sql`drop index decisions_by_rule`.execute(db);
  await sql`create index decisions_by_rule on decisions (rule, at, id, outcome, reason, variant, rule_version)`.execute(
    db,
  );
  await sql`alter table deliveries add column variant text`.execute(db);
  await sql`alter table deliveries add column campaign text`.execute(db);
  await sql`alter table deliveries add column code text`.execute(db);
  await sql`create index deliveries_by_code on deliveries (code) where code is not null`.execute(db);
  // How a consumer answered each rule's offers is counted from the index alone.
  await sql`create index deliveries_answered on deliveries (consumer, rule, clicked_at, state)
    where shown_at is not null`.execute(db);
}

/** How many places carry each tag: to know all tags, a rule that is saved need not read all places. */
async function placeTags(db: Kysely<unknown>): Promise<void> {
  await sql`create table place_tags (tag text primary key, places integer not null) without rowid`.execute(
    db,
  );
  await sql`insert into place_tags
    select tag.value, count(distinct places.id)
    from places, json_each(places.feature_json, '$.properties.tags') as tag
    where tag.type = 'text' group by 1`.execute(db);
}
