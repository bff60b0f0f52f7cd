import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { emptyLog } from '../empty-log.ts';
import { WaysideError } from '../errors.ts';
import { DELETE_SOME_ZEROS, overwriteFreePages } from '../overwrite-free-pages.ts';
import type { ErasedEntries } from './journal.ts';
import type { Room } from './journal-space.ts';
import { removeTorn } from './salvage.ts';
import { createScrubber } from './scrub.ts';
import type { Trimmer } from './trimmer.ts';

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

  async function eraseNow(erased: ErasedEntries): Promise<void> {
    const scrubber = createScrubber(database, erased);
    do await betweenCommits();
    while (scrubber.step());
    // Of an overwriting that a crash cut short.
    await letGoOfZeros();
    if (!trimmer.rewrite(room())) await overwrite();
    if (erased.size > 0) removeTorn(file);
    await emptyLog(file, async (work) => {
      await betweenCommits();
      return work((sql) => database.prepare(sql).all());
    });
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
