import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { WaysideError } from '../errors.ts';
import { firstTables } from './migrations/001-first-tables.ts';
import { access } from './migrations/002-access.ts';
import { downlink } from './migrations/003-downlink.ts';
import { dialects } from './migrations/004-dialects.ts';
import { quality } from './migrations/005-quality.ts';
import { stores } from './migrations/006-stores.ts';
import { bridge } from './migrations/007-bridge.ts';
import { rules } from './migrations/008-rules.ts';
import { ruleStates } from './migrations/009-rule-states.ts';
import { placeBounds } from './migrations/010-place-bounds.ts';
import { delivery } from './migrations/011-delivery.ts';
import { audit } from './migrations/012-audit.ts';
import { personErasure } from './migrations/013-person-erasure.ts';
import { minimisation } from './migrations/014-minimisation.ts';
import { consumer } from './migrations/015-consumer.ts';
import { lanes } from './migrations/016-lanes.ts';
import { verdicts } from './migrations/017-verdicts.ts';
import { lanesAtBirth } from './migrations/018-lanes-at-birth.ts';
import { auditByAction } from './migrations/019-audit-by-action.ts';
import type { Schema } from './schema.ts';

/** In order, and only ever added to: a released migration never changes. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-first-tables': firstTables,
  '002-access': access,
  '003-downlink': downlink,
  '004-dialects': dialects,
  '005-quality': quality,
  '006-stores': stores,
  '007-bridge': bridge,
  '008-rules': rules,
  '009-rule-states': ruleStates,
  '010-place-bounds': placeBounds,
  '011-delivery': delivery,
  '012-audit': audit,
  '013-person-erasure': personErasure,
  '014-minimisation': minimisation,
  '015-consumer': consumer,
  '016-lanes': lanes,
  '017-verdicts': verdicts,
  '018-lanes-at-birth': lanesAtBirth,
  '019-audit-by-action': auditByAction,
};

/** Of every change that this version knows. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS);

/**
 * Brings the records to the form that this version works with; does nothing where they have it. All in one transaction.
 *
 * @throws WaysideError `data_dir_newer` where a newer version of Wayside has been here
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  await refuseNewer(db);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function refuseNewer(db: Kysely<Schema>): Promise<void> {
  const table = await sql`select 1 from sqlite_master where name = 'kysely_migration'`.execute(db);
  if (table.rows.length === 0) return;
  const done = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const unknown = done.rows.map((row) => row.name).filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new WaysideError(
      'data_dir_newer',
      `the records hold changes that this version does not know: ${unknown.join(', ')}`,
    );
  }
}
