import { rename } from 'node:fs/promises';

/**
 * Puts a folder in the place of another by two renames; all three paths are on one disk.
 *
 * @param last where the one that was there goes; nothing is there before, and it is left there
 * @throws where the new one can't be put there: the one that was there is back then, or at `last` where that fails too, and it says so
 */
export async function putInPlace(next: string, folder: string, last: string): Promise<void> {
  const wasThere = await renamed(folder, last);
  try {
    await rename(next, folder);
  } catch (error) {
    if (wasThere) await putBack(last, folder, error);
    throw error;
  }
}

/** @param why the new one could not be put there */
async function putBack(last: string, folder: string, why: unknown): Promise<void> {
  try {
    await rename(last, folder);
  } catch (error) {
    throw new AggregateError(
      [why, error],
      `${folder} could not be replaced, and what was there is at ${last}`,
    );
  }
}

/** False where there is nothing to rename. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
