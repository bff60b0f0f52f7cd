import type { Kysely } from 'kysely';
import { inChunks } from './chunks.ts';
import type { Schema } from './schema.ts';

/** The present documents of rules, by id; those that are no more are not in it. */
export async function ruleDocuments(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, object>> {
  const documents = new Map<string, object>();
  for (const chunk of inChunks(ids)) {
    const rows = await db
      .selectFrom('rules')
      .select(['id', 'document_json'])
      .where('id', 'in', chunk)
      .execute();
    for (const { id, document_json } of rows) documents.set(id, JSON.parse(document_json));
  }
  return documents;
}
