import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import { type Change, writeAudit } from './audit.ts';
import { requireConsumer } from './consumers.ts';
import type { Schema } from './schema.ts';
import type { Seal } from './seal.ts';

/** A browser's keys as the consumer page got them from the Push API, base64url. */
export interface PushKeys {
  readonly p256dh: string;
  readonly auth: string;
}

/** Where a browser is reached, and what for its messages are encrypted. */
export interface BrowserAddress extends PushKeys {
  readonly endpoint: string;
}

export interface PushSubscription {
  readonly id: string;
  /** Of the push service. */
  readonly origin: string;
  /** The VAPID public key that the browser subscribed with. */
  readonly vapidKey: string;
  readonly createdAt: number;
  /** Set once the push service said that the subscription is no more. */
  readonly goneAt: number | null;
}

type Row = Selectable<Schema['push_subscriptions']>;

function subscriptionOf(row: Omit<Row, 'sealed'>): PushSubscription {
  return {
    id: row.id,
    origin: row.origin,
    vapidKey: row.vapid_key,
    createdAt: row.created_at,
    goneAt: row.gone_at,
  };
}

/** Browsers of one person. An offer goes to each of them at once, so a page that subscribes in a loop must not count. */
const MAX_SUBSCRIPTIONS = 20;

/** What of a subscription is kept, and in which form. */
export function sealedAddress(
  seal: Seal,
  { endpoint, p256dh, auth }: BrowserAddress,
): Pick<Row, 'sealed' | 'endpoint_lookup' | 'origin'> {
  return {
    sealed: seal.seal(JSON.stringify([endpoint, p256dh, auth])),
    endpoint_lookup: seal.lookup(endpoint),
    origin: URL.canParse(endpoint) ? new URL(endpoint).origin : '',
  };
}

/** @throws where it was sealed with another key: that of a data directory which this one was copied from, without its key */
export function openedAddress(seal: Seal, sealed: Uint8Array): BrowserAddress {
  const [endpoint, p256dh, auth] = JSON.parse(seal.open(sealed)) as [string, string, string];
  return { endpoint, p256dh, auth };
}

/**
 * Keeps a subscription. An endpoint is one browser profile: subscribing again renews its keys, and where another person
 * signed in on it, it becomes theirs, so that nobody reads another's offers. Of more than 20 the oldest are dropped, those
 * that are gone first.
 *
 * @param subscription `id` is used where the endpoint is new
 * @returns the subscription, and the consumer who had the endpoint before, if another
 * @throws WaysideError `not_found` where there is no such consumer
 */
export async function addPushSubscription(
  db: Kysely<Schema>,
  seal: Seal,
  consumerId: string,
  subscription: {
    readonly id: string;
    readonly endpoint: string;
    readonly keys: PushKeys;
    readonly vapidKey: string;
  },
  change: Change,
): Promise<{ readonly subscription: PushSubscription; readonly takenFrom: string | null }> {
  const { id, endpoint, keys, vapidKey } = subscription;
  const { endpoint_lookup, ...address } = sealedAddress(seal, { endpoint, ...keys });
  return db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumerId);
    const before = await trx
      .selectFrom('push_subscriptions')
      .select('consumer_id')
      .where('endpoint_lookup', '=', endpoint_lookup)
      .executeTakeFirst();
    const values = { consumer_id: consumerId, ...address, vapid_key: vapidKey, gone_at: null };
    const row = await trx
      .insertInto('push_subscriptions')
      .values({ id, endpoint_lookup, created_at: change.at, ...values })
      .onConflict((conflict) => conflict.column('endpoint_lookup').doUpdateSet(values))
      .returningAll()
      .executeTakeFirstOrThrow();
    await dropSurplus(trx, consumerId, row.id);
    await writeAudit(trx, change, 'push_subscription.added', consumerId, { origin: row.origin });
    const takenFrom = before !== undefined && before.consumer_id !== consumerId ? before.consumer_id : null;
    return { subscription: subscriptionOf(row), takenFrom };
  });
}

async function dropSurplus(trx: Kysely<Schema>, consumerId: string, added: string): Promise<void> {
  const others = await trx
    .selectFrom('push_subscriptions')
    .select('id')
    .where('consumer_id', '=', consumerId)
    .where('id', '!=', added)
    .orderBy(sql`gone_at is not null`)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  const surplus = others.slice(MAX_SUBSCRIPTIONS - 1).map((row) => row.id);
  if (surplus.length > 0) await trx.deleteFrom('push_subscriptions').where('id', 'in', surplus).execute();
}

/** Newest first. */
export async function listPushSubscriptions(
  db: Kysely<Schema>,
  consumerId: string,
): Promise<readonly PushSubscription[]> {
  const rows = await db
    .selectFrom('push_subscriptions')
    .selectAll()
    .where('consumer_id', '=', consumerId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(subscriptionOf);
}

/** How many browsers an offer to this consumer can reach. */
export async function countLivePushSubscriptions(db: Kysely<Schema>, consumerId: string): Promise<number> {
  const row = await db
    .selectFrom('push_subscriptions')
    .select(sql<number>`count(*)`.as('n'))
    .where('consumer_id', '=', consumerId)
    .where('gone_at', 'is', null)
    .executeTakeFirstOrThrow();
  return row.n;
}

/** How many live subscriptions each push service stands for. */
export async function liveByOrigin(db: Kysely<Schema>): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('push_subscriptions')
    .select(['origin', sql<number>`count(*)`.as('n')])
    .where('gone_at', 'is', null)
    .groupBy('origin')
    .execute();
  return new Map(rows.map(({ origin, n }) => [origin, n]));
}

/** Removes a subscription by id or endpoint; false where the consumer has no such one. */
export async function removePushSubscription(
  db: Kysely<Schema>,
  seal: Seal,
  consumerId: string,
  which: { readonly id: string } | { readonly endpoint: string },
  change: Change,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const [column, value] =
      'id' in which
        ? (['id', which.id] as const)
        : (['endpoint_lookup', seal.lookup(which.endpoint)] as const);
    const deleted = await trx
      .deleteFrom('push_subscriptions')
      .where('consumer_id', '=', consumerId)
      .where(column, '=', value)
      .executeTakeFirstOrThrow();
    if (deleted.numDeletedRows === 0n) return false;
    await writeAudit(trx, change, 'push_subscription.removed', consumerId);
    return true;
  });
}
