import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What the engine keeps for a while is found by its device when that is erased: verdicts, which may hold a whole reading, until the
 * telemetry store has it; client ids, which may name somebody, for two days. What is there already goes within that time.
 */
export const verdicts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table reading_verdicts add column device_key text`.execute(db);
    await sql`alter table seen_packets add column device_key text`.execute(db);
  },
};
