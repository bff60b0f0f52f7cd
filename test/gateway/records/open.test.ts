import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { openRecordsThread } from '../../../gateway/records/thread.ts';

describe('opening the records', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wayside-open-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('says that a file which is no database is damaged, in this thread and in the worker', async () => {
    const file = join(directory, 'wayside.db');
    await writeFile(file, 'this is not a database, and long enough to be looked at as one'.repeat(50));
    const here = openRecords(file);
    await expect(migrate(here)).rejects.toMatchObject({ code: 'data_dir_damaged' });
    await expect(openRecordsThread(file)).rejects.toMatchObject({ code: 'data_dir_damaged' });
  });

  it('says that a directory which is not there cannot be written', async () => {
    await expect(openRecordsThread(join(directory, 'absent', 'wayside.db'))).rejects.toMatchObject({
      code: 'data_dir_unwritable',
    });
  });

  it('refuses records of a newer version and leaves them as they are', async () => {
    const db = openRecords(join(directory, 'wayside.db'));
    await migrate(db);
    await sql`insert into kysely_migration (name, timestamp) values ('999-later', '2030-01-01T00:00:00Z')`.execute(
      db,
    );
    await expect(migrate(db)).rejects.toMatchObject({ code: 'data_dir_newer' });
    await db.destroy();
  });

  it('syncs every commit and waits for other threads', async () => {
    const records = await openRecordsThread(join(directory, 'wayside.db'));
    const pragma = async (name: string) =>
      Object.values((await sql`pragma ${sql.raw(name)}`.execute(records.db)).rows[0] as object)[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('busy_timeout')).toBe(10_000);
    await records.stop();
  });

  it('lets two threads write in turns, each transaction whole', async () => {
    const file = join(directory, 'wayside.db');
    const records = await openRecordsThread(file);
    await migrate(records.db);
    const other = await openRecordsThread(file);
    await records.db.insertInto('cursors').values({ name: 'n', seq: 0 }).execute();
    const increment = (db: typeof records.db) =>
      db.transaction().execute(async (trx) => {
        const { seq } = await trx
          .selectFrom('cursors')
          .select('seq')
          .where('name', '=', 'n')
          .executeTakeFirstOrThrow();
        await trx
          .updateTable('cursors')
          .set({ seq: seq + 1 })
          .where('name', '=', 'n')
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, (_, i) => increment(i % 2 === 0 ? records.db : other.db)));
    expect(await other.db.selectFrom('cursors').select('seq').executeTakeFirstOrThrow()).toMatchObject({
      seq: 20,
    });
    await records.stop();
    await other.stop();
  });

  it('fails statements after it was stopped', async () => {
    const records = await openRecordsThread(join(directory, 'wayside.db'));
    await migrate(records.db);
    await records.stop();
    await expect(records.db.selectFrom('cursors').selectAll().execute()).rejects.toThrow('destroyed');
  });
});
