import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { overwriteFreePages } from '../../gateway/overwrite-free-pages.ts';

const WORD = 'Zaubermantel';

it('overwrites what was deleted, and leaves the file as long as it was', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-free-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'records.db');
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  database.exec(
    'pragma journal_mode = wal; pragma secure_delete = fast; create table t (id integer primary key, text)',
  );
  const insert = database.prepare('insert into t values (?, ?)');
  database.exec('begin');
  // Rows of a line and of many pages.
  for (let n = 0; n < 3_000; n += 1)
    insert.run(n, `${n < 2_000 ? WORD : 'keeps'} ${'.'.repeat(n % 50 === 0 ? 20_000 : 30)}${n}`);
  database.exec('commit');
  database.exec('delete from t where id < 2000');
  const count = async () => {
    database.exec('pragma wal_checkpoint(truncate)');
    const bytes = await readFile(file);
    return { length: bytes.length, has: bytes.includes(WORD), keeps: bytes.includes('keeps') };
  };
  const before = await count();
  expect(before).toMatchObject({ has: true, keeps: true });

  await overwriteFreePages((sql) => database.prepare(sql).all());

  const after = await count();
  expect(after).toMatchObject({ has: false, keeps: true });
  expect(after.length).toBeLessThan(before.length * 1.1);
  expect(database.prepare('select count(*) as n from t').get()).toEqual({ n: 1_000 });
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
});
