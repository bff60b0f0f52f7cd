import type { Kysely, Selectable } from 'kysely';
import type { ReadingProblem } from '../../rules/readings/reading.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';
import { MOST_COMPLAINTS_AN_ENTRY } from './quarantine-bounds.ts';

/** What came of taking a quarantined message again. */
export interface RetryNote {
  readonly quarantineId: string;
  /** Readings that the message held, whatever became of them. */
  readonly readings: number;
  /** What is still wrong; none where it was taken. */
  readonly problems: ReadingProblem[];
}

/** Which of these messages are still in quarantine: two who ask at once for the same one have it taken once. */
export async function findQuarantined(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const chunk of inChunks(ids)) {
    const rows = await db.selectFrom('quarantine').select('id').where('id', 'in', chunk).execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

/**
 * Removes from quarantine what was taken, and notes a try for the rest, with what is wrong now; in the transaction that moves the
 * engine's cursor.
 */
export async function settleRetries(
  transaction: Kysely<Schema>,
  notes: Iterable<RetryNote>,
  newId: () => string,
): Promise<void> {
  for (const note of notes) {
    if (note.problems.length === 0)
      await transaction.deleteFrom('quarantine').where('id', '=', note.quarantineId).execute();
    else await refuseAgain(transaction, note, newId);
  }
}

async function refuseAgain(
  transaction: Kysely<Schema>,
  { quarantineId, readings, problems }: RetryNote,
  newId: () => string,
): Promise<void> {
  const row = await transaction
    .selectFrom('quarantine')
    .selectAll()
    .where('id', '=', quarantineId)
    .executeTakeFirst();
  if (row === undefined) return;
  const isSame = ({ code, message }: ReadingProblem) => code === row.code && message === row.message;
  const [first] = problems;
  const own = problems.find(isSame) ?? first ?? row;
  // Another row may have the new complaint about the same payload already: then this one keeps its old words.
  const other = await transaction
    .selectFrom('quarantine')
    .select('id')
    .where('device', '=', row.device)
    .where('topic', '=', row.topic)
    .where('code', '=', own.code)
    .where('message', '=', own.message)
    .where('payload_digest', '=', row.payload_digest)
    .where('id', '<>', row.id)
    .executeTakeFirst();
  await transaction
    .updateTable('quarantine')
    .set({
      tries: row.tries + 1,
      ...(other === undefined ? { code: own.code, message: own.message } : {}),
      ...(row.part_json === null ? { readings_taken: readings } : {}),
    })
    .where('id', '=', row.id)
    .execute();
  for (const { code, message } of othersOf(problems, own))
    await keepUnlessKnown(transaction, { ...row, id: newId(), code, message });
}

/** What is wrong beside `own`, each complaint once; of very many the rest is told by its number, as of a message that comes. */
function othersOf(
  problems: readonly ReadingProblem[],
  own: { readonly code: string; readonly message: string },
): readonly ReadingProblem[] {
  const keyOf = ({ code, message }: typeof own) => `${code} ${message}`;
  const different = new Map(problems.map((problem) => [keyOf(problem), problem]));
  different.delete(keyOf(own));
  const others = [...different.values()];
  const [firstOfMore] = others.slice(MOST_COMPLAINTS_AN_ENTRY);
  if (firstOfMore === undefined) return others;
  const more = `and ${others.length - MOST_COMPLAINTS_AN_ENTRY} more problems of this message`;
  return [...others.slice(0, MOST_COMPLAINTS_AN_ENTRY), { code: firstOfMore.code, message: more }];
}

/** Keeps a row unless there is one with the same complaint about the same payload. */
async function keepUnlessKnown(
  transaction: Kysely<Schema>,
  row: Selectable<Schema['quarantine']>,
): Promise<void> {
  await transaction
    .insertInto('quarantine')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
