import type { DuckDBConnection } from '@duckdb/node-api';
import { WaysideError } from '../errors.ts';
import { deleteAll, deleteOlder, hasPositionsBefore } from './duckdb-deletions.ts';
import { abandonCopy, successorOf } from './duckdb-file.ts';
import { beginCopying, type CopyParts, finishCopying } from './duckdb-rewrite.ts';
import { createSharedLock, type SharedLock } from './shared-lock.ts';
import type { Outdated, Removal } from './telemetry-store.ts';

/** The open file, as the remover uses it. */
export interface OpenDuckDb {
  readonly storedSeq: number;
  /** Runs `work` on the connection that also writes. Only within `writers.exclusive`. */
  onWriter<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Runs `work` on a connection of its own; throws once the file was closed or swapped. */
  readonly use: CopyParts['use'];
}

export interface DuckDbRemoverParts {
  readonly file: string;
  /** Who may write, one at a time. */
  readonly writers: SharedLock;
  /** Gives the open file; opens it where it is not. Only within `writers.exclusive`. */
  opened(): Promise<OpenDuckDb>;
  /** Puts the successor in the place of the file, which nobody uses meanwhile. Only within `writers.exclusive`. */
  swap(): Promise<void>;
}

interface Asked {
  readonly erase: readonly string[] | null;
  readonly outdated: Outdated;
  readonly done: PromiseWithResolvers<Removal>;
}

const NOTHING_OUTDATED: Outdated = { readings: [], positionsBefore: null };

/**
 * Removes and copies what is stored. Rows are deleted, and then the file is written anew without them, for DuckDB keeps their
 * bytes in it. Writers wait while rows are deleted and while the file is swapped, not while it is copied. What is asked for while
 * another rewrite runs shares the next one.
 */
export function createDuckDbRemover(parts: DuckDbRemoverParts) {
  const { file, writers } = parts;
  /** One rewrite or copy at a time. */
  const copiers = createSharedLock();
  let asked: Asked[] = [];
  /** Rows are deleted that are still in the file: a rewrite has failed. */
  let isOwed = false;

  function ask(erase: Asked['erase'], outdated: Outdated): Promise<Removal> {
    const done = Promise.withResolvers<Removal>();
    asked.push({ erase, outdated, done });
    void copiers.exclusive(removeAsked);
    return done.promise;
  }

  async function removeAsked(): Promise<void> {
    const taken = asked;
    asked = [];
    if (taken.length === 0) return;
    try {
      await remove(taken);
      for (const { done } of taken) done.resolve({ kind: 'removed' });
    } catch (error) {
      for (const { done } of taken) done.reject(unavailable(error));
    }
  }

  async function remove(taken: readonly Asked[]): Promise<void> {
    const bounds = taken.flatMap(({ outdated }) => outdated.positionsBefore ?? []);
    const positionsBefore = bounds.length === 0 ? null : Math.max(...bounds);
    const began = await writers.exclusive(async () => {
      const open = await parts.opened();
      const isDue = await open.onWriter(async (connection) => {
        let due = positionsBefore !== null && (await hasPositionsBefore(connection, positionsBefore));
        for (const { erase, outdated } of taken) {
          if (erase !== null) due = (await deleteAll(connection, erase)) || due;
          due = (await deleteOlder(connection, outdated.readings)) || due;
        }
        return due;
      });
      return { open, upToSeq: open.storedSeq, isDue };
    });
    if (!began.isDue && !isOwed) return;
    isOwed = true;
    await rewrite(began.open, began.upToSeq, positionsBefore);
    isOwed = false;
  }

  async function rewrite(open: OpenDuckDb, upToSeq: number, positionsBefore: number | null): Promise<void> {
    const copy = successorOf(file);
    await abandoning(open, copy, async () => {
      await beginCopying(partsOf(open, copy, positionsBefore), upToSeq);
      await writers.exclusive(async () => {
        await open.use((connection) => finishCopying(connection, upToSeq, open.storedSeq));
        await parts.swap();
      });
    });
  }

  /** Takes the copy away where the work fails. A file that was closed or opened anew meanwhile has none. */
  async function abandoning(open: OpenDuckDb, copy: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await open.use((connection) => abandonCopy(connection, copy)).catch(() => undefined); // the first error says why
      throw error;
    }
  }

  return {
    erase: (deviceKeys: readonly string[]): Promise<Removal> => ask(deviceKeys, NOTHING_OUTDATED),

    expire: (outdated: Outdated): Promise<Removal> => ask(null, outdated),

    /** Copies what is stored now; what is stored meanwhile is not in it. */
    copyTo: (copy: string): Promise<void> =>
      copiers.exclusive(async () => {
        try {
          const { open, upToSeq } = await writers.exclusive(async () => {
            const found = await parts.opened();
            return { open: found, upToSeq: found.storedSeq };
          });
          await abandoning(open, copy, async () => {
            await beginCopying(partsOf(open, copy, null), upToSeq);
            await open.use((connection) => finishCopying(connection, null, upToSeq));
          });
        } catch (error) {
          throw unavailable(error);
        }
      }),
  };
}

function partsOf(open: OpenDuckDb, copy: string, positionsBefore: number | null): CopyParts {
  return { copy, positionsBefore, use: open.use, sleep, now: () => performance.now() };
}

function unavailable(error: unknown): WaysideError {
  if (error instanceof WaysideError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new WaysideError('telemetry_unavailable', message, { cause: error });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
