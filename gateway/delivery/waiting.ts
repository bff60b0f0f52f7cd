import { sql } from 'kysely';

/**
 * A delivery that waits. Literals and not parameters, for SQLite takes the index over waiting rows only where its condition stands in
 * the query. Which index is to be said as well (`indexed by`): SQLite knows nothing of how many rows wait, takes the one over all
 * states, and looks through 100,000 of them each time.
 */
export const WAITING = sql<boolean>`state in ('queued', 'retrying')`;

/** Of rows that are found by their id: the plus keeps SQLite from the index over states. */
export const STILL_WAITS = sql<boolean>`+${WAITING}`;
