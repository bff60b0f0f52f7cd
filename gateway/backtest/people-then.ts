import type { Kysely } from 'kysely';
import type { QuietHours } from '../../rules/step.ts';
import { inChunks } from '../records/chunks.ts';
import { fewerOf } from '../records/fewer.ts';
import { reachedWithoutPush } from '../records/reachable.ts';
import type { Schema } from '../records/schema.ts';
import type { PersonChange, PersonRecord } from './people.ts';
import type { SimulatedDevice } from './simulation.ts';

/** Linked devices, with their telemetry keys at the same index, and whom they belong to. */
export interface Population {
  readonly deviceKeys: readonly string[];
  readonly devices: readonly SimulatedDevice[];
  readonly people: readonly PersonRecord[];
}

/** What there is now besides push to reach people by. */
export interface OtherWays {
  /** Whether a mail server is set. */
  readonly mail: boolean;
  /** Real time, epoch ms: sessions go by it. */
  readonly realNow: number;
}

/** Everybody who has a device now. A device that is linked to nobody makes no decisions, and is left out. */
export async function populationOf(db: Kysely<Schema>, ways: OtherWays): Promise<Population> {
  const rows = await db
    .selectFrom('devices')
    .select(['id', 'device_key', 'type', 'consumer_id'])
    .where('consumer_id', 'is not', null)
    .orderBy('id')
    .execute();
  const changes = await changesOf(db, ways);
  const fewer = await fewerFromTheStart(db);
  const consumers = await db.selectFrom('consumers').selectAll().orderBy('id').execute();
  const owned = new Set(rows.map((row) => row.consumer_id));
  const people: PersonRecord[] = [];
  const indexOf = new Map<string, number>();
  for (const row of consumers) {
    if (!owned.has(row.id)) continue;
    indexOf.set(row.id, people.length);
    people.push({
      facts: {
        id: row.id,
        timezone: row.timezone,
        quietHours: JSON.parse(row.quiet_hours_json) as QuietHours | null,
        attributes: JSON.parse(row.attributes_json) as Record<string, unknown>,
        fewer: fewer.get(row.id) ?? {},
      },
      changes: (changes.get(row.id) ?? []).sort((a, b) => a.at - b.at),
    });
  }
  const linked = rows.flatMap(({ id, type, device_key, consumer_id }) => {
    const owner = indexOf.get(consumer_id ?? '');
    return owner === undefined ? [] : [{ key: device_key, device: { id, type, owner } }];
  });
  return {
    deviceKeys: linked.map(({ key }) => key),
    devices: linked.map(({ device }) => device),
    people,
  };
}

/** Who wants fewer offers of a rule now is taken to have wanted so all along, before any had come. */
async function fewerFromTheStart(
  db: Kysely<Schema>,
): Promise<ReadonlyMap<string, NonNullable<PersonRecord['facts']['fewer']>>> {
  const wanted = await fewerOf(db);
  return new Map(
    [...wanted].map(([consumer, rules]) => [
      consumer,
      Object.fromEntries(Object.entries(rules).map(([rule, { level }]) => [rule, { level, since: 0 }])),
    ]),
  );
}

/** What became so for each consumer; of one moment, in the order in which it was said. */
async function changesOf(db: Kysely<Schema>, ways: OtherWays): Promise<Map<string, PersonChange[]>> {
  const changes = new Map<string, PersonChange[]>();
  const add = (consumer: string, change: PersonChange) => {
    const known = changes.get(consumer);
    if (known === undefined) changes.set(consumer, [change]);
    else known.push(change);
  };
  const consents = await db
    .selectFrom('consent_log')
    .select(['consumer_id', 'purpose', 'granted', 'at'])
    .orderBy('id')
    .execute();
  for (const { consumer_id, at, purpose, granted } of consents)
    add(consumer_id, { at, kind: 'consent', purpose, granted: granted === 1 });
  const subscriptions = await db
    .selectFrom('push_subscriptions')
    .select(['consumer_id', 'created_at', 'gone_at'])
    .execute();
  for (const { consumer_id, created_at, gone_at } of subscriptions) {
    add(consumer_id, { at: created_at, kind: 'subscriptions', by: 1 });
    if (gone_at !== null) add(consumer_id, { at: gone_at, kind: 'subscriptions', by: -1 });
  }
  // Since when they had another way is not kept: as it is now, it counts as having been so.
  const everybody = await db.selectFrom('consumers').select('id').execute();
  for (const ids of inChunks(everybody.map(({ id }) => id))) {
    for (const id of await reachedWithoutPush(db, ids, ways))
      add(id, { at: 0, kind: 'subscriptions', by: 1 });
  }
  const shown = await db
    .selectFrom('deliveries')
    .select(['consumer', 'rule', 'shown_at', 'clicked_at', 'redeemed_at'])
    .where('shown_at', 'is not', null)
    .execute();
  for (const { consumer, rule, shown_at, clicked_at, redeemed_at } of shown) {
    if (shown_at !== null) add(consumer, { at: shown_at, kind: 'seen', rule });
    const taken = [clicked_at, redeemed_at].filter((at) => at !== null);
    if (taken.length > 0) add(consumer, { at: Math.min(...taken), kind: 'taken', rule });
  }
  return changes;
}
