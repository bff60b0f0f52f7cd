import type { Kysely } from 'kysely';
import { parseRule } from '../../rules/document/rule.ts';
import type { RuleContext, Trait } from '../../rules/document/trigger.ts';
import { type Problem, WaysideError } from '../errors.ts';
import { listDeviceTypes } from './device-types.ts';
import { allDocuments, documentIds } from './documents.ts';
import { rulesInForce } from './rules-in-force.ts';
import type { Schema } from './schema.ts';

/** What rules may name beside places and device types. */
export type RuleNames = Required<Pick<RuleContext, 'segments' | 'campaigns' | 'codePools' | 'traits'>>;

export async function ruleNames(db: Kysely<Schema>): Promise<RuleNames> {
  return {
    segments: await documentIds(db, 'segments'),
    campaigns: await documentIds(db, 'campaigns'),
    codePools: await documentIds(db, 'code_pools'),
    traits: await listTraits(db),
  };
}

export async function listTraits(db: Kysely<Schema>): Promise<readonly Trait[]> {
  return (await allDocuments(db, 'traits')).map(({ document }) => document as Trait);
}

/** The parts of a rule document that name something, as far as they are of the expected form. */
interface RuleParts {
  readonly when?: unknown;
  readonly audience?: { readonly segment?: unknown } | null;
  readonly campaign?: unknown;
  readonly offer?: { readonly code?: unknown } | null;
  readonly experiment?: {
    readonly variants?: readonly ({ readonly offer?: { readonly code?: unknown } | null } | null)[];
  } | null;
}

/** Whether a rule names a segment: as its audience, or as a text of its condition (`"commuters" in segments`). */
export function namesSegment(rule: RuleParts, id: string): boolean {
  if (rule.audience?.segment === id) return true;
  return typeof rule.when === 'string' && (rule.when.includes(`"${id}"`) || rule.when.includes(`'${id}'`));
}

export function namesCampaign(rule: RuleParts, id: string): boolean {
  return rule.campaign === id;
}

/** Whether one of the rule's offers takes its codes from a pool. */
export function namesCodePool(rule: RuleParts, id: string): boolean {
  const variants = rule.experiment?.variants;
  const offers = [rule.offer, ...(Array.isArray(variants) ? variants.map((variant) => variant?.offer) : [])];
  return offers.some((offer) => offer?.code === id);
}

/**
 * Refuses to take away what a live or paused rule names.
 *
 * @param what for the message: `the segment "commuters"`
 * @throws WaysideError `in_use` with every such rule
 */
export async function refuseWhereNamed(
  trx: Kysely<Schema>,
  what: string,
  id: string,
  names: (rule: RuleParts, id: string) => boolean,
): Promise<void> {
  const users: { readonly id: string }[] = [];
  for await (const rule of rulesInForce(trx, id)) if (names(rule.document as RuleParts, id)) users.push(rule);
  const [first] = users;
  if (first === undefined) return;
  const others = users.length === 1 ? '' : `, and so do ${users.length - 1} more`;
  throw new WaysideError('in_use', `the rule "${first.id}" uses ${what}${others}`, {
    problems: users.map((rule) => ({ path: `rule ${rule.id}`, message: `uses ${what}` })),
  });
}

/**
 * Refuses a change of traits after which a live or paused rule, or a segment, would not be understood any more. Before the transaction
 * of the change: with thousands of rules it takes seconds, for which nobody may wait.
 *
 * @throws WaysideError `in_use` with what would be wrong
 */
export async function refuseBrokenByTraits(
  db: Kysely<Schema>,
  before: readonly Trait[],
  after: readonly Trait[],
  problemsOfSegment: (document: object, traits: readonly Trait[]) => readonly Problem[],
): Promise<void> {
  const deviceTypes = await listDeviceTypes(db);
  const problems: Problem[] = [];
  const note = (what: string, found: readonly Problem[]) =>
    problems.push(...found.map(({ path, message }) => ({ path: `${what}: ${path}`, message })));
  for await (const { id, document } of rulesInForce(db, 'attributes')) {
    const parsed = parseRule(document, { deviceTypes, traits: after });
    if (!parsed.ok && parseRule(document, { deviceTypes, traits: before }).ok)
      note(`rule ${id}`, parsed.problems);
  }
  for (const { id, document } of await allDocuments(db, 'segments')) {
    const found = problemsOfSegment(document, after);
    if (found.length > 0 && problemsOfSegment(document, before).length === 0) note(`segment ${id}`, found);
  }
  const [first] = problems;
  if (first !== undefined) throw new WaysideError('in_use', `${first.path} ${first.message}`, { problems });
}
