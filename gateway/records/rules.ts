import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { RuleState, Schema } from './schema.ts';

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

function ruleOf(row: Schema['rules']): StoredRule {
  const { id, version, state } = row;
  return { id, version, state, document: JSON.parse(row.document_json), updatedAt: row.updated_at };
}

/**
 * Keeps a rule that was parsed before, as its next version.
 *
 * @param state null leaves the state, which is `draft` for a new rule
 * @throws WaysideError `wrong_state`
 */
export async function saveRule(
  db: Kysely<Schema>,
  id: string,
  document: object,
  state: RuleState | null,
  change: Change,
): Promise<{ readonly rule: StoredRule; readonly created: boolean }> {
  return db.transaction().execute((trx) => saveRuleWithin(trx, id, document, state, change));
}

/** As saveRule, within the caller's transaction. */
export async function saveRuleWithin(
  trx: Kysely<Schema>,
  id: string,
  document: object,
  state: RuleState | null,
  change: Change,
): Promise<{ readonly rule: StoredRule; readonly created: boolean }> {
  const before = await trx.selectFrom('rules').selectAll().where('id', '=', id).executeTakeFirst();
  const row = {
    id,
    version: (before?.version ?? 0) + 1,
    state: nextState(id, before?.state ?? 'draft', state),
    document_json: JSON.stringify(document),
    updated_at: change.at,
  };
  await trx
    .insertInto('rules')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  await trx
    .insertInto('rule_versions')
    .values({ id, version: row.version, document_json: row.document_json, saved_at: change.at })
    .execute();
  await noteInForce(trx, row, change);
  await writeAudit(trx, change, 'rule.saved', id, { version: row.version, state: row.state });
  return { rule: ruleOf(row), created: before === undefined };
}

/** @throws WaysideError `not_found`, `wrong_state` */
export async function setRuleState(
  db: Kysely<Schema>,
  id: string,
  state: RuleState,
  change: Change,
): Promise<StoredRule> {
  return db.transaction().execute((trx) => setRuleStateWithin(trx, id, state, change));
}

/** As setRuleState, within the caller's transaction. */
export async function setRuleStateWithin(
  trx: Kysely<Schema>,
  id: string,
  state: RuleState,
  change: Change,
): Promise<StoredRule> {
  const before = await getRule(trx, id);
  nextState(id, before.state, state);
  await trx.updateTable('rules').set({ state, updated_at: change.at }).where('id', '=', id).execute();
  await noteInForce(trx, { ...before, state }, change);
  await writeAudit(trx, change, 'rule.state', id, { from: before.state, to: state });
  return { ...before, state, updatedAt: change.at };
}

/** What is in force from now on, for whoever asks later why a rule did what it did. */
async function noteInForce(
  trx: Kysely<Schema>,
  { id, version, state }: { readonly id: string; readonly version: number; readonly state: RuleState },
  change: Change,
): Promise<void> {
  await trx.insertInto('rule_states').values({ rule: id, at: change.at, version, state }).execute();
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
