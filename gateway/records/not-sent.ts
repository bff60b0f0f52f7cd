import { type Kysely, type SqlBool, sql } from 'kysely';
import { decisionOf, type StoredDecision } from './decisions.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** A decision that brought its consumer nothing. */
export interface NotSent {
  readonly decision: StoredDecision;
  /** Why not: the decision's reason, or what became of the delivery that it led to. */
  readonly reason: string;
  /** State of the delivery, where the decision was to send. */
  readonly state: DeliveryState | null;
}

const ORDER = { list: 'not-sent', timeColumn: 'decisions.at', idColumn: 'decisions.id' };

/** Offers that a consumer was not sent, newest first: decided against, or stopped after that. */
export async function listNotSent(
  db: Kysely<Schema>,
  consumerId: string,
  page: PageRequest,
): Promise<Page<NotSent>> {
  const rows = await db
    .selectFrom('decisions')
    .leftJoin('deliveries', 'deliveries.id', 'decisions.delivery_id')
    .selectAll('decisions')
    .select(['deliveries.state as delivery_state', 'deliveries.reason as delivery_reason'])
    .where('decisions.consumer', '=', consumerId)
    .where(
      sql<SqlBool>`(decisions.outcome = 'suppressed' or (deliveries.state in ('withdrawn', 'expired', 'failed', 'gone')
        and deliveries.sent_at is null and deliveries.shown_at is null))`,
    )
    .$call(onPage(ORDER, page))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.at, row.id],
    ({ delivery_state, delivery_reason, ...decision }) => ({
      decision: decisionOf(decision),
      reason: decision.reason ?? delivery_reason ?? delivery_state ?? 'unknown',
      state: delivery_state,
    }),
  );
}
