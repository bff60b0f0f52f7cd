import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Real time, epoch ms: sessions keep that. */
const NOW_MS = sql`(unixepoch() * 1000)`;
/** What a session of a consumer from before may still last without being used: it was made for half a year. */
const IDLE_MS = 7 * 86_400_000;

/** How consumers sign in, and what they said: sessions that can be told apart, passkeys, login codes, policy of consents, fewer. */
export const consumer: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sessions(db);
    await passkeys(db);
    await consents(db);
    await own(db);
  },
};

async function sessions(db: Kysely<unknown>): Promise<void> {
  for (const column of [
    'id text',
    'created_at integer',
    'last_seen_at integer',
    'browser text',
    'opened_with text',
  ]) {
    await sql`alter table sessions add column ${sql.raw(column)}`.execute(db);
  }
  await sql`update sessions set id = lower(hex(randomblob(16))), created_at = ${NOW_MS}, last_seen_at = ${NOW_MS}`.execute(
    db,
  );
  await sql`update sessions set expires_at = min(expires_at, ${NOW_MS} + ${sql.lit(IDLE_MS)}), opened_with = 'invitation'
    where kind = 'consumer'`.execute(db);
  await sql`create unique index sessions_by_id on sessions (id)`.execute(db);
  await sql`create table login_codes (
    code_hash text primary key, consumer_id text not null references consumers (id) on delete cascade,
    email_hash text not null, expires_at integer not null) without rowid`.execute(db);
  await sql`create index login_codes_by_consumer on login_codes (consumer_id, expires_at)`.execute(db);
  await sql`create index login_codes_by_expiry on login_codes (expires_at)`.execute(db);
}

async function passkeys(db: Kysely<unknown>): Promise<void> {
  await sql`create table passkeys (
    id text primary key, consumer_id text not null references consumers (id) on delete cascade,
    user_handle text not null, public_key blob not null, counter integer not null, transports_json text not null,
    backed_up integer not null check (backed_up in (0, 1)), name text not null, created_at integer not null,
    last_used_at integer) without rowid`.execute(db);
  await sql`create index passkeys_by_consumer on passkeys (consumer_id, created_at, id)`.execute(db);
  await sql`create table used_challenges (
    challenge_hash text primary key, expires_at integer not null) without rowid`.execute(db);
  await sql`create index used_challenges_by_expiry on used_challenges (expires_at)`.execute(db);
}

async function consents(db: Kysely<unknown>): Promise<void> {
  for (const table of ['consents', 'consent_log']) {
    await sql`alter table ${sql.table(table)} add column policy_version integer`.execute(db);
    await sql`alter table ${sql.table(table)} add column wording text`.execute(db);
  }
  // What was said stays said. Its lines go with the person alone: the foreign key's cascade comes after the row of consumers is gone.
  await sql`create trigger consent_log_is_not_changed before update on consent_log
    begin select raise(abort, 'consent_log is only added to'); end`.execute(db);
  await sql`create trigger consent_log_is_not_deleted before delete on consent_log
    when exists (select 1 from consumers where id = old.consumer_id)
    begin select raise(abort, 'consent_log goes with its consumer alone'); end`.execute(db);
}

async function own(db: Kysely<unknown>): Promise<void> {
  await sql`create table fewer (
    consumer_id text not null references consumers (id) on delete cascade, rule text not null,
    level integer not null check (level in (1, 2)), since integer not null,
    primary key (consumer_id, rule)) without rowid`.execute(db);
  // From when on a device's readings are its owner's to see: what it told before is somebody else's.
  await sql`alter table devices add column linked_at integer`.execute(db);
  await sql`update devices set linked_at = coalesce(
    (select max(entry.at) from audit_names as named cross join audit as entry on entry.subject = named.ref
      where named.kind = 'device' and named.owner = devices.id and named.name = devices.id
        and entry.action in ('device.created', 'device.claimed', 'device.linked')), created_at)
    where consumer_id is not null`.execute(db);
}
