import { type Kysely, sql } from 'kysely';
import type { SuppressionReason } from '../../rules/step.ts';
import { getRule } from './rules.ts';
import type { Schema } from './schema.ts';

/** A rule as it was saved once. */
export interface RuleVersion {
  readonly version: number;
  /** Epoch ms. */
  readonly savedAt: number;
  readonly rule: object;
}

/** What a rule decided within a period. */
export interface RuleCount {
  readonly rule: string;
  readonly sent: number;
  readonly suppressed: number;
  /** Of those that were suppressed. */
  readonly reasons: Readonly<Partial<Record<SuppressionReason, number>>>;
}

const SLICE_MS = 3_600_000;

/**
 * Versions of a rule, newest first.
 *
 * @param before only versions below this one; null: from the newest on
 * @throws WaysideError `not_found`
 */
export async function listRuleVersions(
  db: Kysely<Schema>,
  id: string,
  before: number | null,
  limit: number,
): Promise<{ readonly items: RuleVersion[]; readonly next: string | null }> {
  await getRule(db, id);
  let query = db.selectFrom('rule_versions').selectAll().where('id', '=', id);
  if (before !== null) query = query.where('version', '<', before);
  const rows = await query
    .orderBy('version', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(({ version, saved_at, document_json }) => ({
    version,
    savedAt: saved_at,
    rule: JSON.parse(document_json) as object,
  }));
  return { items, next: rows.length > limit ? String(items.at(-1)?.version) : null };
}

/**
 * What each rule decided from `from` (inclusive) to `to` (exclusive, both epoch ms); rules that decided nothing are left out.
 */
export async function countDecisionsByRule(
  db: Kysely<Schema>,
  from: number,
  to: number,
): Promise<RuleCount[]> {
  const counts = new Map<string, { sent: number; suppressed: number; reasons: Record<string, number> }>();
  // An hour at a time: whoever else asks the records meanwhile does not wait for a whole day's decisions.
  for (let start = from; start < to; start += SLICE_MS) {
    const rows = await db
      .selectFrom('decisions')
      .select(['rule', 'outcome', 'reason', sql<number>`count(*)`.as('count')])
      .where('at', '>=', start)
      .where('at', '<', Math.min(to, start + SLICE_MS))
      .groupBy(['rule', 'outcome', 'reason'])
      .execute();
    for (const { rule, outcome, reason, count } of rows) {
      const entry = counts.get(rule) ?? { sent: 0, suppressed: 0, reasons: {} };
      const number = Number(count);
      entry[outcome] += number;
      if (reason !== null) entry.reasons[reason] = (entry.reasons[reason] ?? 0) + number;
      counts.set(rule, entry);
    }
  }
  return [...counts].map(([rule, entry]) => ({ rule, ...entry }));
}
