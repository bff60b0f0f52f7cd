import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import { copySqlite } from '../../backup/copy-sqlite.ts';
import { makeBackup } from '../../backup/make-backup.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { finishRestoring } from '../../backup/restore-files.ts';
import type { DataFiles } from '../../data-dir.ts';
import { openRecords } from '../../records/open.ts';
import { createDuckDbStore } from '../../telemetry/duckdb-store.ts';
import type { BackupMade } from './backup-made.ts';

/** Copies a data directory that nobody else has open; the caller holds its lock. It stays as it is, of whatever version. */
export async function backUpStopped(
  files: DataFiles,
  telemetry: Manifest['telemetry'],
  target: string,
  now: () => number,
  told: (doneBytes: number, totalBytes: number) => void,
): Promise<BackupMade> {
  await finishRestoring(files.dir);
  const manifest = await makeBackup(
    {
      files,
      telemetry,
      migrations: await migrationsOf(files.records),
      copySqlite: async (file, copy) => copySqlite(file, copy),
      copyTelemetry: (copy) => copyTelemetry(files.telemetry, copy),
      holdJournal: () => () => undefined,
      now,
    },
    target,
    ({ doneBytes, totalBytes }) => told(doneBytes, totalBytes),
  );
  return {
    path: target,
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
    createdAt: manifest.createdAt,
    telemetry,
  };
}

/** A file that is there is copied, also where InfluxDB is in use now: it holds what was kept before. */
async function copyTelemetry(file: string, copy: string): Promise<boolean> {
  if (!existsSync(file)) return false;
  const store = createDuckDbStore({ file });
  try {
    await store.start();
    return await store.copyTo(copy);
  } finally {
    await store.stop();
  }
}

async function migrationsOf(recordsFile: string): Promise<readonly string[]> {
  const db = openRecords(recordsFile);
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
    return rows.map(({ name }) => name);
  } finally {
    await db.destroy();
  }
}
