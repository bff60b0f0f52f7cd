import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { backUpStopped } from '../../../gateway/cli/backup/stopped-gateway.ts';
import { type DataDir, takeDataDir } from '../../../gateway/data-dir.ts';
import { createSqliteJournal } from '../../../gateway/journal/sqlite-journal.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';

export const NOW = Date.UTC(2026, 10, 22);

export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wayside-backup-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A data directory as a gateway that was stopped leaves it, with a key and some readings. */
export async function stoppedDataDir(parent: string): Promise<string> {
  const dir = join(parent, 'data');
  const { files, release } = await takeDataDir(dir);
  const db = openRecords(files.records);
  await migrate(db);
  await db.destroy();
  const journal = createSqliteJournal({ file: files.journal });
  await journal.start();
  await journal.stop();
  const sessions = openRecords(files.sessions);
  await migrate(sessions);
  await sessions.destroy();
  const store = createDuckDbStore({ file: files.telemetry });
  await store.start();
  const point = { deviceKey: 'key', at: NOW, receivedAt: NOW, metrics: { n: 1 }, flags: [] };
  await store.write([{ ...point, seq: 1 }], 1);
  await store.stop();
  await writeFile(join(dir, 'some-key'), 'secret\n', { mode: 0o600 });
  await writeFile(join(dir, 'journal.db.torn-1'), 'what could not be read');
  await writeFile(join(dir, 'some-key.0123456789ab'), 'half a secret');
  release();
  return dir;
}

/** Backs the directory up as `npm run backup` does where no gateway runs. */
export async function backUp(dir: string, target: string): Promise<void> {
  const held: DataDir = await takeDataDir(dir);
  try {
    await backUpStopped(
      held.files,
      'duckdb',
      target,
      () => NOW,
      () => undefined,
    );
  } finally {
    held.release();
  }
}
