import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import type { Change } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import { writeMoves, writeVersions } from './rule-writes.ts';
import type { RuleState, Schema } from './schema.ts';
import { matchesVersion, type VersionMatch } from './version-match.ts';

export interface StoredRule {
  readonly id: string;
  /** Counts from 1; every save adds one. */
  readonly version: number;
  readonly state: RuleState;
  /** The rule document as it was given. */
  readonly document: object;
  readonly updatedAt: number;
}

const ORDER = { list: 'rules', timeColumn: 'updated_at', idColumn: 'id' };

/** Where a rule may go from each state; an ended rule stays ended, so that its figures stay what they were. */
const TRANSITIONS: Readonly<Record<RuleState, readonly RuleState[]>> = {
  draft: ['live', 'ended'],
  live: ['paused', 'ended'],
  paused: ['live', 'ended'],
  ended: [],
};

export function ruleOf(row: Schema['rules']): StoredRule {
  const { id, version, state } = row;
  return { id, version, state, document: JSON.parse(row.document_json), updatedAt: row.updated_at };
}

/**
 * Keeps a rule that was parsed before, as its next version.
 *
 * @param state null leaves the state, which is `draft` for a new rule
 * @throws WaysideError `wrong_state`, `rule_mismatch`
 */
export async function saveRule(
  db: Kysely<Schema>,
  id: string,
  document: object,
  state: RuleState | null,
  change: Change,
  expected: VersionMatch = {},
): Promise<{ readonly rule: StoredRule; readonly created: boolean }> {
  return db.transaction().execute(async (trx) => {
    const before = await trx.selectFrom('rules').selectAll().where('id', '=', id).executeTakeFirst();
    requireMatch(id, before, expected);
    const row = {
      id,
      version: (before?.version ?? 0) + 1,
      state: nextState(id, before?.state ?? 'draft', state),
      document_json: JSON.stringify(document),
      updated_at: change.at,
    };
    await writeVersions(trx, [row], change);
    return { rule: ruleOf(row), created: before === undefined };
  });
}

/** @throws WaysideError `not_found`, `wrong_state`, `rule_mismatch` */
export async function setRuleState(
  db: Kysely<Schema>,
  id: string,
  state: RuleState,
  change: Change,
  expected: VersionMatch = {},
): Promise<StoredRule> {
  return db.transaction().execute(async (trx) => {
    const before = await getRule(trx, id);
    requireMatch(id, before, expected);
    nextState(id, before.state, state);
    await writeMoves(trx, [{ id, version: before.version, from: before.state, to: state }], change);
    return { ...before, state, updatedAt: change.at };
  });
}

function requireMatch(
  id: string,
  before: { readonly version: number } | undefined,
  expected: VersionMatch,
): void {
  if (matchesVersion(expected, before?.version ?? null)) return;
  const found = before === undefined ? 'is not there' : `has version ${before.version}`;
  throw new WaysideError('rule_mismatch', `the rule "${id}" ${found}`);
}

/** @throws WaysideError `not_found` */
export async function getRule(db: Kysely<Schema>, id: string): Promise<StoredRule> {
  const row = await db.selectFrom('rules').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no rule "${id}"`);
  return ruleOf(row);
}

export async function listRules(
  db: Kysely<Schema>,
  filter: { readonly state?: RuleState | undefined },
  page: PageRequest,
): Promise<Page<StoredRule>> {
  const rows = await db
    .selectFrom('rules')
    .selectAll()
    .$call(onPage(ORDER, page, { state: filter.state }))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.updated_at, row.id], ruleOf);
}

/**
 * The state that a rule has after a change that wants `to` (null: none in particular).
 *
 * @throws WaysideError `wrong_state`
 */
export function nextState(id: string, from: RuleState, to: RuleState | null): RuleState {
  if (to === null || to === from) return from;
  const allowed = TRANSITIONS[from];
  if (allowed.includes(to)) return to;
  const choices =
    allowed.length === 0 ? 'it can go nowhere from there' : `it can become ${allowed.join(' or ')}`;
  throw new WaysideError('wrong_state', `the rule "${id}" is ${from}, and cannot become ${to}: ${choices}`);
}
