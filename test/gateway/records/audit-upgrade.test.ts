import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chainSource } from '../../../gateway/audit/chain-source.ts';
import { verifyChain } from '../../../gateway/audit/verify.ts';
import { listAudit } from '../../../gateway/records/audit.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';

let directory: string;
let db: Kysely<Schema>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
  db = openRecords(join(directory, 'wayside.db'));
});

afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

/** The records as the version before had them. */
async function earlierRecords(): Promise<void> {
  const migrations: Record<string, Migration> = {};
  for (const [file, name] of [
    ['001-first-tables', 'firstTables'],
    ['002-access', 'access'],
    ['003-downlink', 'downlink'],
    ['004-dialects', 'dialects'],
    ['005-quality', 'quality'],
    ['006-stores', 'stores'],
    ['007-bridge', 'bridge'],
    ['008-rules', 'rules'],
    ['009-rule-states', 'ruleStates'],
    ['010-place-bounds', 'placeBounds'],
  ] as const) {
    const module = await import(`../../../gateway/records/migrations/${file}.ts`);
    migrations[file] = module[name];
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
}

const entry = (at: number, actor: string, action: string, subject: string, detail: object = {}) =>
  sql`insert into audit (at, actor, action, subject, detail_json)
    values (${at}, ${actor}, ${action}, ${subject}, ${JSON.stringify(detail)})`.execute(db);

async function people(): Promise<void> {
  await sql`insert into consumers (id, attributes_json, timezone, quiet_hours_json, created_at)
    values ('anna-b', '{}', null, 'null', 1)`.execute(db);
  await sql`insert into devices (id, device_key, type, consumer_id, token_hash, token_lookup, created_at)
    values ('car-of-anna', 'k', 'car', 'anna-b', 'h', 'l', 1)`.execute(db);
}

it('chains the entries of earlier versions and puts refs where persons and devices were named', async () => {
  await earlierRecords();
  await people();
  await entry(1, 'admin', 'consumer.created', 'anna-b');
  await entry(2, 'admin', 'device.created', 'car-of-anna', { type: 'car', consumerId: null });
  await entry(3, 'admin', 'device.linked', 'car-of-anna', { from: null, to: 'anna-b' });
  await entry(4, 'admin', 'device.alias_added', 'car-of-anna', { alias: 'owntracks/anna-b/phone' });
  await entry(5, 'consumer:anna-b', 'consent.granted', 'anna-b', { purpose: 'x', source: 'told by anna-b' });
  await entry(6, 'device:car-of-anna', 'device.token_confirmed', 'car-of-anna');
  await entry(7, 'admin', 'quarantine.retried', 'm-1', { device: 'car-of-anna', outcome: 'taken' });
  await entry(8, 'admin', 'quarantine.retried', 'car-of-anna', { device: 'car-of-anna', tried: 3 });
  await entry(9, 'admin', 'rule.saved', 'car-of-anna', { version: 1 });
  await migrate(db);

  const rows = await db.selectFrom('audit').selectAll().where('action', '!=', 'rule.saved').execute();
  expect(JSON.stringify(rows)).not.toMatch(/anna/);
  expect(await verifyChain(chainSource(db))).toMatchObject({ entries: 9, broken: null });
  const { items } = await listAudit(db, {}, { limit: 100 });
  expect(items.reverse().map(({ at, actor, subject, detail }) => [at, actor, subject, detail])).toEqual([
    [1, 'admin', 'anna-b', {}],
    [2, 'admin', 'car-of-anna', { type: 'car', consumerId: null }],
    [3, 'admin', 'car-of-anna', { from: null, to: 'anna-b' }],
    [4, 'admin', 'car-of-anna', { alias: 'owntracks/anna-b/phone' }],
    [5, 'consumer:anna-b', 'anna-b', { purpose: 'x', source: 'told by anna-b' }],
    [6, 'device:car-of-anna', 'car-of-anna', {}],
    [7, 'admin', 'm-1', { device: 'car-of-anna', outcome: 'taken' }],
    [8, 'admin', 'car-of-anna', { device: 'car-of-anna', tried: 3 }],
    [9, 'admin', 'car-of-anna', { version: 1 }],
  ]);
});

it('names nobody any more who was erased before, and leaves no trace of the names in the file', async () => {
  await earlierRecords();
  await people();
  await entry(1, 'admin', 'device.created', 'phone-of-zoe', { type: 'phone', consumerId: 'anna-b' });
  await entry(2, 'admin', 'device.alias_added', 'phone-of-zoe', { alias: 'owntracks/zoe/phone' });
  await entry(3, 'admin', 'device.erased', 'phone-of-zoe');
  // As after years of use: the file holds what the log was.
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  expect((await readFile(join(directory, 'wayside.db'))).includes('zoe')).toBe(true);
  await migrate(db);
  const { items } = await listAudit(db, {}, { limit: 100 });
  expect(items.map(({ subject }) => subject)).toEqual(['erased', 'erased', 'erased']);
  expect(items[2]?.detail).toEqual({ type: 'phone', consumerId: 'anna-b' });
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  expect((await readFile(join(directory, 'wayside.db'))).includes('zoe')).toBe(false);
});

it('takes a log of many entries, in the order of their ids', async () => {
  await earlierRecords();
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into audit (at, actor, action, subject, detail_json)
    select 5000 - i, 'admin', 'device.created', 'car-' || (i % 700), '{"type":"car","consumerId":null}' from n`.execute(
    db,
  );
  await migrate(db);
  expect(await verifyChain(chainSource(db))).toMatchObject({
    entries: 3_000,
    head: { id: 3_000 },
    broken: null,
  });
  const first = await db.selectFrom('audit').select('at').where('id', '=', 1).executeTakeFirst();
  expect(first?.at).toBe(4_999);
});
