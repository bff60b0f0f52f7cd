import { type Kysely, sql } from 'kysely';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../../rules/step.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** A rule and a period: `from` inclusive, `to` exclusive, epoch ms. */
export interface FunnelQuery {
  readonly rule: string;
  readonly from: number;
  readonly to: number;
}

export interface DecisionCount {
  readonly outcome: 'sent' | 'suppressed';
  readonly reason: SuppressionReason | null;
  readonly variant: string | null;
  readonly version: number;
  readonly count: number;
}

export interface DeliveryCount {
  readonly variant: string | null;
  readonly version: number;
  readonly state: DeliveryState;
  readonly count: number;
  /** Taken by the push service. */
  readonly delivered: number;
  readonly shown: number;
  readonly clicked: number;
  readonly dismissed: number;
}

/** One side of an experiment, in people. */
export interface ArmCount {
  readonly held: boolean;
  readonly consumers: number;
  /** Whose first decision was about a place. */
  readonly atPlace: number;
  /** Of these, who came (or came back) to that place within the time after it. */
  readonly cameAfter: number;
}

/**
 * Rows that one statement counts: some 30 ms. Whoever else asks the records meanwhile waits no longer than that, and a rule may
 * have decided millions of times.
 */
const SLICE_ROWS = 50_000;
/** Decisions that are looked at to tell people apart. */
const MOST_EXPERIMENT_ROWS = 100_000;

/** Decisions by what came of them, counted from the index alone. */
export async function countDecisions(
  db: Kysely<Schema>,
  query: FunnelQuery,
  sliceRows: number = SLICE_ROWS,
): Promise<readonly DecisionCount[]> {
  const counts: DecisionCount[] = [];
  for await (const within of slices(db, 'decisions', 'at', query, sliceRows)) {
    const { rows } = await sql<DecisionCount>`
      select outcome, reason, variant, rule_version as version, count(*) as count
      from decisions where ${within} group by 1, 2, 3, 4`.execute(db);
    counts.push(...rows);
  }
  return counts;
}

/** What became of the offers that were sent. */
export async function countDeliveries(
  db: Kysely<Schema>,
  query: FunnelQuery,
  sliceRows: number = SLICE_ROWS,
): Promise<readonly DeliveryCount[]> {
  const counts: DeliveryCount[] = [];
  for await (const within of slices(db, 'deliveries', 'created_at', query, sliceRows)) {
    const { rows } = await sql<DeliveryCount>`
      select d.variant, decisions.rule_version as version, d.state, count(*) as count,
        count(d.sent_at) as delivered, count(d.shown_at) as shown, count(d.clicked_at) as clicked,
        count(d.dismissed_at) as dismissed
      from (select * from deliveries where ${within}) as d
      join decisions on decisions.id = d.decision_id
      group by 1, 2, 3`.execute(db);
    counts.push(...rows);
  }
  return counts;
}

/** Reasons that are tried after people were dealt to the sides of an experiment: who meets one of these could have been sent to. */
const AFTER_HOLDOUT = SUPPRESSION_REASONS.slice(SUPPRESSION_REASONS.indexOf('holdout'));

/**
 * People on both sides of an experiment, each by their first decision in the period that got as far as the holdout. Both sides
 * are told apart before quiet hours, caps and channels, so that they differ by nothing but the lot.
 *
 * @param withinMs time after the decision in which coming to the place counts
 * @returns `truncated` where there were more decisions than are looked at
 */
export async function countArms(
  db: Kysely<Schema>,
  { rule, from, to }: FunnelQuery,
  withinMs: number,
): Promise<{ readonly arms: readonly ArmCount[]; readonly truncated: boolean }> {
  // `min(at)`: SQLite takes the other columns from the row of the least time.
  const { rows } = await sql<{
    held: 0 | 1;
    consumers: number;
    at_place: number;
    came_after: number;
    looked: number;
  }>`
    with reached as (
      select consumer, at, place, ifnull(reason = 'holdout', 0) as held from decisions
      where rule = ${rule} and at >= ${from} and at < ${to}
        and (outcome = 'sent' or reason in (${sql.join(AFTER_HOLDOUT)}))
      order by at, id limit ${MOST_EXPERIMENT_ROWS}),
    firsts as (select consumer, min(at) as at, place, held from reached group by consumer)
    select held, count(*) as consumers, count(place) as at_place,
      count(case when place is not null and exists (
        select 1 from visits
        where visits.consumer = firsts.consumer and visits.place = firsts.place
          and entered_at > firsts.at and entered_at <= firsts.at + ${withinMs}) then 1 end) as came_after,
      (select count(*) from reached) as looked
    from firsts group by held order by held`.execute(db);
  return {
    arms: rows.map((row) => ({
      held: row.held === 1,
      consumers: row.consumers,
      atPlace: row.at_place,
      cameAfter: row.came_after,
    })),
    truncated: (rows[0]?.looked ?? 0) >= MOST_EXPERIMENT_ROWS,
  };
}

/** Conditions that cut the rows of a rule and period into parts of at most `sliceRows`, in order of time and id. */
async function* slices(
  db: Kysely<Schema>,
  table: 'decisions' | 'deliveries',
  timeColumn: 'at' | 'created_at',
  { rule, from, to }: FunnelQuery,
  sliceRows: number,
) {
  const [name, time] = [sql.table(table), sql.ref(timeColumn)];
  // Below any id of its kind: SQLite orders numbers before texts.
  let after: readonly [number, number | string] = [from, -1];
  for (;;) {
    const [afterTime, afterId] = after;
    const rest = sql`rule = ${rule} and (${time}, id) > (${afterTime}, ${afterId}) and ${time} < ${to}`;
    const end = await sql<{ at: number; id: number | string }>`
      select ${time} as at, id from ${name} where ${rest}
      order by ${time}, id limit 1 offset ${sliceRows - 1}`.execute(db);
    const [last] = end.rows;
    if (last === undefined) {
      yield rest;
      return;
    }
    yield sql`${rest} and (${time}, id) <= (${last.at}, ${last.id})`;
    after = [last.at, last.id];
  }
}
