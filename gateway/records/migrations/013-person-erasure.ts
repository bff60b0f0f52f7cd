import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** People who were erased, until nothing of them is left anywhere, and how far the ledger of erasures was gone through. */
export const personErasure: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table consumer_erasures (
      consumer_id text primary key, engine_forgot integer not null, requested_at integer not null) without rowid`.execute(
      db,
    );
    // Erasures that are under way take this step again; it does no harm twice.
    await sql`alter table device_erasures add column sessions_gone integer not null default 0`.execute(db);
    await sql`alter table device_erasures add column journal_gone integer not null default 0`.execute(db);
    await sql`alter table device_erasures add column aliases_json text not null default '[]'`.execute(db);
    // An offer that goes takes the link of its code along; the pool may hold millions.
    await sql`create index codes_by_delivery on codes (delivery_id) where delivery_id is not null`.execute(
      db,
    );
    // Zeros, while free pages are overwritten.
    await sql`create table erased_space (zeros blob not null)`.execute(db);
    await sql`create table erasure_marks (
      name text primary key, digest text not null) without rowid`.execute(db);
  },
};
