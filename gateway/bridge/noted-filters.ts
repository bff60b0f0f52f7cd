import type { Kysely } from 'kysely';
import type { Schema } from '../records/schema.ts';

/**
 * The filters that the session at the external broker was ever subscribed to. It keeps them until they are unsubscribed from,
 * and what came by two of them would come twice.
 */
export interface NotedFilters {
  all(): Promise<readonly string[]>;
  /** To be called before subscribing. */
  note(filters: readonly string[]): Promise<void>;
  /** To be called once the session no longer has them. */
  forget(filters: readonly string[]): Promise<void>;
}

export function notedFilters(db: Kysely<Schema>): NotedFilters {
  return {
    async all() {
      const rows = await db.selectFrom('bridge_filters').select('filter').execute();
      return rows.map((row) => row.filter);
    },
    async note(filters) {
      await db
        .insertInto('bridge_filters')
        .values(filters.map((filter) => ({ filter })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async forget(filters) {
      await db.deleteFrom('bridge_filters').where('filter', 'in', filters).execute();
    },
  };
}
