import { setTimeout as sleep } from 'node:timers/promises';
import { WaysideError } from './errors.ts';
import type { Execute } from './overwrite-free-pages.ts';

const LOOK_AGAIN_MS = 20;
/** A backup reads the files for as long as it copies them; beyond that whoever asked is to try again. */
const WITHIN_MS = 10_000;

/** Has `work` done on the one connection to a SQLite file, with nothing of others in between. */
export type OnConnection = (work: (execute: Execute) => Promise<boolean>) => Promise<boolean>;

/**
 * Folds the log of a SQLite file into it and empties it: the log holds older forms of pages, with what was deleted from them. Those
 * who read what is in it are waited for here, and not by SQLite with all other statements behind it.
 *
 * @throws WaysideError `log_in_use` where somebody reads it for 10 s
 */
export async function emptyLog(file: string, onConnection: OnConnection): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (await onConnection(isLogInUse)) {
    if (performance.now() > end)
      throw new WaysideError('log_in_use', `${file}-wal holds what was deleted, and is being read`);
    await sleep(LOOK_AGAIN_MS);
  }
}

async function isLogInUse(execute: Execute): Promise<boolean> {
  const [before] = await execute('pragma busy_timeout');
  await execute('pragma busy_timeout = 0');
  try {
    const [checkpoint] = await execute('pragma wal_checkpoint(truncate)');
    return checkpoint?.busy !== 0;
  } finally {
    await execute(`pragma busy_timeout = ${Number(before?.timeout)}`);
  }
}
