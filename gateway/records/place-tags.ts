import { type Kysely, sql } from 'kysely';
import { inChunks } from './chunks.ts';
import type { Schema } from './schema.ts';

/** Tags that any place carries, in order. */
export async function placeTags(db: Kysely<Schema>): Promise<readonly string[]> {
  return (await db.selectFrom('place_tags').select('tag').orderBy('tag').execute()).map(({ tag }) => tag);
}

/** How many places carry each tag, as it changes: for the transaction that changes the places. */
export class TagCounts {
  readonly #by = new Map<string, number>();

  /** Takes away what these places carry, as far as they are there: before they are written anew or deleted. */
  async without(trx: Kysely<Schema>, ids: readonly string[]): Promise<void> {
    for (const chunk of inChunks(ids)) {
      const rows = await trx
        .selectFrom('places')
        .select(sql<string | null>`json_extract(feature_json, '$.properties.tags')`.as('tags'))
        .where('id', 'in', chunk)
        .execute();
      for (const { tags } of rows) this.#add(tags === null ? [] : JSON.parse(tags), -1);
    }
  }

  with(features: readonly object[]): void {
    for (const feature of features) {
      const { properties } = feature as { readonly properties?: { readonly tags?: unknown } | null };
      this.#add(properties?.tags, 1);
    }
  }

  async save(trx: Kysely<Schema>): Promise<void> {
    const changed = [...this.#by].flatMap(([tag, places]) => (places === 0 ? [] : [{ tag, places }]));
    for (const chunk of inChunks(changed)) {
      await trx
        .insertInto('place_tags')
        .values(chunk)
        .onConflict((conflict) =>
          conflict.column('tag').doUpdateSet({ places: sql`place_tags.places + excluded.places` }),
        )
        .execute();
    }
    if (changed.some(({ places }) => places < 0))
      await trx.deleteFrom('place_tags').where('places', '<=', 0).execute();
  }

  /** Each place counts once for a tag, however often it names it. */
  #add(tags: unknown, by: 1 | -1): void {
    if (!Array.isArray(tags)) return;
    for (const tag of new Set(tags))
      if (typeof tag === 'string') this.#by.set(tag, (this.#by.get(tag) ?? 0) + by);
  }
}
