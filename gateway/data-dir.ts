import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WaysideError } from './errors.ts';

/** Of the disk; a lock file and what SQLite puts beside it need less. */
const LEAST_FREE_BYTES = 64 * 1024;

/** Files of the data directory, by what they hold. */
export interface DataFiles {
  readonly dir: string;
  readonly journal: string;
  readonly records: string;
  readonly telemetry: string;
  /** MQTT sessions, retained messages and wills. */
  readonly sessions: string;
}

export interface DataDir {
  readonly files: DataFiles;
  /** Lets another gateway have the directory. */
  release(): void;
}

/**
 * Makes the data directory where it is missing, and takes it for this process alone.
 *
 * The lock is an SQLite transaction that stays open: the system drops it when the process dies, however it dies.
 *
 * @throws WaysideError `data_dir_unwritable`, `data_dir_in_use`, `disk_full`
 */
export async function takeDataDir(path: string): Promise<DataDir> {
  const dir = resolve(path);
  try {
    await makeDirectory(dir);
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw await unwritable(dir, error);
  }
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 });
    lock.exec('begin exclusive');
  } catch (error) {
    lock?.close();
    const busy = error instanceof Error && error.message.includes('locked');
    throw busy ? new WaysideError('data_dir_in_use', dir, { cause: error }) : await unwritable(dir, error);
  }
  const held = lock;
  return {
    files: {
      dir,
      journal: join(dir, 'journal.db'),
      records: join(dir, 'wayside.db'),
      telemetry: join(dir, 'telemetry.duckdb'),
      sessions: join(dir, 'sessions.db'),
    },
    release: () => held.close(),
  };
}

/** SQLite says no more than that it could not write: the disk is asked whether it was for want of space. */
async function unwritable(dir: string, cause: unknown): Promise<WaysideError> {
  const isFull =
    (cause as NodeJS.ErrnoException | null)?.code === 'ENOSPC' ||
    (await statfs(dir).then(
      ({ bavail, bsize }) => bavail * bsize < LEAST_FREE_BYTES,
      // It is not there, or nobody may look at it: then it is not space that is wanting.
      () => false,
    ));
  return new WaysideError(isFull ? 'disk_full' : 'data_dir_unwritable', dir, { cause });
}

/** With those above it, all for their owner alone. Not `mkdir`'s own recursion: below /proc that never ends, on Node 24. */
export async function makeDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(dir) === dir) throw error;
    await makeDirectory(dirname(dir));
    await mkdir(dir, { mode: 0o700 });
  }
}
