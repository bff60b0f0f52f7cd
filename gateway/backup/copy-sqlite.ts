import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** How long it waits for a moment in which nobody changes the form of the file. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Writes what is committed in a SQLite file into a new one, as of one moment, while others read and write it: one transaction
 * that reads (https://www.sqlite.org/lang_vacuum.html#vacuuminto). `sqlite3_backup` would begin anew with each commit.
 * Nothing that was deleted is in the copy. Blocks its thread.
 */
export function copySqlite(file: string, copy: string): void {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare('vacuum into ?').run(copy);
  } finally {
    database.close();
  }
  chmodSync(copy, 0o600);
}
