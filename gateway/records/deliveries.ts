import { type Kysely, type Selectable, type SqlBool, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { DeliveryChannel, DeliveryState, Schema } from './schema.ts';

/** A delivery as the API tells it. All times are domain time. */
export interface StoredDelivery {
  readonly id: string;
  readonly decision: string;
  readonly rule: string;
  readonly consumer: string;
  readonly channel: DeliveryChannel;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly sentAt?: number;
  /** Where the channel tells: webhooks alone do. */
  readonly deliveredAt?: number;
  readonly shownAt?: number;
  readonly clickedAt?: number;
  readonly redeemedAt?: number;
  readonly reason?: string;
  readonly variant?: string;
  readonly campaign?: string;
}

export interface DeliveryFilter {
  readonly consumer?: string | undefined;
  readonly rule?: string | undefined;
  readonly device?: string | undefined;
  readonly reason?: string | undefined;
  readonly state?: DeliveryState | undefined;
}

export const RECEIPT_KINDS = ['shown', 'clicked', 'dismissed'] as const;
export type ReceiptKind = (typeof RECEIPT_KINDS)[number];

/** How far a delivery has come by what the consumer did, in order; other states lie before. A receipt only moves on. */
const RANKED_STATES = [
  'shown',
  'dismissed',
  'clicked',
  'redeemed',
] as const satisfies readonly DeliveryState[];

const ORDER = { list: 'deliveries', timeColumn: 'created_at', idColumn: 'id' };

export function deliveryOf(row: Selectable<Schema['deliveries']>): StoredDelivery {
  return {
    id: row.id,
    decision: String(row.decision_id),
    rule: row.rule,
    consumer: row.consumer,
    channel: row.channel,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.sent_at !== null && { sentAt: row.sent_at }),
    ...(row.delivered_at !== null && { deliveredAt: row.delivered_at }),
    ...(row.shown_at !== null && { shownAt: row.shown_at }),
    ...(row.clicked_at !== null && { clickedAt: row.clicked_at }),
    ...(row.redeemed_at !== null && { redeemedAt: row.redeemed_at }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.variant !== null && { variant: row.variant }),
    ...(row.campaign !== null && { campaign: row.campaign }),
  };
}

export type Codes = 'with codes' | 'without codes';

/** With the one-time code, which is as good as money: for those alone who may see it. */
export interface DeliveryWithCode extends StoredDelivery {
  readonly code?: string;
}

function withCode(row: Selectable<Schema['deliveries']>): DeliveryWithCode {
  return { ...deliveryOf(row), ...(row.code !== null && { code: row.code }) };
}

/** @throws WaysideError `not_found` */
export async function getDelivery(
  db: Kysely<Schema>,
  id: string,
  codes: Codes = 'without codes',
): Promise<DeliveryWithCode> {
  const row = await db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no delivery "${id}"`);
  return codes === 'with codes' ? withCode(row) : deliveryOf(row);
}

export async function listDeliveries(
  db: Kysely<Schema>,
  filter: DeliveryFilter,
  page: PageRequest,
  codes: Codes = 'without codes',
): Promise<Page<DeliveryWithCode>> {
  const { consumer, rule, reason, state, device } = filter;
  let query = db
    .selectFrom('deliveries')
    .selectAll()
    .$call(onPage(ORDER, page, { consumer, rule, reason, state }));
  if (device !== undefined) {
    query = query.where('decision_id', 'in', (select) =>
      select.selectFrom('decisions').select('decisions.id').where('decisions.device', '=', device),
    );
  }
  const rows = await query.execute();
  const item = codes === 'with codes' ? withCode : deliveryOf;
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], item);
}

/**
 * Notes that the offer was shown, clicked or dismissed. The same receipt again changes nothing, and one that comes late
 * never takes back what is known: the state only moves on, and the first time of each kind stays.
 *
 * One statement, for receipts come by the thousand, and a transaction of several would keep the engine waiting.
 *
 * @param at when it happened, domain time
 * @returns the delivery if anything changed, else null: also where it is no more
 */
export async function applyReceipt(
  db: Kysely<Schema>,
  deliveryId: string,
  kind: ReceiptKind,
  at: number,
): Promise<StoredDelivery | null> {
  const atOrBeyond = RANKED_STATES.slice(RANKED_STATES.indexOf(kind));
  const advances = sql<SqlBool>`state not in (${sql.join(atOrBeyond)})`;
  const column = sql.ref(`${kind}_at`);
  const row = await db
    .updateTable('deliveries')
    .set({
      state: sql`case when ${advances} then ${kind} else state end`,
      // What was clicked or dismissed was shown, even if that receipt was lost.
      shown_at: sql`coalesce(shown_at, ${at})`,
      [`${kind}_at`]: sql`coalesce(${column}, ${at})`,
      // It has arrived: a crash may have left it queued, and it must not go out again.
      next_attempt_at: null,
    })
    .where('id', '=', deliveryId)
    .where(sql<SqlBool>`(${advances} or ${column} is null or next_attempt_at is not null)`)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

/** The consumer whom a delivery is for, or null where either is no more. */
export async function consumerOfDelivery(db: Kysely<Schema>, id: string): Promise<string | null> {
  const row = await db
    .selectFrom('deliveries')
    .innerJoin('consumers', 'consumers.id', 'deliveries.consumer')
    .select('consumers.id')
    .where('deliveries.id', '=', id)
    .executeTakeFirst();
  return row?.id ?? null;
}
