import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/schema.ts';

export type ChainEntry = Selectable<Schema['audit']>;
export type NameEntry = Selectable<Schema['audit_names']>;

/** An audit log to verify, read part by part. */
export interface ChainSource {
  /** In order, from behind `afterId`. */
  entries(afterId: number, limit: number): Promise<readonly ChainEntry[]>;
  /** The first entry with this hash, or null. */
  withHash(hash: string): Promise<ChainEntry | null>;
  /** The first entry that says it follows on this hash, or null. */
  following(prevHash: string): Promise<ChainEntry | null>;
  /** In order of their refs, from behind `afterRef`. */
  names(afterRef: string, limit: number): Promise<readonly NameEntry[]>;
}

export function chainSource(db: Kysely<Schema>): ChainSource {
  const first = async (column: 'hash' | 'prev_hash', value: string) =>
    (await db.selectFrom('audit').selectAll().where(column, '=', value).orderBy('id').executeTakeFirst()) ??
    null;
  return {
    entries: (afterId, limit) =>
      db.selectFrom('audit').selectAll().where('id', '>', afterId).orderBy('id').limit(limit).execute(),
    withHash: (hash) => first('hash', hash),
    following: (prevHash) => first('prev_hash', prevHash),
    names: (afterRef, limit) =>
      db
        .selectFrom('audit_names')
        .selectAll()
        .where('ref', '>', afterRef)
        .orderBy('ref')
        .limit(limit)
        .execute(),
  };
}
