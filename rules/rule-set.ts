import { type CompiledRule, compileRule, type MetricRule, type PlaceRule } from './compiled-rule.ts';
import type { Rule } from './document/rule.ts';
import type { MetricTrigger, PlaceEvent } from './document/trigger.ts';
import type { Place } from './places/place.ts';
import type { DeviceType } from './readings/device-type.ts';

export type RuleState = 'draft' | 'live' | 'paused' | 'ended';

/** A rule as it is saved: the version that decisions name, and its state. */
export interface SavedRule {
  readonly rule: Rule;
  readonly version: number;
  readonly state: RuleState;
}

/** Rules on one metric, each list in order of the thresholds: a value lies beyond those at its beginning. */
export interface MetricRules {
  /** From the highest threshold to the lowest. */
  readonly below: readonly MetricRule[];
  /** From the lowest to the highest. */
  readonly above: readonly MetricRule[];
}

/** Compiled rules, found by what a reading can concern. It knows of places only what a rule names: an id or a tag. */
export interface RuleSet {
  /** How many can fire. */
  readonly size: number;
  get(ruleId: string): CompiledRule | undefined;
  /** Rules that wait for this event on this place. Those by its id come first, then those by its tags. */
  ofPlace(place: Place, on: PlaceEvent): readonly PlaceRule[];
  hasAny(on: PlaceEvent): boolean;
  /** Ids and tags that rules wait for this event on, in one text: where it is the same, so are the places. */
  selectorsOf(on: PlaceEvent): string;
  /** The longest `within` of any approach rule; 0 where there is none. */
  readonly longestApproachMs: number;
  ofMetric(name: string): MetricRules;
  ofEvent(name: string): readonly CompiledRule[];
  metricRule(ruleId: string): MetricRule | undefined;
}

/** Most places have rules by one tag, or none; more are put together once, for so many places and events. */
const MOST_KEPT = 4096;
const NO_PLACE_RULES: readonly PlaceRule[] = [];
const NO_METRIC_RULES: MetricRules = { below: [], above: [] };
const NO_RULES: readonly CompiledRule[] = [];

/**
 * Puts rules in order, whatever places there are. That is cheap: their texts are compiled when they first fire, 0.2 ms each, and kept
 * for as long as the rule, so that an edit of one rule compiles no other.
 *
 * @param rules in any state, each from parseRule; only those that are live or paused are taken
 */
export function compileRules(rules: readonly SavedRule[], deviceTypes: readonly DeviceType[]): RuleSet {
  const all = new Map<string, CompiledRule>();
  const byPlaceId = new Map<PlaceEvent, Map<string, PlaceRule[]>>();
  const byTag = new Map<PlaceEvent, Map<string, PlaceRule[]>>();
  const byMetric = new Map<string, MetricRule[]>();
  const byEvent = new Map<string, CompiledRule[]>();
  const metricRules = new Map<string, MetricRule>();
  let longestApproachMs = 0;
  for (const { rule, version, state } of rules) {
    if (state !== 'live' && state !== 'paused') continue;
    const { trigger } = rule;
    const compiled = <T>(of: T) => compileRule(rule, of, version, state === 'paused', deviceTypes);
    switch (trigger.kind) {
      case 'place': {
        const { place, on } = trigger;
        const placeRule = compiled(trigger);
        all.set(rule.id, placeRule);
        const [index, key] = place.kind === 'id' ? [byPlaceId, place.id] : [byTag, place.tag];
        const rulesOn = index.get(on) ?? new Map<string, PlaceRule[]>();
        index.set(on, rulesOn);
        addTo(rulesOn, key, placeRule);
        if (trigger.on === 'approach') longestApproachMs = Math.max(longestApproachMs, trigger.withinMs);
        break;
      }
      case 'metric': {
        const metricRule = compiled(trigger);
        all.set(rule.id, metricRule);
        addTo(byMetric, trigger.name, metricRule);
        metricRules.set(rule.id, metricRule);
        break;
      }
      case 'event': {
        const eventRule = compiled(trigger);
        all.set(rule.id, eventRule);
        addTo(byEvent, trigger.name, eventRule);
        break;
      }
    }
  }
  const selectors = new Map<PlaceEvent, string>();
  const metrics = new Map([...byMetric].map(([name, list]) => [name, inOrder(list)]));
  // Filled on first use, and bounded.
  const together = new Map<string, readonly PlaceRule[]>();
  return {
    size: all.size,
    get: (ruleId) => all.get(ruleId),
    ofPlace(place, on) {
      const ofId = byPlaceId.get(on)?.get(place.id);
      const tags = byTag.get(on);
      if (tags === undefined) return ofId ?? NO_PLACE_RULES;
      let only = ofId ?? NO_PLACE_RULES;
      for (const tag of place.tags) {
        const ofTag = tags.get(tag);
        if (ofTag === undefined) continue;
        if (only.length > 0) return allOf(together, place, on, ofId, tags);
        only = ofTag;
      }
      return only;
    },
    selectorsOf(on) {
      const known = selectors.get(on);
      if (known !== undefined) return known;
      const [ids, tags] = [byPlaceId, byTag].map((index) => [...(index.get(on)?.keys() ?? [])].sort());
      const text = JSON.stringify([on, ids, tags]);
      selectors.set(on, text);
      return text;
    },
    hasAny: (on) => byPlaceId.has(on) || byTag.has(on),
    longestApproachMs,
    ofMetric: (name) => metrics.get(name) ?? NO_METRIC_RULES,
    ofEvent: (name) => byEvent.get(name) ?? NO_RULES,
    metricRule: (ruleId) => metricRules.get(ruleId),
  };
}

function inOrder(rules: readonly MetricRule[]): MetricRules {
  const sorted = rules.toSorted(
    (a, b) => a.trigger.threshold - b.trigger.threshold || (a.rule.id < b.rule.id ? -1 : 1),
  );
  const of = (direction: MetricTrigger['direction']) =>
    sorted.filter(({ trigger }) => trigger.direction === direction);
  return { below: of('below').reverse(), above: of('above') };
}

/** Rules of a place by its id and by several tags, kept by what they were found with: another edit may have other tags. */
function allOf(
  kept: Map<string, readonly PlaceRule[]>,
  place: Place,
  on: PlaceEvent,
  ofId: readonly PlaceRule[] | undefined,
  byTag: ReadonlyMap<string, readonly PlaceRule[]>,
): readonly PlaceRule[] {
  // Neither ids nor tags can hold a comma.
  const key = `${on},${ofId === undefined ? '' : place.id},${place.tags.join(',')}`;
  const known = kept.get(key);
  if (known) return known;
  const rules = [...(ofId ?? []), ...place.tags.flatMap((tag) => byTag.get(tag) ?? [])];
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, rules);
  return rules;
}

function addTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
