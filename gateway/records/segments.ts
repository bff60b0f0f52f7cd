import type { Kysely } from 'kysely';
import { parseSegment, type Segment } from '../../rules/document/segment.ts';
import type { DescribedTrait } from '../../rules/document/trait.ts';
import type { Trait } from '../../rules/document/trigger.ts';
import type { Problem } from '../errors.ts';
import type { Change } from './audit.ts';
import { allDocuments, deleteDocument, saveDocument } from './documents.ts';
import { listTraits, namesSegment, refuseBrokenByTraits, refuseWhereNamed } from './rule-uses.ts';
import type { Schema } from './schema.ts';

/** @returns whether it is new */
export async function saveSegment(db: Kysely<Schema>, segment: Segment, change: Change): Promise<boolean> {
  return db.transaction().execute((trx) => saveDocument(trx, 'segments', segment.id, segment, change));
}

/** @throws WaysideError `not_found`; `in_use` by a live or paused rule */
export async function deleteSegment(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await refuseWhereNamed(trx, `the segment "${id}"`, id, namesSegment);
    await deleteDocument(trx, 'segments', id, change);
  });
}

/**
 * The first one may be declared whatever rules read: as long as there is none, several attributes may be in use, and no order of
 * declaring them would suit all rules. They stay in force, and say what is undeclared when they are opened or saved.
 *
 * @returns whether it is new
 * @throws WaysideError `in_use` where a live or paused rule, or a segment, would not be understood any more
 */
export async function saveTrait(db: Kysely<Schema>, trait: DescribedTrait, change: Change): Promise<boolean> {
  const before = await listTraits(db);
  const others = before.filter(({ name }) => name !== trait.name);
  if (before.length > 0) await refuseBrokenByTraits(db, before, [...others, trait], problemsOfSegment);
  return db.transaction().execute((trx) => saveDocument(trx, 'traits', trait.name, trait, change));
}

/** @throws WaysideError `not_found`; `in_use` by a live or paused rule, or by a segment */
export async function deleteTrait(db: Kysely<Schema>, name: string, change: Change): Promise<void> {
  const before = await listTraits(db);
  const after = before.filter((other) => other.name !== name);
  await refuseBrokenByTraits(db, before, after, problemsOfSegment);
  await db.transaction().execute((trx) => deleteDocument(trx, 'traits', name, change));
}

/** All segments, for the rulebook. */
export async function listSegments(db: Kysely<Schema>): Promise<readonly Segment[]> {
  return (await allDocuments(db, 'segments')).map(({ document }) => document as Segment);
}

function problemsOfSegment(document: object, traits: readonly Trait[]): readonly Problem[] {
  const parsed = parseSegment(document, { traits });
  return parsed.ok ? [] : parsed.problems;
}
