import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/** What a rule did with a consumer's data. */
export interface RuleUse {
  readonly rule: string;
  /** The version that decided last. */
  readonly ruleVersion: number;
  readonly sent: number;
  readonly suppressed: number;
  /** Domain time. */
  readonly lastAt: number;
}

/** A person meets a few rules; of more, those that decided last are told. */
const MOST_RULES = 500;

/**
 * Which rules looked at a consumer's data since a time, the one that did last first.
 *
 * @param from domain time, inclusive
 */
export async function ruleUsesOf(
  db: Kysely<Schema>,
  consumerId: string,
  from: number,
): Promise<readonly RuleUse[]> {
  const rows = await db
    .selectFrom('decisions')
    .select([
      'rule',
      sql<number>`max(rule_version)`.as('ruleVersion'),
      sql<number>`sum(outcome = 'sent')`.as('sent'),
      sql<number>`sum(outcome = 'suppressed')`.as('suppressed'),
      sql<number>`max(at)`.as('lastAt'),
    ])
    .where('consumer', '=', consumerId)
    .where('at', '>=', from)
    .groupBy('rule')
    .orderBy('lastAt', 'desc')
    .orderBy('rule')
    .limit(MOST_RULES)
    .execute();
  return rows;
}
