import { type Kysely, type Selectable, type SqlBool, sql } from 'kysely';
import type { RenderedOffer } from '../../rules/step.ts';
import { WaysideError } from '../errors.ts';
import { decisionOf, type StoredDecision } from './decisions.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** An offer as its consumer sees it. Times are domain time. */
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

/** It went out, by whichever channel; the browser's word counts where a crash took the note of the sending. */
const WENT_OUT = sql<SqlBool>`(deliveries.sent_at is not null or deliveries.shown_at is not null)`;

type Row = Selectable<Schema['deliveries']> & {
  readonly detail: string;
  readonly document_json: string | null;
};

function offerOf(row: Row): ReceivedOffer {
  return {
    ...(JSON.parse(row.offer_json) as RenderedOffer),
    id: row.id,
    state: row.state,
    createdAt: row.created_at,
    ...(row.sent_at !== null && { sentAt: row.sent_at }),
    ...(row.shown_at !== null && { shownAt: row.shown_at }),
    ...(row.clicked_at !== null && { clickedAt: row.clicked_at }),
    rule: nameIn(row.document_json) ?? row.rule,
    why: row.detail,
  };
}

/** Offers that reached a consumer, by whichever channel, newest first: the inbox. */
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
    .where(WENT_OUT)
    .$call(onPage(ORDER, page))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], offerOf);
}

/** Also one that is on its way: a push may be opened before its sending is written down. */
const REACHABLE = sql<SqlBool>`(${WENT_OUT} or deliveries.state in ('queued', 'retrying'))`;

/**
 * One offer of a consumer, with the decision that it came of.
 *
 * @throws WaysideError `not_found`, also for an offer of somebody else
 */
export async function getOffer(
  db: Kysely<Schema>,
  consumerId: string,
  id: string,
): Promise<{ readonly offer: ReceivedOffer; readonly decision: StoredDecision }> {
  const row = await db
    .selectFrom('deliveries')
    .leftJoin('rules', 'rules.id', 'deliveries.rule')
    .selectAll('deliveries')
    .select('rules.document_json')
    .where('deliveries.id', '=', id)
    .where('deliveries.consumer', '=', consumerId)
    .where(REACHABLE)
    .executeTakeFirst();
  const decision =
    row === undefined
      ? undefined
      : await db.selectFrom('decisions').selectAll().where('id', '=', row.decision_id).executeTakeFirst();
  if (row === undefined || decision === undefined)
    throw new WaysideError('not_found', `you were made no offer "${id}"`);
  return { offer: offerOf({ ...row, detail: decision.detail }), decision: decisionOf(decision) };
}

/** The name in a rule document (JSON text), or null where it has none. */
function nameIn(documentJson: string | null): string | null {
  if (documentJson === null) return null;
  const { name } = JSON.parse(documentJson) as { readonly name?: unknown };
  return typeof name === 'string' ? name : null;
}
