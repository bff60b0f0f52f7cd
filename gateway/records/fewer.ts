import type { Kysely } from 'kysely';
import type { FewerWanted } from '../../rules/step.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { listed } from './listed.ts';
import type { Schema } from './schema.ts';

/** More rules than that reach nobody; who comes so far wants to stop everything. */
const MOST_RULES = 1_000;

/** A rule of which a person wants fewer offers. */
export interface FewerOfRule {
  readonly rule: string;
  /** 1: at most one a week; 2: none. */
  readonly level: 1 | 2;
  /** When the last one had come when they asked, domain time. */
  readonly since: number;
}

/**
 * A person wants fewer offers like this one. Asked again, the same holds; what was asked for before is not given back by it.
 *
 * @param level 1: at most one a week of its rule; 2: none
 * @throws WaysideError `not_found` where the offer is not theirs
 */
export async function wantFewer(
  db: Kysely<Schema>,
  consumer: string,
  deliveryId: string,
  level: 1 | 2,
  change: Change,
): Promise<FewerOfRule> {
  return db.transaction().execute(async (trx) => {
    const offer = await trx
      .selectFrom('deliveries')
      .select('rule')
      .where('id', '=', deliveryId)
      .where('consumer', '=', consumer)
      .executeTakeFirst();
    if (offer === undefined) throw new WaysideError('not_found', `you were made no offer "${deliveryId}"`);
    const { rule } = offer;
    const known = await listFewer(trx, consumer);
    const before = known.find((one) => one.rule === rule);
    if (before === undefined && known.length >= MOST_RULES)
      throw new WaysideError('too_many', `at most ${MOST_RULES} rules`);
    const { since } = await trx
      .selectFrom('deliveries')
      .select((select) => select.fn.max('created_at').as('since'))
      .where('consumer', '=', consumer)
      .where('rule', '=', rule)
      .executeTakeFirstOrThrow();
    const row = { level: before?.level === 2 ? 2 : level, since: Number(since) } as const;
    await trx
      .insertInto('fewer')
      .values({ consumer_id: consumer, rule, ...row })
      .onConflict((conflict) => conflict.columns(['consumer_id', 'rule']).doUpdateSet(row))
      .execute();
    await writeAudit(trx, change, 'consumer.wants_fewer', consumer, { rule, level: row.level });
    return { rule, ...row };
  });
}

/** @throws WaysideError `not_found` where they asked for nothing of that rule */
export async function wantAsUsual(
  db: Kysely<Schema>,
  consumer: string,
  rule: string,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('fewer')
      .where('consumer_id', '=', consumer)
      .where('rule', '=', rule)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) throw new WaysideError('not_found', `you did not ask for fewer of "${rule}"`);
    await writeAudit(trx, change, 'consumer.wants_as_usual', consumer, { rule });
  });
}

/** By rule. */
export async function listFewer(db: Kysely<Schema>, consumer: string): Promise<readonly FewerOfRule[]> {
  return db
    .selectFrom('fewer')
    .select(['rule', 'level', 'since'])
    .where('consumer_id', '=', consumer)
    .orderBy('rule')
    .execute();
}

/**
 * Of which rules these consumers want fewer, as rules/ takes it; a consumer who wants all is not in it.
 *
 * @param consumers all where left out
 */
export async function fewerOf(
  db: Kysely<Schema>,
  consumers?: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, FewerWanted>>>> {
  const query = db.selectFrom('fewer').selectAll();
  const rows = await (consumers === undefined
    ? query
    : query.where('consumer_id', 'in', listed(consumers))
  ).execute();
  const found = new Map<string, Record<string, FewerWanted>>();
  for (const { consumer_id, rule, level, since } of rows) {
    // Without a prototype: a rule may be called anything.
    const ofConsumer = found.get(consumer_id) ?? (Object.create(null) as Record<string, FewerWanted>);
    ofConsumer[rule] = { level, since };
    found.set(consumer_id, ofConsumer);
  }
  return found;
}
