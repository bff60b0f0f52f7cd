import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Other channels than web push, subscriptions whose keys are sealed, and what the outbox needs to find its rows quickly. */
export const delivery: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await channels(db);
    await waitingRows(db);
    await sealedSubscriptions(db);
  },
};

async function channels(db: Kysely<unknown>): Promise<void> {
  await sql`create table webhooks (
    id text primary key, url text not null, sealed_secret blob not null, updated_at integer not null)`.execute(
    db,
  );
  await sql`create index webhooks_by_time on webhooks (updated_at, id)`.execute(db);
  await sql`alter table consumers add column email text`.execute(db);
  await sql`create unique index consumers_by_email on consumers (email) where email is not null`.execute(db);
  await sql`alter table consumers add column webhook text references webhooks (id) on delete set null`.execute(
    db,
  );
  await sql`create index consumers_by_webhook on consumers (webhook) where webhook is not null`.execute(db);
  await sql`alter table deliveries add column delivered_at integer`.execute(db);
}

async function waitingRows(db: Kysely<unknown>): Promise<void> {
  await sql`create index deliveries_waiting on deliveries (consumer) where state in ('queued', 'retrying')`.execute(
    db,
  );
}

/** What was kept in the clear is set aside, for a migration has no key: it is sealed right after (seal-subscriptions.ts). */
async function sealedSubscriptions(db: Kysely<unknown>): Promise<void> {
  await sql`drop index push_subscriptions_by_consumer`.execute(db);
  await sql`alter table push_subscriptions rename to unsealed_push_subscriptions`.execute(db);
  await sql`create table push_subscriptions (
    id text primary key, consumer_id text not null references consumers (id) on delete cascade,
    sealed blob not null, endpoint_lookup text not null unique, origin text not null, vapid_key text not null,
    created_at integer not null, gone_at integer)`.execute(db);
  await sql`create index push_subscriptions_by_consumer on push_subscriptions (consumer_id, created_at, id)`.execute(
    db,
  );
  await sql`create index push_subscriptions_live on push_subscriptions (vapid_key, origin) where gone_at is null`.execute(
    db,
  );
}
