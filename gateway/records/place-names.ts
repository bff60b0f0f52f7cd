import type { Kysely } from 'kysely';
import { inChunks } from './chunks.ts';
import type { Schema } from './schema.ts';

/** A place as people are told of it. */
export interface NamedPlace {
  readonly id: string;
  /** Null where the place is no more. */
  readonly name: string | null;
}

/** Names of places by id; those that are no more are not in it. */
export async function placeNames(
  db: Kysely<Schema>,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const chunk of inChunks([...new Set(ids)])) {
    const rows = await db.selectFrom('places').select(['id', 'name']).where('id', 'in', chunk).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
}
