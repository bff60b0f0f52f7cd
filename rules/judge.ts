import { type Draft, deviceOf } from './draft.ts';
import { describeDuration, HOUR_MS } from './duration.ts';
import { own } from './memory.ts';
import type { Place } from './place.ts';
import { inQuietHours } from './quiet-hours.ts';
import type { CompiledRule } from './rulebook.ts';
import { outsideSchedule, type Zones } from './schedule.ts';
import { situationOf } from './situation.ts';
import type { ConsumerFacts, Decision, RenderedOffer, SuppressionReason } from './step.ts';

/** A trigger that fired: what happened, to which device, and what it is to be remembered by. */
export interface Firing {
  readonly rule: CompiledRule;
  readonly deviceId: string;
  readonly place: Place | null;
  readonly visit: { readonly id: string; readonly enteredAt: number } | null;
  /** Visit id, crossing id or reading id: with rule and consumer the key under which an offer is sent at most once. */
  readonly cause: string;
  /** Domain time of the decision, epoch ms. */
  readonly at: number;
  /** What was found, as the beginning of a sentence: `car-1 entered Café Roma`. */
  readonly found: string;
  /** Why it must not ring whatever the rule says. */
  readonly obstacle?: { readonly reason: 'late_reading' | 'implausible_jump'; readonly detail: string };
}

type Suppression = { readonly reason: SuppressionReason; readonly detail: string };

/**
 * Decides on a trigger that fired, for a linked consumer, and notes the decision in the draft. The first reason that applies, in
 * the order of SUPPRESSION_REASONS, is the decision's. Nothing is decided where nobody is linked, or where this cause brought the
 * consumer this rule's offer before.
 */
export function judge(draft: Draft, firing: Firing): void {
  const { consumer } = draft;
  if (consumer === null || wasSent(draft, firing)) return;
  const suppression = firing.obstacle ?? suppressionBefore(draft, consumer, firing);
  if (suppression !== null) {
    note(draft, consumer, firing, { kind: 'suppressed', reason: suppression.reason }, suppression.detail);
    return;
  }
  const rendering = render(draft, consumer, firing);
  if (!rendering.ok) {
    note(draft, consumer, firing, { kind: 'suppressed', reason: 'missing_value' }, rendering.detail);
    return;
  }
  const last = suppressionAfterCondition(draft, consumer, firing, rendering.offer);
  if (last !== null) {
    note(draft, consumer, firing, { kind: 'suppressed', reason: last.reason }, last.detail);
    return;
  }
  remember(draft, firing);
  note(
    draft,
    consumer,
    firing,
    { kind: 'sent', offer: rendering.offer },
    'every condition of the rule was met',
  );
}

function note(
  draft: Draft,
  consumer: ConsumerFacts,
  firing: Firing,
  outcome: Decision['outcome'],
  why: string,
): void {
  draft.decisions.push({
    at: firing.at,
    rule: firing.rule.rule.id,
    ruleVersion: firing.rule.version,
    consumer: consumer.id,
    device: firing.deviceId,
    ...(firing.place === null ? {} : { place: firing.place.id }),
    ...(firing.visit === null ? {} : { visit: firing.visit.id }),
    cause: firing.cause,
    outcome,
    detail: `${firing.found}; ${why}.`,
  });
}

/** From `rule_paused` to `condition_false`. */
function suppressionBefore(draft: Draft, consumer: ConsumerFacts, firing: Firing): Suppression | null {
  const { rule } = firing;
  if (rule.paused) return { reason: 'rule_paused', detail: 'the rule is paused' };
  const zones: Zones = { place: firing.place?.timezone ?? null, consumer: consumer.timezone };
  const outside = rule.rule.schedule === null ? null : outsideSchedule(rule.rule.schedule, zones, firing.at);
  if (outside !== null) return { reason: 'outside_schedule', detail: outside };
  const lacking = rule.purposes.filter((purpose) => !consumer.granted.includes(purpose));
  if (lacking.length > 0)
    return { reason: 'no_consent', detail: `the consumer has not agreed to ${lacking.join(' and ')}` };
  if (rule.fault !== null)
    return { reason: 'missing_value', detail: `the condition can no longer be read: ${rule.fault}` };
  return conditionFalse(draft, consumer, firing);
}

function conditionFalse(draft: Draft, consumer: ConsumerFacts, firing: Firing): Suppression | null {
  const { condition } = firing.rule;
  if (condition === null) return null;
  const verdict = condition.evaluate(situation(draft, consumer, firing));
  switch (verdict.kind) {
    case 'true':
      return null;
    case 'false':
      return { reason: 'condition_false', detail: verdict.detail };
    case 'missing':
      return { reason: 'missing_value', detail: verdict.detail };
  }
}

function situation(draft: Draft, consumer: ConsumerFacts, firing: Firing) {
  const { deviceId, place, visit, at } = firing;
  return situationOf({ deviceId, device: deviceOf(draft, deviceId), consumer, place, visit, at });
}

function render(draft: Draft, consumer: ConsumerFacts, firing: Firing) {
  return firing.rule.offer.render(situation(draft, consumer, firing), firing.at);
}

/** From `quiet_hours` to `expired`. */
function suppressionAfterCondition(
  draft: Draft,
  consumer: ConsumerFacts,
  firing: Firing,
  offer: RenderedOffer,
): Suppression | null {
  const { at, place } = firing;
  const { id, limits } = firing.rule.rule;
  const zone = consumer.timezone ?? place?.timezone ?? null;
  if (!limits.ignoreQuietHours && inQuietHours(consumer.quietHours, zone, at)) {
    const { from, to } = consumer.quietHours ?? { from: '', to: '' };
    return {
      reason: 'quiet_hours',
      detail: `the consumer wants quiet from ${from} to ${to} (${zone ?? 'UTC'})`,
    };
  }
  const times = own(draft.memory.sentTimes, id) ?? [];
  const sinceLastMs = at - (times.at(-1) ?? -Infinity);
  if (sinceLastMs < limits.cooldownMs) {
    const [since, least] = [describeDuration(sinceLastMs), describeDuration(limits.cooldownMs)];
    return {
      reason: 'cooldown',
      detail: `the last offer of this rule was ${since} ago, and at least ${least} must pass`,
    };
  }
  const cap = limits.perConsumer;
  if (cap !== null && times.filter((time) => at - time < cap.perMs).length >= cap.count) {
    return {
      reason: 'consumer_cap',
      detail: `the consumer had ${cap.count} offers of this rule within ${describeDuration(cap.perMs)}`,
    };
  }
  if (!consumer.reachable) return { reason: 'no_channel', detail: 'the consumer has no browser subscribed' };
  if (offer.expiresAt <= at) return { reason: 'expired', detail: 'the offer is over already' };
  return null;
}

function wasSent(draft: Draft, firing: Firing): boolean {
  return own(draft.memory.sent, firing.cause)?.rules.includes(firing.rule.rule.id) ?? false;
}

/** Causes other than visits come once; that long they are kept against a reading that is handed in twice. */
const REMEMBER_CAUSE_MS = HOUR_MS;

function remember(draft: Draft, firing: Firing): void {
  const { id, limits } = firing.rule.rule;
  const before = own(draft.memory.sent, firing.cause)?.rules ?? [];
  const sent = { ...draft.memory.sent, [firing.cause]: { at: firing.at, rules: [...before, id] } };
  const longestMs = Math.max(limits.cooldownMs, limits.perConsumer?.perMs ?? 0);
  const times = [...(own(draft.memory.sentTimes, id) ?? []), firing.at]
    .filter((time) => firing.at - time <= longestMs)
    .slice(-(limits.perConsumer?.count ?? 1));
  const sentTimes = longestMs === 0 ? draft.memory.sentTimes : { ...draft.memory.sentTimes, [id]: times };
  draft.memory = { ...draft.memory, sent, sentTimes };
}

/**
 * Forgets causes that nothing can bring up again: visits that are neither open nor to be resumed, and old crossings and events.
 *
 * @param now domain time
 */
export function forgetOldCauses(draft: Draft, now: number): void {
  const { sent, stays, devices } = draft.memory;
  const alive = new Set(Object.values(stays).map((stay) => stay.id));
  for (const device of Object.values(devices)) {
    for (const visit of Object.values(device.visits)) alive.add(visit.cause);
    for (const visit of Object.values(device.silenced)) alive.add(visit.cause);
  }
  const entries = Object.entries(sent);
  const kept = entries.filter(([cause, { at }]) => alive.has(cause) || now - at < REMEMBER_CAUSE_MS);
  if (kept.length < entries.length) draft.memory = { ...draft.memory, sent: Object.fromEntries(kept) };
}
