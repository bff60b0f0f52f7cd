import type { Kysely } from 'kysely';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../../rules/step.ts';
import { HOUR_MS } from '../../rules/time/duration.ts';
import {
  type ArmCount,
  countArms,
  countDecisions,
  countDeliveries,
  type DecisionCount,
  type DeliveryCount,
  type FunnelQuery,
} from '../records/rule-funnel.ts';
import { getRule } from '../records/rules.ts';
import type { Schema } from '../records/schema.ts';
import { type Lift, liftOf } from './lift.ts';

/** From every time that the trigger fired down to what was redeemed. */
export interface FunnelCounts {
  /** How often the trigger fired for a consumer. */
  readonly triggers: number;
  readonly suppressed: Readonly<Partial<Record<SuppressionReason, number>>>;
  /** Decisions to send. */
  readonly sent: number;
  /** Taken by the push service. */
  readonly delivered: number;
  readonly shown: number;
  readonly clicked: number;
  readonly dismissed: number;
  readonly redeemed: number;
  /** Offers that will not come any more: withdrawn, gone, failed, expired. */
  readonly lost: number;
  /** Offers on their way. */
  readonly waiting: number;
}

export interface Funnel extends FunnelCounts {
  /** Reasons in the order in which they are tried, with what is left after each; those that never applied are left out. */
  readonly steps: readonly {
    readonly reason: SuppressionReason;
    readonly count: number;
    readonly left: number;
  }[];
  readonly byVersion: readonly (FunnelCounts & { readonly version: number })[];
  /** `variant` null: without one. */
  readonly byVariant: readonly (FunnelCounts & { readonly variant: string | null })[];
  /** Null where the rule held nobody out. */
  readonly experiment: ExperimentResult | null;
}

export interface ExperimentResult {
  /** People who could have been sent an offer, and were or were not by lot. */
  readonly treated: Arm;
  readonly holdout: Arm;
  /** Of who came to the place afterwards; null where the rule is about no place, or a side is empty. */
  readonly lift: Lift | null;
  /** Time after the decision in which coming counts. */
  readonly withinMs: number;
  /** Only the first decisions of the period were looked at. */
  readonly truncated: boolean;
  /** What can be said of it, and what not: sentences for the marketer. */
  readonly notes: readonly string[];
}

export interface Arm {
  readonly consumers: number;
  readonly atPlace: number;
  readonly cameAfter: number;
}

const COMING_COUNTS_MS = 24 * HOUR_MS;

/** @throws WaysideError `not_found` */
export async function funnelOf(db: Kysely<Schema>, query: FunnelQuery): Promise<Funnel> {
  await getRule(db, query.rule);
  const decisions = await countDecisions(db, query);
  const deliveries = await countDeliveries(db, query);
  const all = tally(decisions, deliveries);
  let left = all.triggers;
  const steps = SUPPRESSION_REASONS.flatMap((reason) => {
    const count = all.suppressed[reason] ?? 0;
    left -= count;
    return count === 0 ? [] : [{ reason, count, left }];
  });
  const heldOut = (all.suppressed.holdout ?? 0) > 0;
  return {
    ...all,
    steps,
    byVersion: grouped(decisions, deliveries, ({ version }) => version)
      .sort(([a], [b]) => b - a)
      .map(([version, counts]) => ({ version, ...counts })),
    byVariant: grouped(decisions, deliveries, ({ variant }) => variant)
      .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
      .map(([variant, counts]) => ({ variant, ...counts })),
    experiment: heldOut ? await experimentOf(db, query, all) : null,
  };
}

function grouped<Key>(
  decisions: readonly DecisionCount[],
  deliveries: readonly DeliveryCount[],
  keyOf: (count: { readonly version: number; readonly variant: string | null }) => Key,
): [Key, FunnelCounts][] {
  const those = Map.groupBy(deliveries, keyOf);
  return [...Map.groupBy(decisions, keyOf)].map(([key, list]) => [key, tally(list, those.get(key) ?? [])]);
}

function tally(decisions: readonly DecisionCount[], deliveries: readonly DeliveryCount[]): FunnelCounts {
  const suppressed: Partial<Record<SuppressionReason, number>> = {};
  let [triggers, sent] = [0, 0];
  for (const { reason, count } of decisions) {
    triggers += count;
    if (reason === null) sent += count;
    else suppressed[reason] = (suppressed[reason] ?? 0) + count;
  }
  const sum = (of: (count: DeliveryCount) => number) => deliveries.reduce((total, one) => total + of(one), 0);
  const inState = (...states: readonly string[]) =>
    sum(({ state, count }) => (states.includes(state) ? count : 0));
  return {
    triggers,
    suppressed,
    sent,
    delivered: sum(({ delivered }) => delivered),
    shown: sum(({ shown }) => shown),
    clicked: sum(({ clicked }) => clicked),
    dismissed: sum(({ dismissed }) => dismissed),
    redeemed: inState('redeemed'),
    lost: inState('withdrawn', 'gone', 'failed', 'expired'),
    waiting: inState('queued', 'retrying'),
  };
}

async function experimentOf(
  db: Kysely<Schema>,
  query: FunnelQuery,
  { sent, clicked }: FunnelCounts,
): Promise<ExperimentResult> {
  const { arms, truncated } = await countArms(db, query, COMING_COUNTS_MS);
  const treated = armOf(arms, false);
  const holdout = armOf(arms, true);
  const lift = liftOf(
    { people: treated.atPlace, did: treated.cameAfter },
    { people: holdout.atPlace, did: holdout.cameAfter },
  );
  return {
    treated,
    holdout,
    lift,
    withinMs: COMING_COUNTS_MS,
    truncated,
    notes: notesOn(lift, sent, clicked, truncated),
  };
}

function armOf(arms: readonly ArmCount[], held: boolean): Arm {
  const { consumers, atPlace, cameAfter } = arms.find((arm) => arm.held === held) ?? {
    consumers: 0,
    atPlace: 0,
    cameAfter: 0,
  };
  return { consumers, atPlace, cameAfter };
}

function notesOn(lift: Lift | null, sent: number, clicked: number, truncated: boolean): readonly string[] {
  const clicks = `Who was held out saw no offer and could not click: the ${clicked} clicks on ${sent} offers tell how well the offer reads, and not what it changed.`;
  const kept = truncated ? ['Only the first decisions of the period were looked at.'] : [];
  if (lift === null)
    return [
      clicks,
      'What it changed cannot be told: it needs people on both sides, and a rule about a place.',
      ...kept,
    ];
  const percent = (share: number) => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1).replace('-', '−')}`;
  const range = `from ${percent(lift.low)} to ${percent(lift.high)} percentage points`;
  const verdict =
    lift.low > 0 || lift.high < 0
      ? `Of those who could be sent the offer, ${percent(lift.difference)} percentage points came to the place within 24 h, against those held out; by chance alone that could be ${range}.`
      : `Whether the offer brought people to the place cannot be told from chance yet: the difference lies ${range}.`;
  const method =
    'Both sides are all who got as far as the lot, also those who were then stopped by quiet hours, caps or a missing browser: so they differ by the lot alone.';
  return [verdict, method, clicks, ...kept];
}
