import { type Kysely, sql } from 'kysely';
import type { OfferResponse } from '../../rules/step.ts';
import type { Schema } from './schema.ts';

/**
 * How each of these consumers answered the offers of each rule: how many they saw (shown, clicked or dismissed), and how many of
 * these they took up (clicked or redeemed). Counted from an index alone.
 *
 * @param consumers at most as many as one statement takes
 */
export async function responsesOf(
  db: Kysely<Schema>,
  consumers: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, OfferResponse>>>> {
  const rows = await db
    .selectFrom('deliveries')
    .select([
      'consumer',
      'rule',
      sql<number>`count(*)`.as('seen'),
      sql<number>`sum(clicked_at is not null or state = 'redeemed')`.as('taken'),
    ])
    .where('consumer', 'in', consumers)
    .where('shown_at', 'is not', null)
    .groupBy(['consumer', 'rule'])
    .execute();
  const found = new Map<string, Record<string, OfferResponse>>();
  for (const { consumer, rule, seen, taken } of rows) {
    // Without a prototype: a rule may be called anything.
    const ofConsumer = found.get(consumer) ?? (Object.create(null) as Record<string, OfferResponse>);
    ofConsumer[rule] = { seen: Number(seen), taken: Number(taken) };
    found.set(consumer, ofConsumer);
  }
  return found;
}
