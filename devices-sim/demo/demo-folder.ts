import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DemoError } from './settings.ts';

/**
 * Empties the demo's data directory, and keeps other demos out of it until `release`. The lock is an open SQLite transaction
 * in a file beside the directory: the system drops it when the process dies, however it dies.
 */
export async function takeDemoFolder(dataDir: string): Promise<{ release(): void }> {
  const parent = path.dirname(dataDir);
  let lock: DatabaseSync;
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(path.join(parent, 'demo.lock'), { timeout: 0 });
  } catch (error) {
    throw new DemoError(`Cannot write to ${parent}. Choose another folder with WAYSIDE_DATA_DIR.`, error);
  }
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw new DemoError(
      `Another demo uses ${dataDir}. Stop it, or choose another folder with WAYSIDE_DATA_DIR.`,
      error,
    );
  }
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { mode: 0o700 });
  return { release: () => lock.close() };
}
