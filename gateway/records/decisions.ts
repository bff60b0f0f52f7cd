import type { Kysely, Selectable } from 'kysely';
import type { SuppressionReason } from '../../rules/step.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** A decision as the API tells it. */
export interface StoredDecision {
  readonly id: string;
  readonly at: number;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly consumer: string;
  readonly device: string;
  readonly place?: string;
  readonly visit?: string;
  readonly cause: string;
  readonly outcome: 'sent' | 'suppressed';
  readonly reason?: SuppressionReason;
  readonly detail: string;
  /** Of the rule's experiment. */
  readonly variant?: string;
  readonly campaign?: string;
  readonly deliveryId?: string;
}

export interface DecisionFilter {
  readonly consumer?: string | undefined;
  readonly rule?: string | undefined;
  readonly device?: string | undefined;
  readonly reason?: string | undefined;
  /** `sent` or `suppressed`. */
  readonly state?: string | undefined;
}

const ORDER = { list: 'decisions', timeColumn: 'at', idColumn: 'id' };

export function decisionOf(row: Selectable<Schema['decisions']>): StoredDecision {
  return {
    id: String(row.id),
    at: row.at,
    rule: row.rule,
    ruleVersion: row.rule_version,
    consumer: row.consumer,
    device: row.device,
    ...(row.place !== null && { place: row.place }),
    ...(row.visit !== null && { visit: row.visit }),
    cause: row.cause,
    outcome: row.outcome,
    ...(row.reason !== null && { reason: row.reason }),
    detail: row.detail,
    ...(row.variant !== null && { variant: row.variant }),
    ...(row.campaign !== null && { campaign: row.campaign }),
    ...(row.delivery_id !== null && { deliveryId: row.delivery_id }),
  };
}

export async function listDecisions(
  db: Kysely<Schema>,
  filter: DecisionFilter,
  page: PageRequest,
): Promise<Page<StoredDecision>> {
  const { consumer, rule, device, reason, state } = filter;
  const rows = await db
    .selectFrom('decisions')
    .selectAll()
    .$call(onPage(ORDER, page, { consumer, rule, device, reason, outcome: state }))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.at, row.id], decisionOf);
}
