import { type Kysely, sql } from 'kysely';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../../rules/step.ts';
import { inChunks } from './chunks.ts';
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
/** Decisions that are looked at to tell people apart, and how many at a time: they come to this thread. */
const MOST_EXPERIMENT_ROWS = 100_000;
const EXPERIMENT_SLICE_ROWS = 10_000;

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
  query: FunnelQuery,
  withinMs: number,
): Promise<{ readonly arms: readonly ArmCount[]; readonly truncated: boolean }> {
  const { firsts, truncated } = await firstDecisions(db, query);
  const came = { held: 0, treated: 0 };
  const atPlace = firsts.filter(({ place }) => place !== null);
  for (const chunk of inChunks(atPlace)) {
    const { rows } = await sql<{ held: 0 | 1; count: number }>`
      select one.value ->> 'held' as held, count(*) as count from json_each(${JSON.stringify(chunk)}) as one
      where exists (
        select 1 from visits
        where consumer = one.value ->> 'consumer' and +place = one.value ->> 'place'
          and entered_at > one.value ->> 'at' and entered_at <= (one.value ->> 'at') + ${withinMs})
      group by 1`.execute(db);
    for (const { held, count } of rows) came[held === 1 ? 'held' : 'treated'] += count;
  }
  const armOf = (side: 0 | 1, cameAfter: number): ArmCount => ({
    held: side === 1,
    consumers: firsts.filter(({ held }) => held === side).length,
    atPlace: atPlace.filter(({ held }) => held === side).length,
    cameAfter,
  });
  return { arms: [armOf(0, came.treated), armOf(1, came.held)], truncated };
}

interface FirstDecision {
  readonly consumer: string;
  readonly at: number;
  readonly place: string | null;
  readonly held: 0 | 1;
}

async function firstDecisions(
  db: Kysely<Schema>,
  query: FunnelQuery,
): Promise<{ readonly firsts: readonly FirstDecision[]; readonly truncated: boolean }> {
  const firsts = new Map<string, FirstDecision>();
  let looked = 0;
  for await (const within of slices(db, 'decisions', 'at', query, EXPERIMENT_SLICE_ROWS)) {
    const { rows } = await sql<FirstDecision>`
      select consumer, at, place, ifnull(reason = 'holdout', 0) as held from decisions
      where ${within} and (outcome = 'sent' or reason in (${sql.join(AFTER_HOLDOUT)}))
      order by at, id`.execute(db);
    for (const row of rows) if (!firsts.has(row.consumer)) firsts.set(row.consumer, row);
    looked += rows.length;
    if (looked >= MOST_EXPERIMENT_ROWS) return { firsts: [...firsts.values()], truncated: true };
  }
  return { firsts: [...firsts.values()], truncated: false };
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
