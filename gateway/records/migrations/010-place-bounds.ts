import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { fillBounds } from '../place-bounds.ts';
import type { Schema } from '../schema.ts';

/** The box around each place, so that the map asks only for what is in view. */
export const placeBounds: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // A table of its own: it is read from end to end for a view, and stays small whatever the places hold.
    await sql`create table place_bounds (
      place text primary key references places (id) on delete cascade,
      west real not null, south real not null, east real not null, north real not null) without rowid`.execute(
      db,
    );
    await fillBounds(db as Kysely<Schema>);
  },
};
