import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

export interface PlaceName {
  readonly id: string;
  readonly name: string;
}

export interface TagCount {
  readonly tag: string;
  readonly places: number;
}

/** A text as part of a LIKE pattern: its wildcards mean themselves, with `\` as the escape. */
const contains = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Places whose name or id holds `text` (case counts as no difference in ASCII), by name; the first `limit`. */
export async function findPlaces(db: Kysely<Schema>, text: string, limit: number): Promise<PlaceName[]> {
  const pattern = contains(text);
  return db
    .selectFrom('places')
    .select(['id', 'name'])
    .where(sql<boolean>`(name like ${pattern} escape '\\' or id like ${pattern} escape '\\')`)
    .orderBy('name')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Tags that hold `text`, with how many places carry each; those of the most places first. */
export async function findTags(db: Kysely<Schema>, text: string, limit: number): Promise<TagCount[]> {
  return db
    .selectFrom('place_tags')
    .selectAll()
    .where(sql<boolean>`tag like ${contains(text)} escape '\\'`)
    .orderBy('places', 'desc')
    .orderBy('tag')
    .limit(limit)
    .execute();
}

/** The names of these places; those that are not there are left out. */
export async function namesOfPlaces(db: Kysely<Schema>, ids: readonly string[]): Promise<PlaceName[]> {
  return db.selectFrom('places').select(['id', 'name']).where('id', 'in', ids).execute();
}
