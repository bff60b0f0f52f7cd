import type { Kysely } from 'kysely';
import type { RenderedOffer } from '../../rules/step.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** An offer as its consumer sees it, with the reason for which it came. */
export interface ReceivedOffer extends RenderedOffer {
  readonly id: string;
  readonly state: DeliveryState;
  readonly createdAt: number;
  readonly sentAt?: number;
  readonly shownAt?: number;
  readonly clickedAt?: number;
  /** Name of the rule. */
  readonly rule: string;
  /** The decision's explanation. */
  readonly why: string;
}

const ORDER = { list: 'offers', timeColumn: 'deliveries.created_at', idColumn: 'deliveries.id' };

/** Offers that were made to a consumer, newest first. */
export async function listOffers(
  db: Kysely<Schema>,
  consumerId: string,
  page: PageRequest,
): Promise<Page<ReceivedOffer>> {
  const rows = await db
    .selectFrom('deliveries')
    .innerJoin('decisions', 'decisions.id', 'deliveries.decision_id')
    .leftJoin('rules', 'rules.id', 'deliveries.rule')
    .selectAll('deliveries')
    .select(['decisions.detail', 'rules.document_json'])
    .where('deliveries.consumer', '=', consumerId)
    .$call(onPage(ORDER, page))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.created_at, row.id],
    (row) => ({
      ...(JSON.parse(row.offer_json) as RenderedOffer),
      id: row.id,
      state: row.state,
      createdAt: row.created_at,
      ...(row.sent_at !== null && { sentAt: row.sent_at }),
      ...(row.shown_at !== null && { shownAt: row.shown_at }),
      ...(row.clicked_at !== null && { clickedAt: row.clicked_at }),
      rule: ruleName(row.document_json) ?? row.rule,
      why: row.detail,
    }),
  );
}

function ruleName(documentJson: string | null): string | null {
  if (documentJson === null) return null;
  const { name } = JSON.parse(documentJson) as { readonly name?: unknown };
  return typeof name === 'string' ? name : null;
}
