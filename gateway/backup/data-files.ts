import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DataFiles } from '../data-dir.ts';

/** Folders within the data directory that are no part of a backup. */
export const BACKUPS_DIR = 'backups';
export const RESTORING_DIR = 'restoring';
/** The lock of the data directory: its file stays where it is, whatever becomes of the others. */
const LOCK = /^lock\.db(-.*)?$/;
/** What a write that was cut short left behind, what was torn, and the note of a restore: of no use anywhere else. */
const LEFT_OVER = /\.[0-9a-f]{12}$|\.torn-\d+|\.successor(\.wal)?$|^restored\.json$/;

/** Files of a data directory that hold keys, passwords and notes: all but the databases, which are copied in ways of their own. */
export async function plainFiles(files: DataFiles): Promise<readonly string[]> {
  const databases = [files.journal, files.records, files.telemetry, files.sessions].map((file) =>
    basename(file),
  );
  const entries = await readdir(files.dir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .filter((name) => !databases.some((database) => name.startsWith(database)))
    .filter((name) => !LOCK.test(name) && !LEFT_OVER.test(name))
    .toSorted();
}

/** Whether a backup may bring a file of this name: never what stays as it is in every data directory. */
export function mayBeRestored(name: string): boolean {
  return !LOCK.test(name) && name !== BACKUPS_DIR && name !== RESTORING_DIR;
}

/** All that a restore puts something else in the place of; folders of others stay. */
export async function replacedFiles(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory() && !LOCK.test(entry.name)).map(({ name }) => name);
}

/** Bytes of these files; what is not there has none. */
export async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What a backup of the data directory takes at most. */
export async function bytesToCopy(files: DataFiles): Promise<number> {
  const databases = [files.journal, files.records, files.sessions].flatMap((file) => [file, `${file}-wal`]);
  const plain = (await plainFiles(files)).map((name) => join(files.dir, name));
  return sizeOf([...databases, files.telemetry, `${files.telemetry}.wal`, ...plain]);
}
