import type { Kysely } from 'kysely';
import { findTries } from '../records/quarantine.ts';
import type { Schema } from '../records/schema.ts';

/** What came of another try: it was taken, or refused again (with what is wrong now), or the engine has not come to it yet. */
export type RetryResult =
  | { readonly id: string; readonly outcome: 'taken' }
  | { readonly id: string; readonly outcome: 'refused'; readonly code: string; readonly message: string }
  | { readonly id: string; readonly outcome: 'waiting' };

/** The engine takes an entry within milliseconds, unless it has a backlog: then the caller need not wait for it. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 20;

/** How often each message had been tried before it was put into the journal again. */
export async function triesBefore(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return new Map((await findTries(db, ids)).map(({ id, tries }) => [id, tries]));
}

/**
 * Waits until the engine has taken the messages or refused them again, and at most five seconds.
 *
 * @param before of {@link triesBefore}
 */
export async function retryResults(
  db: Kysely<Schema>,
  before: ReadonlyMap<string, number>,
): Promise<readonly RetryResult[]> {
  const ids = [...before.keys()];
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const found = new Map((await findTries(db, ids)).map((row) => [row.id, row]));
    const results = ids.map((id): RetryResult => {
      const row = found.get(id);
      if (row === undefined) return { id, outcome: 'taken' };
      if (row.tries === before.get(id)) return { id, outcome: 'waiting' };
      return { id, outcome: 'refused', code: row.code, message: row.message };
    });
    if (results.every(({ outcome }) => outcome !== 'waiting') || performance.now() > deadline) return results;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
