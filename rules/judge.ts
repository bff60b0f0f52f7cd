import type { Condition } from './condition/condition.ts';
import { type Situation, situationOf } from './condition/situation.ts';
import { outsideSchedule, type Zones } from './document/schedule.ts';
import { type Draft, deviceOf } from './draft.ts';
import type { Firing } from './firing.ts';
import { own } from './memory.ts';
import { isHeldOut, variantFor } from './pacing/assignment.ts';
import { FEWER_MS } from './pacing/fewer.ts';
import { nextCode, personalLimit, type Suppression, sharedLimit } from './pacing/limits.ts';
import type { ConsumerFacts, Decision, RenderedOffer } from './step.ts';
import { HOUR_MS } from './time/duration.ts';
import { zoneObstacle } from './visits/zone-obstacle.ts';

/**
 * Decides on a trigger that fired, for a linked consumer: the first reason that applies, in the order of SUPPRESSION_REASONS, is
 * noted in the draft; where none does, the offer becomes a candidate of the moment, and `settleMoment` has the last word.
 * Nothing is decided where nobody is linked, or where the rule had its turn with this cause before: its offer was sent, or outranked.
 */
export function judge(draft: Draft, firing: Firing): void {
  const { consumer } = draft;
  if (consumer === null || hadItsTurn(draft, firing)) return;
  const { variant, found } = weigh(draft, consumer, firing);
  if ('reason' in found) {
    const outcome = { kind: 'suppressed', reason: found.reason } as const;
    draft.decisions.push(decisionOn({ firing, consumer, variant }, outcome, found.detail));
    return;
  }
  draft.candidates.push({ firing, consumer, variant, offer: found, after: draft.decisions.length });
}

/** What a firing comes to by itself: the offer that may be sent, or the first reason why none may. */
interface Weighed {
  /** Null also where it did not matter yet. */
  readonly variant: string | null;
  readonly found: RenderedOffer | Suppression;
}

function weigh(draft: Draft, consumer: ConsumerFacts, firing: Firing): Weighed {
  const { rule } = firing;
  const { experiment, id } = rule.rule;
  const first =
    firing.obstacle ?? zoneObstacle(draft, firing.deviceId) ?? suppressionBefore(draft, consumer, firing);
  if (first !== null) return { variant: null, found: first };
  const situation = situationOfFiring(draft, consumer, firing);
  const unmet = conditionFalse(rule.condition, situation);
  if (unmet !== null) return { variant: null, found: unmet };
  const variant = variantFor(consumer.id, id, experiment?.variants ?? [])?.name ?? null;
  const { codePool, render } = rule.offer(variant);
  const code = codePool === null ? null : nextCode(draft, codePool);
  const rendering = render(situation, firing.at, codePool === null ? null : (code ?? SOME_CODE));
  if (!rendering.ok) return { variant: null, found: { reason: 'missing_value', detail: rendering.detail } };
  if (experiment !== null && isHeldOut(consumer.id, id, experiment.holdout))
    return { variant: null, found: heldOut(experiment.holdout) };
  const last =
    personalLimit(draft, consumer, firing) ??
    sharedLimit(draft, rule.rule, firing.at) ??
    (codePool !== null && code === null ? noCodeLeft(codePool) : null) ??
    unsendable(consumer, firing, rendering.offer);
  return { variant, found: last ?? rendering.offer };
}

/** Stands for the code where none is left, so that all else that may be missing is still told first. */
const SOME_CODE = 'CODE';

function heldOut(holdout: number): Suppression {
  const share = `${Number((100 * holdout).toPrecision(3))} %`;
  const detail = `the consumer is among the ${share} who get nothing, to measure what the rule brings`;
  return { reason: 'holdout', detail };
}

const noCodeLeft = (pool: string): Suppression => ({
  reason: 'no_code_left',
  detail: `the code pool ${pool} has no code left`,
});

/** For whom a firing was judged, and which variant of the rule it came to be about. */
export interface Judged {
  readonly firing: Firing;
  readonly consumer: ConsumerFacts;
  readonly variant: string | null;
}

/** @param why the end of the sentence that the firing begins */
export function decisionOn(
  { firing, consumer, variant }: Judged,
  outcome: Decision['outcome'],
  why: string,
): Decision {
  const { rule, version } = firing.rule;
  return {
    at: firing.at,
    rule: rule.id,
    ruleVersion: version,
    consumer: consumer.id,
    device: firing.deviceId,
    ...(firing.place === null ? {} : { place: firing.place.id }),
    ...(firing.visit === null ? {} : { visit: firing.visit.id }),
    cause: firing.cause,
    ...(variant === null ? {} : { variant }),
    ...(rule.campaign === null ? {} : { campaign: rule.campaign }),
    outcome,
    detail: `${firing.found}; ${why}.`,
  };
}

/** From `rule_paused` to `not_in_audience`, and a rule that is not understood any more. */
function suppressionBefore(draft: Draft, consumer: ConsumerFacts, firing: Firing): Suppression | null {
  const { rule } = firing;
  if (rule.paused) return { reason: 'rule_paused', detail: 'the rule is paused' };
  const zones: Zones = { place: firing.place?.timezone ?? null, consumer: consumer.timezone };
  const outside = rule.rule.schedule === null ? null : outsideSchedule(rule.rule.schedule, zones, firing.at);
  if (outside !== null) return { reason: 'outside_schedule', detail: outside };
  const lacking = rule.purposes.filter((purpose) => !consumer.granted.includes(purpose));
  if (lacking.length > 0)
    return { reason: 'no_consent', detail: `the consumer has not agreed to ${lacking.join(' and ')}` };
  const { audience } = rule.rule;
  if (audience !== null && !draft.rulebook.segmentsOf(consumer).includes(audience.segment))
    return {
      reason: 'not_in_audience',
      detail: draft.rulebook.whyNotInSegment(consumer, audience.segment),
    };
  return rule.fault === null ? null : { reason: 'missing_value', detail: rule.fault };
}

function conditionFalse(condition: Condition | null, situation: Situation): Suppression | null {
  if (condition === null) return null;
  const verdict = condition.evaluate(situation);
  switch (verdict.kind) {
    case 'true':
      return null;
    case 'false':
      return { reason: 'condition_false', detail: verdict.detail };
    case 'missing':
      return { reason: 'missing_value', detail: verdict.detail };
  }
}

function situationOfFiring(draft: Draft, consumer: ConsumerFacts, firing: Firing): Situation {
  const { rule, deviceId, place, visit, at } = firing;
  const segments = rule.readsSegments ? draft.rulebook.segmentsOf(consumer) : null;
  const view = draft.rulebook.viewOf(consumer.granted);
  return situationOf({
    deviceId,
    device: deviceOf(draft, deviceId),
    consumer,
    place,
    visit,
    segments,
    at,
    view,
  });
}

/** `no_channel` and `expired`. */
function unsendable(consumer: ConsumerFacts, { at }: Firing, offer: RenderedOffer): Suppression | null {
  if (!consumer.reachable)
    return {
      reason: 'no_channel',
      detail: 'nothing reaches the consumer: no browser is subscribed, and there is no other channel',
    };
  if (offer.expiresAt <= at) return { reason: 'expired', detail: 'the offer is over already' };
  return null;
}

function hadItsTurn(draft: Draft, { cause, rule }: Firing): boolean {
  const { id } = rule.rule;
  return (
    (own(draft.memory.sent, cause)?.rules.includes(id) ?? false) ||
    draft.candidates.some(({ firing }) => firing.cause === cause && firing.rule.rule.id === id)
  );
}

/** Causes other than visits come once; that long they are kept against a reading that is handed in twice. */
const REMEMBER_CAUSE_MS = HOUR_MS;

/**
 * Keeps that a rule had its turn with a cause: the offer was sent, or another was better. So a second device of the person, whose
 * visit is the same cause, does not bring what the first one's moment refused.
 */
export function rememberCause(draft: Draft, { rule, cause, at }: Firing): void {
  const before = own(draft.memory.sent, cause)?.rules ?? [];
  draft.memory.sent = { ...draft.memory.sent, [cause]: { at, rules: [...before, rule.rule.id] } };
}

/** Keeps the time of an offer that is sent, where a limit counts it. */
export function rememberTime(draft: Draft, firing: Firing): void {
  const { id, limits } = firing.rule.rule;
  // Who wants fewer of it is counted by the week, whatever the rule limits.
  const wantedMs = own(draft.consumer?.fewer ?? {}, id) === undefined ? 0 : FEWER_MS;
  const longestMs = Math.max(limits.cooldownMs, limits.perConsumer?.perMs ?? 0, wantedMs);
  const times = [...(own(draft.memory.sentTimes, id) ?? []), firing.at]
    .filter((time) => firing.at - time <= longestMs)
    .slice(-(limits.perConsumer?.count ?? 1));
  const sentTimes = longestMs === 0 ? draft.memory.sentTimes : { ...draft.memory.sentTimes, [id]: times };
  draft.memory.sentTimes = sentTimes;
  const all = draft.rulebook.pacing.perConsumer;
  if (all === null) return;
  draft.memory.allSentTimes = [...(draft.memory.allSentTimes ?? []), firing.at]
    .filter((time) => firing.at - time <= all.perMs)
    .slice(-all.count);
}

/**
 * Forgets causes that nothing can bring up again: visits that are neither open nor to be resumed, approaches that are over, and old
 * crossings and events.
 *
 * @param now domain time
 */
export function forgetOldCauses(draft: Draft, now: number): void {
  const { sent, stays, devices } = draft.memory;
  const alive = new Set(Object.values(stays).map((stay) => stay.id));
  for (const device of Object.values(devices)) {
    for (const visit of Object.values(device.visits)) alive.add(visit.cause);
    for (const visit of Object.values(device.silenced)) alive.add(visit.cause);
    for (const ofRules of Object.values(device.approaches ?? {}))
      for (const approach of Object.values(ofRules)) alive.add(approach.id);
  }
  const entries = Object.entries(sent);
  const kept = entries.filter(([cause, { at }]) => alive.has(cause) || now - at < REMEMBER_CAUSE_MS);
  if (kept.length < entries.length) draft.memory = { ...draft.memory, sent: Object.fromEntries(kept) };
}
