import type { Kysely } from 'kysely';
import { matching, newestFirst, type Page, type PageRequest, pageOf, withinPage } from './page.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** A delivery as the API tells it. All times are domain time. */
export interface StoredDelivery {
  readonly id: string;
  readonly decision: string;
  readonly rule: string;
  readonly consumer: string;
  readonly channel: 'web-push';
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly sentAt?: number;
  readonly shownAt?: number;
  readonly clickedAt?: number;
  readonly reason?: string;
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

/** How far a delivery has come by what the consumer did; any other state has rank 0. A receipt only ever raises it. */
const RANK: Partial<Readonly<Record<DeliveryState, number>>> = {
  shown: 1,
  dismissed: 2,
  clicked: 3,
  redeemed: 4,
};

const ORDER = { list: 'deliveries', timeColumn: 'created_at', idColumn: 'id' };

export function deliveryOf(row: Schema['deliveries']): StoredDelivery {
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
    ...(row.shown_at !== null && { shownAt: row.shown_at }),
    ...(row.clicked_at !== null && { clickedAt: row.clicked_at }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}

export async function listDeliveries(
  db: Kysely<Schema>,
  filter: DeliveryFilter,
  page: PageRequest,
): Promise<Page<StoredDelivery>> {
  const { consumer, rule, reason, state, device } = filter;
  let query = db
    .selectFrom('deliveries')
    .selectAll()
    .where(withinPage(ORDER, page))
    .where(matching({ consumer, rule, reason, state }))
    .orderBy(newestFirst(ORDER))
    .limit(page.limit + 1);
  if (device !== undefined) {
    query = query.where('decision_id', 'in', (select) =>
      select.selectFrom('decisions').select('decisions.id').where('decisions.device', '=', device),
    );
  }
  const rows = await query.execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], deliveryOf);
}

/**
 * Notes that the offer was shown, clicked or dismissed. The same receipt again changes nothing, and one that comes late
 * never takes back what is known: the state only moves on, and the first time of each kind stays.
 *
 * @param at when it happened, domain time
 * @returns the delivery, and whether anything changed; null where the delivery is no more
 */
export async function applyReceipt(
  db: Kysely<Schema>,
  deliveryId: string,
  kind: ReceiptKind,
  at: number,
): Promise<{ readonly delivery: StoredDelivery; readonly changed: boolean } | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('deliveries')
      .selectAll()
      .where('id', '=', deliveryId)
      .executeTakeFirst();
    if (row === undefined) return null;
    const advances = (RANK[kind] ?? 0) > (RANK[row.state] ?? 0);
    const news = {
      state: advances ? kind : row.state,
      // What was clicked or dismissed was shown, even if that receipt was lost.
      shown_at: row.shown_at ?? at,
      clicked_at: row.clicked_at ?? (kind === 'clicked' ? at : null),
      dismissed_at: row.dismissed_at ?? (kind === 'dismissed' ? at : null),
      // It has arrived: a crash may have left it queued, and it must not go out again.
      next_attempt_at: null,
    };
    const changed = (Object.keys(news) as (keyof typeof news)[]).some((name) => news[name] !== row[name]);
    if (changed) await trx.updateTable('deliveries').set(news).where('id', '=', deliveryId).execute();
    return { delivery: deliveryOf({ ...row, ...news }), changed };
  });
}
