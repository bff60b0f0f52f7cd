import type { MetricRule } from '../compiled-rule.ts';
import type { MetricTrigger } from '../document/trigger.ts';
import { changeDevice, type Draft, deviceOf } from '../draft.ts';
import { judge } from '../judge.ts';
import { type Crossing, own, without } from '../memory.ts';
import type { MetricValue } from '../readings/reading.ts';
import type { Rulebook } from '../rulebook.ts';
import { describeDuration } from '../time/duration.ts';

/**
 * Takes a new value of a metric through the rules on it. A rule fires when the value crosses its threshold (the first known value
 * beyond it counts), once, until the value has come back as far as `rearm`; with `for`, when it has stayed beyond for so long.
 */
export function crossThresholds(
  draft: Draft,
  deviceId: string,
  name: string,
  value: MetricValue,
  readingId: string,
  now: number,
): void {
  if (typeof value !== 'number') return;
  forgetThoseBack(draft, deviceId, name, value);
  const { below, above } = draft.rulebook.rulesOfMetric(name);
  // In order of their thresholds, so that what a value costs does not grow with the rules that it is far from.
  for (const rule of below) {
    if (value >= rule.trigger.threshold) break;
    cross(draft, deviceId, rule, readingId, now);
  }
  for (const rule of above) {
    if (value <= rule.trigger.threshold) break;
    cross(draft, deviceId, rule, readingId, now);
  }
}

/** Whether a value lies beyond the threshold of no rule on its metric: then one without crossings has none afterwards either. */
export function isBeyondNone(rulebook: Rulebook, name: string, value: MetricValue): boolean {
  if (typeof value !== 'number') return true;
  const { below, above } = rulebook.rulesOfMetric(name);
  const [highest, lowest] = [below[0], above[0]];
  return (
    (highest === undefined || value >= highest.trigger.threshold) &&
    (lowest === undefined || value <= lowest.trigger.threshold)
  );
}

function forgetThoseBack(draft: Draft, deviceId: string, name: string, value: number): void {
  const crossings = deviceOf(draft, deviceId)?.crossings ?? {};
  let left = crossings;
  for (const ruleId in crossings) {
    const crossing = crossings[ruleId];
    const trigger = draft.rulebook.metricRule(ruleId)?.trigger;
    if (crossing === undefined || trigger?.name !== name) continue;
    if (isBack(trigger, crossing, value)) left = without(left, ruleId);
  }
  if (left !== crossings) changeDevice(draft, deviceId, { crossings: left });
}

function cross(draft: Draft, deviceId: string, rule: MetricRule, readingId: string, now: number): void {
  const crossings = deviceOf(draft, deviceId)?.crossings ?? {};
  if (own(crossings, rule.rule.id) !== undefined) return;
  const crossing: Crossing = {
    id: `${readingId}.${rule.trigger.name}`,
    since: now,
    state: rule.trigger.forMs === 0 ? 'fired' : 'pending',
  };
  changeDevice(draft, deviceId, {
    crossings: { ...knownOnly(draft, crossings), [rule.rule.id]: crossing },
  });
  if (crossing.state === 'fired') fireCrossing(draft, deviceId, rule, crossing, now);
}

function isBeyond(trigger: MetricTrigger, value: number): boolean {
  return trigger.direction === 'below' ? value < trigger.threshold : value > trigger.threshold;
}

/** A crossing that has not fired yet is over as soon as the value is back; one that fired, when it reaches `rearm`. */
function isBack(trigger: MetricTrigger, crossing: Crossing, value: number): boolean {
  switch (crossing.state) {
    case 'pending':
      return !isBeyond(trigger, value);
    case 'fired':
      return trigger.direction === 'below' ? value >= trigger.rearm : value <= trigger.rearm;
  }
}

/** Without those of rules that are gone. */
function knownOnly(
  draft: Draft,
  crossings: Readonly<Record<string, Crossing>>,
): Readonly<Record<string, Crossing>> {
  const entries = Object.entries(crossings);
  const kept = entries.filter(([ruleId]) => draft.rulebook.metricRule(ruleId) !== undefined);
  return kept.length === entries.length ? crossings : Object.fromEntries(kept);
}

/** The metric has stayed beyond the threshold for as long as the rule asks. */
export function firePending(
  draft: Draft,
  deviceId: string,
  rule: MetricRule,
  crossing: Crossing,
  at: number,
  late: string | undefined,
): void {
  const crossings = deviceOf(draft, deviceId)?.crossings ?? {};
  changeDevice(draft, deviceId, {
    crossings: { ...crossings, [rule.rule.id]: { ...crossing, state: 'fired' } },
  });
  fireCrossing(draft, deviceId, rule, crossing, at, late);
}

function fireCrossing(
  draft: Draft,
  deviceId: string,
  rule: MetricRule,
  crossing: Crossing,
  at: number,
  late?: string,
): void {
  const { name, direction, threshold, forMs } = rule.trigger;
  const lasting = forMs === 0 ? '' : ` for ${describeDuration(forMs)}`;
  const value = own(deviceOf(draft, deviceId)?.metrics ?? {}, name)?.value;
  // Decisions are read by staff: a heart rate whose use was not agreed to is not written down in them.
  const isSeen = draft.consumer === null || draft.rulebook.viewOf(draft.consumer.granted).metric(name);
  judge(draft, {
    rule,
    deviceId,
    place: null,
    visit: null,
    cause: crossing.id,
    at,
    found: isSeen
      ? `${name} of ${deviceId} is ${value}, which is ${direction} ${threshold}${lasting}`
      : `${name} of ${deviceId} is what the rule waits for${lasting}`,
    ...(late === undefined ? {} : { obstacle: { reason: 'late_reading', detail: late } as const }),
  });
}
