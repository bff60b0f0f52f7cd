import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/**
 * Runs `work` so that what it deletes is overwritten in the file too; SQLite otherwise leaves it there until the page is used
 * again (https://www.sqlite.org/pragma.html#pragma_secure_delete). Not for everything: emptying a table of millions would write
 * all of it anew.
 *
 * @param transaction which holds the connection, so that nobody else changes the setting meanwhile
 */
export async function deletingSecurely<T>(transaction: Kysely<Schema>, work: () => Promise<T>): Promise<T> {
  const before = await sql<{ secure_delete: number }>`pragma secure_delete`.execute(transaction);
  // Within a larger deletion that is secure already, which is to stay so to its end.
  if (before.rows[0]?.secure_delete === 1) return work();
  await sql`pragma secure_delete = on`.execute(transaction);
  try {
    return await work();
  } finally {
    await sql`pragma secure_delete = off`.execute(transaction);
  }
}
