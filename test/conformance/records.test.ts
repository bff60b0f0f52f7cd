import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecords } from '../../gateway/records/open.ts';
import { openRecordsThread } from '../../gateway/records/thread.ts';
import { recordsConformance } from './records.ts';

const newDirectory = () => mkdtemp(join(tmpdir(), 'wayside-records-'));

recordsConformance('SQLite in this thread', async () => {
  const directory = await newDirectory();
  const db = openRecords(join(directory, 'wayside.db'));
  return {
    db,
    async close() {
      await db.destroy();
      await rm(directory, { recursive: true });
    },
  };
});

recordsConformance('SQLite in a worker thread', async () => {
  const directory = await newDirectory();
  const records = await openRecordsThread(join(directory, 'wayside.db'));
  return {
    db: records.db,
    async close() {
      await records.stop();
      await rm(directory, { recursive: true });
    },
  };
});
