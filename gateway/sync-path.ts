import { open } from 'node:fs/promises';

/** What was written or renamed is on disk after it; for a directory, its names. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
