import type { Kysely, Selectable } from 'kysely';
import type { Purpose, QuietHours } from '../../rules/step.ts';
import { DEFAULT_QUIET_HOURS } from '../records/consumers.ts';
import { fewerOf } from '../records/fewer.ts';
import { listed } from '../records/listed.ts';
import { openedAddress } from '../records/push-subscriptions.ts';
import { appUsers } from '../records/reachable.ts';
import type { Schema } from '../records/schema.ts';
import type { Seal } from '../records/seal.ts';
import { getSending } from '../records/sending.ts';
import type { Recipient, Webhook } from './channels/channel.ts';
import { parsedJson } from './parsed-json.ts';
import type { RuleNeeds } from './rule-needs.ts';
import type { SendFacts } from './send-check.ts';

export type DeliveryRow = Selectable<Schema['deliveries']>;

/** A delivery that waits, with what the records say about it now. */
export interface DueDelivery {
  readonly row: DeliveryRow;
  readonly facts: SendFacts;
  readonly recipient: Recipient;
  /** Live subscriptions that nobody can read any more: the key that they were sealed with is gone. */
  readonly lostSubscriptions: readonly string[];
}

export interface FactSources {
  readonly db: Kysely<Schema>;
  readonly seal: Seal;
  readonly ruleNeeds: () => Promise<RuleNeeds>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
}

/** Reads what matters at send for a few deliveries together. */
export async function withFacts(
  { db, seal, ruleNeeds, realNow }: FactSources,
  rows: readonly DeliveryRow[],
): Promise<readonly DueDelivery[]> {
  if (rows.length === 0) return [];
  const needs = await ruleNeeds();
  const { stopped } = await getSending(db);
  const consumerIds = [...new Set(rows.map((row) => row.consumer))];
  const ruleIds = [...new Set(rows.map((row) => row.rule))];
  const consumers = await db
    .selectFrom('consumers')
    .selectAll()
    .where('id', 'in', listed(consumerIds))
    .execute();
  const rules = await db.selectFrom('rules').selectAll().where('id', 'in', listed(ruleIds)).execute();
  const consents = await db
    .selectFrom('consents')
    .select(['consumer_id', 'purpose'])
    .where('consumer_id', 'in', listed(consumerIds))
    .where('granted', '=', 1)
    .execute();
  const fewer = await fewerOf(db, consumerIds);
  const homeless = new Set(
    consumers.filter((consumer) => consumer.timezone === null).map((consumer) => consumer.id),
  );
  const placeZones = await timezonesOfPlaces(
    db,
    rows.filter((row) => homeless.has(row.consumer)),
  );
  const recipients = await recipientsOf({ db, seal, realNow }, consumers);

  const consumerById = new Map(consumers.map((consumer) => [consumer.id, consumer]));
  const ruleById = new Map(rules.map((rule) => [rule.id, rule]));
  const consentsOf = Map.groupBy(consents, (consent) => consent.consumer_id);
  return rows.map((row) => {
    const consumer = consumerById.get(row.consumer);
    const rule = ruleById.get(row.rule);
    return {
      row,
      ...(recipients.get(row.consumer) ?? NOBODY),
      facts: {
        isStopped: stopped,
        rule: rule === undefined ? null : { state: rule.state, needs: needs(rule.document_json) },
        consumer:
          consumer === undefined
            ? null
            : {
                granted: new Set<Purpose>(
                  (consentsOf.get(row.consumer) ?? []).map((consent) => consent.purpose),
                ),
                wantsNone: fewer.get(row.consumer)?.[row.rule]?.level === 2,
                quietHours: quietHoursOf(consumer.quiet_hours_json),
                timezone: consumer.timezone ?? placeZones.get(row.decision_id) ?? null,
              },
      },
    };
  });
}

type Ways = Pick<DueDelivery, 'recipient' | 'lostSubscriptions'>;

const NOBODY: Ways = {
  recipient: { browsers: [], webhook: null, email: null, hasApp: false },
  lostSubscriptions: [],
};

/** By consumer: where each can be reached. */
async function recipientsOf(
  { db, seal, realNow }: Pick<FactSources, 'db' | 'seal' | 'realNow'>,
  consumers: readonly Selectable<Schema['consumers']>[],
): Promise<ReadonlyMap<string, Ways>> {
  if (consumers.length === 0) return new Map();
  const ids = consumers.map(({ id }) => id);
  const subscriptions = await db
    .selectFrom('push_subscriptions')
    .select(['id', 'consumer_id', 'sealed', 'origin', 'vapid_key'])
    .where('consumer_id', 'in', listed(ids))
    .where('gone_at', 'is', null)
    .execute();
  const subscriptionsOf = Map.groupBy(subscriptions, (subscription) => subscription.consumer_id);
  const webhooks = await webhooksOf(db, seal, consumers);
  const withApp = await appUsers(db, ids, realNow());
  return new Map(
    consumers.map(({ id, webhook, email }) => {
      const read = (subscriptionsOf.get(id) ?? []).map((row) => ({
        row,
        address: openedOrNull(() => openedAddress(seal, row.sealed)),
      }));
      const browsers = read.flatMap(({ row, address }) =>
        address === null ? [] : [{ id: row.id, origin: row.origin, vapidKey: row.vapid_key, ...address }],
      );
      const lostSubscriptions = read.flatMap(({ row, address }) => (address === null ? [row.id] : []));
      const recipient = {
        browsers,
        webhook: webhook === null ? null : (webhooks.get(webhook) ?? null),
        email,
        hasApp: withApp.has(id),
      };
      return [id, { recipient, lostSubscriptions }];
    }),
  );
}

async function webhooksOf(
  db: Kysely<Schema>,
  seal: Seal,
  consumers: readonly Selectable<Schema['consumers']>[],
): Promise<ReadonlyMap<string, Webhook>> {
  const ids = [...new Set(consumers.flatMap(({ webhook }) => (webhook === null ? [] : [webhook])))];
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('webhooks').selectAll().where('id', 'in', listed(ids)).execute();
  return new Map(
    rows.map(({ id, url, sealed_secret }) => {
      const secret = openedOrNull(() => seal.open(sealed_secret));
      return [id, { id, url, secret }];
    }),
  );
}

/** Null where it was sealed with a key that is not there any more: one such row must not hold up the others. */
function openedOrNull<T>(open: () => T): T | null {
  try {
    return open();
  } catch {
    return null; // the cipher gives no other sign
  }
}

/** Unreadable ones count as the default: better one offer too few at night than one too many. */
function quietHoursOf(json: string): QuietHours | null {
  const quietHours = parsedJson(json);
  return quietHours === undefined ? DEFAULT_QUIET_HOURS : (quietHours as QuietHours | null);
}

/** By decision: a consumer without a time zone goes by the place's. */
async function timezonesOfPlaces(
  db: Kysely<Schema>,
  rows: readonly DeliveryRow[],
): Promise<ReadonlyMap<number, string>> {
  if (rows.length === 0) return new Map();
  const found = await db
    .selectFrom('decisions')
    .innerJoin('places', 'places.id', 'decisions.place')
    .select(['decisions.id', 'places.feature_json'])
    .where('decisions.id', 'in', listed(rows.map((row) => row.decision_id)))
    .execute();
  const zones = new Map<number, string>();
  for (const { id, feature_json } of found) {
    const feature = parsedJson(feature_json) as { properties?: { timezone?: unknown } } | undefined;
    const zone = feature?.properties?.timezone;
    if (typeof zone === 'string') zones.set(id, zone);
  }
  return zones;
}
