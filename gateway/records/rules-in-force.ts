import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/** Some 15 ms of parsing: whoever reads ten thousand rules lets others come to their turn. */
const RULES_A_PART = 50;

/**
 * Documents of the rules that are live or paused, by id.
 *
 * @param text somewhere in the document, so that most rules are passed over unread; empty for all
 */
export async function* rulesInForce(
  db: Kysely<Schema>,
  text = '',
): AsyncGenerator<{ readonly id: string; readonly document: object }> {
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('rules')
      .select(['id', 'document_json'])
      .where('state', 'in', ['live', 'paused'])
      .where('id', '>', after)
      .where(sql<boolean>`instr(document_json, ${text}) > 0`)
      .orderBy('id')
      .limit(RULES_A_PART)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const { id, document_json } of rows) yield { id, document: JSON.parse(document_json) };
    after = last.id;
    await nextTurn();
  }
}
