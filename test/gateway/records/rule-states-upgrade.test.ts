import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { migrate } from '../../../gateway/records/migrate.ts';
import { firstTables } from '../../../gateway/records/migrations/001-first-tables.ts';
import { openRecords } from '../../../gateway/records/open.ts';

it('what rules were before the upgrade is known from the audit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
  const db = openRecords(join(directory, 'wayside.db'));
  try {
    const provider = { getMigrations: async () => ({ '001-first-tables': firstTables }) };
    expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
    for (const [at, action, subject, detail] of [
      [1, 'rule.saved', 'a', '{"version":1,"state":"draft"}'],
      [2, 'rule.saved', 'b', '{"version":1,"state":"live"}'],
      [3, 'rule.state', 'a', '{"from":"draft","to":"live"}'],
      [4, 'rule.saved', 'a', '{"version":2,"state":"live"}'],
      [5, 'place.saved', 'a', '{"name":"a place of the same name"}'],
      [6, 'rule.state', 'a', '{"from":"live","to":"paused"}'],
    ])
      await sql`insert into audit (at, actor, action, subject, detail_json)
        values (${at}, 'x', ${action}, ${subject}, ${detail})`.execute(db);
    for (const [id, version, state, at] of [
      ['a', 2, 'paused', 6],
      ['b', 1, 'live', 2],
      ['without-audit', 3, 'live', 9],
    ])
      await sql`insert into rules values (${id}, ${version}, ${state}, '{}', ${at})`.execute(db);
    await migrate(db);
    const rows = await db
      .selectFrom('rule_states')
      .select(['rule', 'at', 'version', 'state'])
      .orderBy('rule')
      .orderBy('id')
      .execute();
    expect(rows.map(({ rule, at, version, state }) => [rule, at, version, state])).toEqual([
      ['a', 1, 1, 'draft'],
      ['a', 3, 1, 'live'],
      ['a', 4, 2, 'live'],
      ['a', 6, 2, 'paused'],
      ['b', 2, 1, 'live'],
      ['without-audit', 9, 3, 'live'],
    ]);
  } finally {
    await db.destroy();
    await rm(directory, { recursive: true });
  }
});
