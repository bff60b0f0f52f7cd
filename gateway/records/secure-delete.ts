import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/**
 * Runs `work` so that what it deletes is overwritten in the file at once, also where whole pages are let go
 * (https://www.sqlite.org/pragma.html#pragma_secure_delete). Else it is within pages that stay in use alone (`fast`, see
 * sqlite-file.ts): emptying a table of millions would write all of it anew.
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
    await sql`pragma secure_delete = fast`.execute(transaction);
  }
}
