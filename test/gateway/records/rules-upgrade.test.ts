import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { migrate } from '../../../gateway/records/migrate.ts';
import { firstTables } from '../../../gateway/records/migrations/001-first-tables.ts';
import { openRecords } from '../../../gateway/records/open.ts';

const DAY_MS = 86_400_000;

it('what was sent, said and tagged before the upgrade counts after it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
  const db = openRecords(join(directory, 'wayside.db'));
  try {
    const provider = { getMigrations: async () => ({ '001-first-tables': firstTables }) };
    expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
    await sql`insert into consumers values ('ada', '{}', null, 'null', 1)`.execute(db);
    await sql`insert into consents values ('ada', 'location_offers', 1, 'form', 7)`.execute(db);
    for (const [id, tags] of [
      ['a', '["coffee","coffee"]'],
      ['b', '["coffee","food"]'],
    ]) {
      const feature = `{"properties":{"tags":${tags}}}`;
      await sql`insert into places values (${id}, ${id}, ${feature}, 1)`.execute(db);
    }
    for (const [at, outcome] of [
      [1, 'sent'],
      [2, 'sent'],
      [DAY_MS, 'sent'],
      [DAY_MS, 'suppressed'],
    ]) {
      await sql`insert into decisions (at, rule, rule_version, consumer, device, cause, outcome, detail)
        values (${at}, 'hello', 1, 'ada', 'car', 'x', ${outcome}, '')`.execute(db);
    }
    await migrate(db);
    expect(await db.selectFrom('consent_log').selectAll().execute()).toMatchObject([
      { id: 1, consumer_id: 'ada', purpose: 'location_offers', granted: 1, source: 'form', at: 7 },
    ]);
    expect(await db.selectFrom('sends').selectAll().orderBy('day').execute()).toEqual([
      { kind: 'rule', id: 'hello', day: '', sent: 3 },
      { kind: 'rule', id: 'hello', day: '1970-01-01', sent: 2 },
      { kind: 'rule', id: 'hello', day: '1970-01-02', sent: 1 },
    ]);
    expect(await db.selectFrom('place_tags').selectAll().orderBy('tag').execute()).toEqual([
      { tag: 'coffee', places: 2 },
      { tag: 'food', places: 1 },
    ]);
  } finally {
    await db.destroy();
    await rm(directory, { recursive: true });
  }
});
