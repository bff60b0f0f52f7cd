import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Waiting deliveries are found by the push services that they wait for, and by their end. */
export const lanes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table deliveries add column lane text`.execute(db);
    await sql`create index deliveries_by_lane on deliveries (lane, next_attempt_at)
      where state in ('queued', 'retrying')`.execute(db);
    await sql`create index deliveries_ending on deliveries (expires_at_real)
      where state in ('queued', 'retrying')`.execute(db);
  },
};
