import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What stays of positions once they are too old to be kept: how many devices were in which cell on which day. */
export const minimisation: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table cell_days (
      day integer not null, cell text not null, devices integer not null, readings integer not null,
      primary key (day, cell)) without rowid`.execute(db);
    await sql`create table counted_days (day integer primary key)`.execute(db);
  },
};
