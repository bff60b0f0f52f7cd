import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { putInPlace } from './put-in-place.ts';

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;
const ASK_AGAIN_MS = 100;
/** In the built folder: the hash of what it was built from. It is written last. */
const MARK = '.built-from';

export interface Building {
  /** Where the result lies. Between two renames it is not there; else it is whole. */
  readonly folder: string;
  /** Has the lock, and what is not whole yet: on the same disk as the folder. */
  readonly workshop: string;
  /** Of all that the result is made of. */
  readonly sourceHash: () => Promise<string>;
  /** Puts the result into an empty folder. */
  readonly build: (into: string) => Promise<void>;
  /** Another process is building: told once, before waiting for it. */
  readonly onWait: () => void;
}

/**
 * Builds a folder unless it is built from just these sources. Of several processes that start at once one builds, and the others wait
 * for it; one that fails leaves the folder as it was, and one that dies as it was, or to be put back by the next one, which builds.
 *
 * @returns whether it was built now
 */
export async function buildOnce(building: Building): Promise<boolean> {
  const { folder, workshop, sourceHash, build, onWait } = building;
  if ((await markOf(folder)) === (await sourceHash())) return false;
  await mkdir(workshop, { recursive: true });
  const unlock = await lock(join(workshop, 'lock.db'), onWait);
  try {
    const [next, last] = [join(workshop, 'next'), join(workshop, 'last')];
    await putBack(last, folder);
    // Once more: another one may have built it in the meantime. Of the sources as they are now, for a build takes these.
    const wanted = await sourceHash();
    if ((await markOf(folder)) === wanted) return false;
    // Who died in the middle left them.
    await Promise.all([next, last].map(takeAway));
    await mkdir(next);
    await build(next);
    await writeFile(join(next, MARK), wanted);
    await putInPlace(next, folder, last);
    await takeAway(last);
    return true;
  } finally {
    unlock();
  }
}

/** Of one that ended between the two renames the pages are still there: no start is to be without them while it builds, or where it can't. */
async function putBack(last: string, folder: string): Promise<void> {
  if ((await markOf(last)) === null || (await stat(folder).catch(unlessMissing)) !== undefined) return;
  await rename(last, folder);
}

/** The mark first: what is left where this is cut short says of itself that it is not whole. */
async function takeAway(folder: string): Promise<void> {
  await rm(join(folder, MARK), { force: true });
  await rm(folder, { recursive: true, force: true });
}

/**
 * Takes a lock among processes. SQLite's is one of the operating system, which takes it back from whoever dies: there is none that is
 * left behind, and no guessing how old one may be. The file stays, for two could otherwise hold two files of one name.
 */
async function lock(file: string, onWait: () => void): Promise<() => void> {
  const held = new DatabaseSync(file, { timeout: 0 });
  for (let tries = 0; ; tries += 1) {
    try {
      held.exec('BEGIN EXCLUSIVE');
      return () => held.close();
    } catch (error) {
      if ((error as { readonly errcode?: unknown }).errcode !== SQLITE_BUSY) {
        held.close();
        throw error;
      }
    }
    if (tries === 0) onWait();
    await setTimeout(ASK_AGAIN_MS);
  }
}

/** What a folder was built from, or null where it is not there or not whole. */
async function markOf(folder: string): Promise<string | null> {
  return (await readFile(join(folder, MARK), 'utf8').catch(unlessMissing)) ?? null;
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
