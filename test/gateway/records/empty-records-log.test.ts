import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyRecordsLog } from '../../../gateway/records/empty-records-log.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { deletingSecurely } from '../../../gateway/records/secure-delete.ts';

const NAME = 'Somebody whom nothing is to be left of';
let dir: string;
let file: string;
let db: Kysely<Schema>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-log-'));
  file = join(dir, 'wayside.db');
  db = openRecords(file);
  await migrate(db);
});

afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});

async function addPlace(name: string): Promise<void> {
  await db.insertInto('places').values({ id: name, name, feature_json: '{}', updated_at: 0 }).execute();
}

test('whoever reads is waited for, and those who write need not wait', async () => {
  await addPlace(NAME);
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec('begin');
  expect(reader.prepare('select count(*) as places from places').get()).toEqual({ places: 1 });
  await db.transaction().execute((trx) => deletingSecurely(trx, () => trx.deleteFrom('places').execute()));

  let isEmpty = false;
  const emptied = emptyRecordsLog(db).then(() => {
    isEmpty = true;
  });
  // Each goes through between two looks.
  for (let count = 0; count < 20; count += 1) await addPlace(`place-${count}`);
  expect(isEmpty).toBe(false);
  expect(await readFile(`${file}-wal`)).toSatisfy((bytes: Buffer) => bytes.includes(NAME));

  reader.exec('commit');
  reader.close();
  await emptied;
  expect((await stat(`${file}-wal`)).size).toBe(0);
  expect((await readFile(file)).includes(NAME)).toBe(false);
  // The connection waits for others as before.
  const { rows } = await sql`pragma busy_timeout`.execute(db);
  expect(rows).toEqual([{ timeout: 10_000 }]);
});
