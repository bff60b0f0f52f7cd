import type { Kysely } from 'kysely';
import type { ConsumerFacts, Purpose, QuietHours } from '../../rules/step.ts';
import { inChunks } from '../records/chunks.ts';
import { fewerOf } from '../records/fewer.ts';
import { reachedWithoutPush } from '../records/reachable.ts';
import { responsesOf } from '../records/responses.ts';
import type { Schema } from '../records/schema.ts';

/** What there is besides web push to reach people by. */
export interface ReachSettings {
  /** Whether a mail server is set. */
  readonly mail: boolean;
  /** Real time, epoch ms: sessions go by it. */
  readonly realNow: () => number;
}

/** What rules need to know of these people, as far as they are there. */
export async function readConsumerFacts(
  db: Kysely<Schema>,
  ids: readonly string[],
  reach: ReachSettings,
): Promise<readonly ConsumerFacts[]> {
  const facts: ConsumerFacts[] = [];
  for (const chunk of inChunks(ids)) facts.push(...(await readChunk(db, chunk, reach)));
  return facts;
}

async function readChunk(
  db: Kysely<Schema>,
  ids: readonly string[],
  { mail, realNow }: ReachSettings,
): Promise<readonly ConsumerFacts[]> {
  const rows = await db.selectFrom('consumers').selectAll().where('id', 'in', ids).execute();
  const consents = await db
    .selectFrom('consents')
    .select(['consumer_id', 'purpose'])
    .where('consumer_id', 'in', ids)
    .where('granted', '=', 1)
    .execute();
  const browsers = await db
    .selectFrom('push_subscriptions')
    .select('consumer_id')
    .distinct()
    .where('consumer_id', 'in', ids)
    .where('gone_at', 'is', null)
    .execute();
  const otherwise = await reachedWithoutPush(db, ids, { mail, realNow: realNow() });
  const responses = await responsesOf(db, ids);
  const fewer = await fewerOf(db, ids);
  const granted = Map.groupBy(consents, (row) => row.consumer_id);
  const withBrowser = new Set(browsers.map((row) => row.consumer_id));
  return rows.map((row) => ({
    id: row.id,
    timezone: row.timezone,
    quietHours: JSON.parse(row.quiet_hours_json) as QuietHours | null,
    granted: (granted.get(row.id) ?? []).map((consent): Purpose => consent.purpose),
    attributes: JSON.parse(row.attributes_json) as Record<string, unknown>,
    reachable: withBrowser.has(row.id) || otherwise.has(row.id),
    responses: responses.get(row.id) ?? {},
    fewer: fewer.get(row.id) ?? {},
  }));
}
