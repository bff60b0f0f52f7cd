import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * A verdict may hold a whole reading, and is kept as long as the telemetry store lacks it: it is found by its device when that is
 * erased. Those that are there already go once they are stored.
 */
export const verdicts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table reading_verdicts add column device_key text`.execute(db);
  },
};
