import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { WaysideError } from '../errors.ts';
import { DELETE_SOME_ZEROS, overwriteFreePages } from '../overwrite-free-pages.ts';
import type { ErasedEntries } from './journal.ts';
import type { Room } from './journal-space.ts';
import { removeTorn } from './salvage.ts';
import { createScrubber } from './scrub.ts';
import type { Trimmer } from './trimmer.ts';

const LOG_RETRY_MS = 50;
/** A backup reads the journal for as long as it copies it; beyond that the erasure is to be tried again. */
const LOG_WITHIN_MS = 10_000;

/** Takes what is erased out of the journal's files, a few milliseconds at a time between commits. */
export interface Eraser {
  /** See `Journal.erase`. One after the other. */
  erase(erased: ErasedEntries): Promise<void>;
  /**
   * Gives a commit some of the pages that are being overwritten, and ends the overwriting with an error. Returns whether there
   * were any.
   */
  makeWay(): boolean;
  /** Ends what is under way, and what is asked for from now on, with an error. */
  stop(): void;
}

export interface EraserParts {
  readonly file: string;
  readonly database: DatabaseSync;
  readonly room: () => Room;
  readonly trimmer: Pick<Trimmer, 'rewrite'>;
}

export function createEraser({ file, database, room, trimmer }: EraserParts): Eraser {
  const deleteSomeZeros = database.prepare(DELETE_SOME_ZEROS);
  let last: Promise<unknown> = Promise.resolve();
  let stopped: WaysideError | null = null;
  let overtaken: WaysideError | null = null;

  const betweenCommits = async (): Promise<void> => {
    await nextTurn();
    if (stopped !== null) throw stopped;
  };

  async function letGoOfZeros(): Promise<void> {
    while (deleteSomeZeros.run().changes > 0) await betweenCommits();
  }

  async function overwrite(): Promise<void> {
    overtaken = null;
    try {
      await overwriteFreePages(async (sql) => {
        await betweenCommits();
        if (overtaken !== null) throw overtaken;
        return database.prepare(sql).all();
      });
    } catch (error) {
      await letGoOfZeros();
      throw error;
    }
  }

  /** Folds the log into the file and empties it. Whoever still reads what is in it is waited for here, and not by SQLite. */
  async function emptyLog(): Promise<void> {
    const end = performance.now() + LOG_WITHIN_MS;
    while (isLogInUse(database)) {
      if (performance.now() > end)
        throw new WaysideError('data_dir_in_use', `${file}-wal is read by somebody, and can't be emptied`);
      await sleep(LOG_RETRY_MS);
      await betweenCommits();
    }
  }

  async function eraseNow(erased: ErasedEntries): Promise<void> {
    const scrubber = createScrubber(database, erased);
    do await betweenCommits();
    while (scrubber.step());
    // Of an overwriting that a crash cut short.
    await letGoOfZeros();
    if (!trimmer.rewrite(room())) await overwrite();
    if (erased.size > 0) removeTorn(file);
    await emptyLog();
  }

  return {
    erase(erased) {
      const done = last.then(() => eraseNow(erased));
      last = done.catch(() => undefined); // whoever asked is told
      return done;
    },
    makeWay() {
      overtaken = new WaysideError('journal_full', 'messages needed the room that was being overwritten');
      return deleteSomeZeros.run().changes > 0;
    },
    stop() {
      stopped = new WaysideError('stopping', 'the journal is closing');
    },
  };
}

/** SQLite would wait for those who read it with commits behind it. */
function isLogInUse(database: DatabaseSync): boolean {
  const { timeout } = database.prepare('PRAGMA busy_timeout').get() ?? {};
  database.exec('PRAGMA busy_timeout = 0');
  try {
    return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy !== 0;
  } finally {
    database.exec(`PRAGMA busy_timeout = ${timeout}`);
  }
}
