import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../sync-path.ts';
import { RESTORING_DIR, replacedFiles } from './data-files.ts';

/** In the folder of what is restored: all of it is there and checked. From then on it is brought to an end. */
const READY = '.ready';
/** Beside it: what was in the data directory before is deleted. */
const CLEARED = '.cleared';

/** An empty folder in the data directory, on the same disk, for what is to take the place of its files. */
export async function beginRestoring(dir: string): Promise<string> {
  const folder = join(dir, RESTORING_DIR);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** All files of the folder are whole. What comes after is brought to an end whatever happens, at the next start if need be. */
export async function readyToReplace(dir: string): Promise<void> {
  await mark(join(dir, RESTORING_DIR), READY);
}

/**
 * Puts restored files in the place of those of the data directory, where a restore came so far; one that did not is removed, and
 * changed nothing. Can be cut short at any moment and called again.
 *
 * @returns whether there was anything to put in place
 */
export async function finishRestoring(dir: string): Promise<boolean> {
  const folder = join(dir, RESTORING_DIR);
  if (!(await exists(folder))) return false;
  if (!(await exists(join(folder, READY)))) {
    await rm(folder, { recursive: true });
    return false;
  }
  if (!(await exists(join(folder, CLEARED)))) {
    for (const name of await replacedFiles(dir)) await rm(join(dir, name));
    await syncPath(dir);
    await mark(folder, CLEARED);
  }
  for (const name of await readdir(folder))
    if (name !== READY && name !== CLEARED) await rename(join(folder, name), join(dir, name));
  await syncPath(dir);
  // Before the other mark, without which it would mean that what is in place now is to be deleted.
  await rm(join(folder, READY));
  await syncPath(folder);
  await rm(folder, { recursive: true });
  await syncPath(dir);
  return true;
}

async function mark(folder: string, name: string): Promise<void> {
  await syncPath(folder);
  const handle = await open(join(folder, name), 'w', 0o600);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncPath(folder);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
