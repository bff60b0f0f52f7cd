import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WaysideError } from './errors.ts';

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
 * @throws WaysideError `data_dir_unwritable`, `data_dir_in_use`
 */
export async function takeDataDir(path: string): Promise<DataDir> {
  const dir = resolve(path);
  try {
    await makeDirectory(dir);
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new WaysideError('data_dir_unwritable', dir, { cause: error });
  }
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 });
    lock.exec('begin exclusive');
  } catch (error) {
    lock?.close();
    const busy = error instanceof Error && error.message.includes('locked');
    throw new WaysideError(busy ? 'data_dir_in_use' : 'data_dir_unwritable', dir, { cause: error });
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

/** Not `mkdir`'s own recursion: below /proc that never ends, on Node 24. */
async function makeDirectory(dir: string): Promise<void> {
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
