import type { Kysely } from 'kysely';
import { type Problem, WaysideError } from '../errors.ts';
import type { Change } from './audit.ts';
import { inChunks } from './chunks.ts';
import { type RuleMove, writeMoves, writeVersions } from './rule-writes.ts';
import { nextState, ruleOf, type StoredRule } from './rules.ts';
import type { RuleState, Schema } from './schema.ts';

/** A rule as it is wanted; parsed before. */
export interface WantedRule {
  readonly id: string;
  readonly document: object;
  /** Null leaves the state, which is `draft` for a new rule. */
  readonly state: RuleState | null;
}

/** What somebody saw of a rule before they decided to change it. */
export interface ExpectedRule {
  readonly version: number;
  readonly state?: RuleState | undefined;
}

export interface ApplyRequest {
  readonly rules: readonly WantedRule[];
  /** Ends every rule that is not among `rules`. */
  readonly prune: boolean;
  /** By rule id; a rule that is to change and is not in here must not exist. Null: whatever is there is overwritten. */
  readonly expected: Readonly<Record<string, ExpectedRule>> | null;
  /** Only tells what would change. */
  readonly dryRun: boolean;
}

/** `state`: the document is the same, and the state another. */
export type ChangeKind = 'added' | 'changed' | 'state' | 'ended' | 'unchanged';

export interface AppliedRule {
  readonly kind: ChangeKind;
  /** Null for a new rule. */
  readonly before: StoredRule | null;
  readonly after: StoredRule;
}

/**
 * Brings rules to what is wanted, all or none, in one transaction. A rule whose document is the same, whatever the order of its
 * keys, keeps its version.
 *
 * @returns what becomes (or would become) of each rule: those wanted, in their order, then those that are ended
 * @throws WaysideError `rule_changed` naming the rules that are not as expected, `invalid_document` with every move that no
 * rule can make
 */
export async function applyRules(
  db: Kysely<Schema>,
  request: ApplyRequest,
  change: Change,
): Promise<readonly AppliedRule[]> {
  return db.transaction().execute(async (trx) => {
    const present = await presentRules(trx, request);
    const plan = planRules(present, request, change.at);
    if (request.expected !== null) refuseUnexpected(plan, request.expected);
    if (request.dryRun) return plan;
    const versions = plan.filter(({ kind }) => kind === 'added' || kind === 'changed');
    await writeVersions(
      trx,
      versions.map(({ after: { id, version, state, document } }) => ({
        id,
        version,
        state,
        document_json: JSON.stringify(document),
        updated_at: change.at,
      })),
      change,
    );
    await writeMoves(trx, plan.flatMap(moveOf), change);
    return plan;
  });
}

async function presentRules(
  trx: Kysely<Schema>,
  { rules, prune }: ApplyRequest,
): Promise<ReadonlyMap<string, StoredRule>> {
  const present = new Map<string, StoredRule>();
  const query = trx.selectFrom('rules').selectAll().orderBy('id');
  for (const chunk of inChunks(rules)) {
    const ids = chunk.map(({ id }) => id);
    for (const row of await query.where('id', 'in', ids).execute()) present.set(row.id, ruleOf(row));
  }
  if (prune) {
    for (const row of await query.where('state', '!=', 'ended').execute()) present.set(row.id, ruleOf(row));
  }
  return present;
}

function planRules(
  present: ReadonlyMap<string, StoredRule>,
  { rules, prune }: ApplyRequest,
  now: number,
): readonly AppliedRule[] {
  const problems: Problem[] = [];
  const plan = rules.map((wanted, index): AppliedRule => {
    const before = present.get(wanted.id) ?? null;
    const same = before !== null && canonicalJson(before.document) === canonicalJson(wanted.document);
    const state = stateAfter(wanted, before, `rules.${index}.state`, problems);
    if (before !== null && same && state === before.state)
      return { kind: 'unchanged', before, after: before };
    const version = same ? before.version : (before?.version ?? 0) + 1;
    const after = { id: wanted.id, version, state, document: wanted.document, updatedAt: now };
    return { kind: before === null ? 'added' : same ? 'state' : 'changed', before, after };
  });
  const [first] = problems;
  if (first !== undefined)
    throw new WaysideError('invalid_document', `${first.path}: ${first.message}`, { problems });
  if (!prune) return plan;
  const wantedIds = new Set(rules.map(({ id }) => id));
  const ended = [...present.values()]
    .filter(({ id, state }) => !wantedIds.has(id) && state !== 'ended')
    .map(
      (before): AppliedRule => ({
        kind: 'ended',
        before,
        after: { ...before, state: 'ended', updatedAt: now },
      }),
    );
  return [...plan, ...ended];
}

function stateAfter(
  { id, state }: WantedRule,
  before: StoredRule | null,
  path: string,
  problems: Problem[],
): RuleState {
  const from = before?.state ?? 'draft';
  try {
    return nextState(id, from, state);
  } catch (error) {
    if (!(error instanceof WaysideError)) throw error;
    problems.push({ path, message: error.detail });
    return from;
  }
}

function moveOf({ kind, before, after }: AppliedRule): readonly RuleMove[] {
  if (before === null || (kind !== 'state' && kind !== 'ended')) return [];
  return [{ id: after.id, version: after.version, from: before.state, to: after.state }];
}

function refuseUnexpected(
  plan: readonly AppliedRule[],
  expected: Readonly<Record<string, ExpectedRule>>,
): void {
  const problems = plan.flatMap(({ kind, before, after: { id } }): Problem[] => {
    if (kind === 'unchanged') return [];
    const seen = Object.hasOwn(expected, id) ? expected[id] : undefined;
    const message = difference(before, seen);
    return message === null ? [] : [{ path: id, message }];
  });
  const [first] = problems;
  if (first === undefined) return;
  const others = problems.length === 1 ? '' : `, and ${problems.length - 1} more`;
  throw new WaysideError('rule_changed', `rule "${first.path}" ${first.message}${others}`, { problems });
}

function difference(before: StoredRule | null, seen: ExpectedRule | undefined): string | null {
  if (before === null)
    return seen === undefined ? null : `was expected to have version ${seen.version}, and is not there`;
  if (seen === undefined) return `was not expected to be there; it has version ${before.version}`;
  if (before.version !== seen.version)
    return `was expected to have version ${seen.version}, and has version ${before.version}`;
  if (seen.state === undefined || seen.state === before.state) return null;
  return `was expected to be ${seen.state}, and is ${before.state}`;
}

/** The same text for the same JSON value, whatever the order of its keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
