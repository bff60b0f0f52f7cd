import { type Condition, compileCondition } from './condition.ts';
import type { DeviceType } from './device-type.ts';
import { type Shape, shapeOf } from './geometry/shape.ts';
import { buildShapeIndex, type ShapeIndex } from './geometry/shape-index.ts';
import { type CompiledOffer, compileOffer } from './offer-template.ts';
import type { Place } from './place.ts';
import { purposesOfCompiled } from './purposes.ts';
import type { Rule } from './rule.ts';
import type { Purpose } from './step.ts';
import type { MetricTrigger, PlaceTrigger } from './trigger.ts';

export type RuleState = 'draft' | 'live' | 'paused' | 'ended';

export interface RulebookSource {
  readonly places: readonly Place[];
  readonly rules: readonly { readonly rule: Rule; readonly version: number; readonly state: RuleState }[];
  readonly deviceTypes: readonly DeviceType[];
}

export interface RulebookOptions {
  /**
   * How far beyond the edge a position must lie to end a visit. `standard`: the hysteresis of the design, plus the accuracy of the
   * fix. `none`: any position outside ends it; for comparison with a plain geometry library.
   */
  readonly exitMargin?: 'standard' | 'none';
}

/** A rule that can fire: live, or paused (which decides `rule_paused`). */
export interface CompiledRule<T = Rule['trigger']> {
  readonly rule: Rule;
  readonly trigger: T;
  readonly version: number;
  readonly paused: boolean;
  readonly condition: Condition | null;
  /** Why nothing can be said of it, where the document no longer fits the device types; else null. */
  readonly fault: string | null;
  readonly purposes: readonly Purpose[];
  readonly offer: CompiledOffer;
}

export type PlaceRule = CompiledRule<PlaceTrigger>;
export type MetricRule = CompiledRule<MetricTrigger>;

export interface CompiledPlace {
  readonly place: Place;
  readonly shape: Shape;
}

/**
 * All that deciding needs, compiled once and never changed: a changed place or rule gets a new rulebook, built aside. What a reading
 * costs depends on the rules that it can concern, and not on how many there are.
 */
export interface Rulebook {
  readonly deviceTypes: ReadonlyMap<string, DeviceType>;
  readonly exitMargin: 'standard' | 'none';
  place(id: string): CompiledPlace | undefined;
  /** Places that hold a point, in the order of the source. */
  placesAt(lat: number, lon: number): readonly CompiledPlace[];
  /** Rules with a place trigger on this place, by its id or one of its tags. */
  rulesOfPlace(place: Place): readonly PlaceRule[];
  rulesOfMetric(name: string): readonly MetricRule[];
  rulesOfEvent(name: string): readonly CompiledRule[];
  metricRule(ruleId: string): MetricRule | undefined;
}

/**
 * @param source rules in any state: only live and paused ones are compiled
 * @throws what Liquid throws on an offer that parseRule refuses; rules that come from parseRule never throw
 */
export function compileRulebook(source: RulebookSource, options: RulebookOptions = {}): Rulebook {
  const places = source.places.map((place): CompiledPlace => ({ place, shape: shapeOf(place.geometry) }));
  const byId = new Map(places.map((compiled) => [compiled.place.id, compiled]));
  const index: ShapeIndex = buildShapeIndex(places.map(({ shape }) => shape));
  const byPlaceId = new Map<string, PlaceRule[]>();
  const byTag = new Map<string, PlaceRule[]>();
  const byMetric = new Map<string, MetricRule[]>();
  const byEvent = new Map<string, CompiledRule[]>();
  const metricRules = new Map<string, MetricRule>();
  for (const { rule, version, state } of source.rules) {
    if (state !== 'live' && state !== 'paused') continue;
    const compiled = compileRule(rule, version, state === 'paused', source.deviceTypes);
    const { trigger } = rule;
    switch (trigger.kind) {
      case 'place': {
        const { place } = trigger;
        if (place.kind === 'id') addTo(byPlaceId, place.id, { ...compiled, trigger });
        else addTo(byTag, place.tag, { ...compiled, trigger });
        break;
      }
      case 'metric':
        addTo(byMetric, trigger.name, { ...compiled, trigger });
        metricRules.set(rule.id, { ...compiled, trigger });
        break;
      case 'event':
        addTo(byEvent, trigger.name, compiled);
        break;
    }
  }
  // Filled on first use: most places are never entered while a rulebook lives.
  const ofPlace = new Map<Place, readonly PlaceRule[]>();
  const collect = (place: Place): readonly PlaceRule[] => [
    ...(byPlaceId.get(place.id) ?? []),
    ...place.tags.flatMap((tag) => byTag.get(tag) ?? []),
  ];
  return {
    deviceTypes: new Map(source.deviceTypes.map((type) => [type.id, type])),
    exitMargin: options.exitMargin ?? 'standard',
    place: (id) => byId.get(id),
    placesAt: (lat, lon) => {
      const found = index.containing(lat, lon);
      return found.length === 0
        ? NO_PLACES
        : found.map((position) => places[position]).filter((one) => one !== undefined);
    },
    rulesOfPlace: (place) => {
      const known = ofPlace.get(place);
      if (known) return known;
      const rules = collect(place);
      ofPlace.set(place, rules);
      return rules;
    },
    rulesOfMetric: (name) => byMetric.get(name) ?? [],
    rulesOfEvent: (name) => byEvent.get(name) ?? [],
    metricRule: (ruleId) => metricRules.get(ruleId),
  };
}

const NO_PLACES: readonly CompiledPlace[] = [];

function addTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function compileRule(
  rule: Rule,
  version: number,
  paused: boolean,
  deviceTypes: readonly DeviceType[],
): CompiledRule {
  const condition = rule.when === null ? null : compileCondition(rule.when, rule.trigger, deviceTypes);
  const compiled = condition?.ok ? condition.value : null;
  return {
    rule,
    trigger: rule.trigger,
    version,
    paused,
    condition: compiled,
    fault:
      condition !== null && !condition.ok
        ? condition.problems.map(({ message }) => message).join('; ')
        : null,
    purposes: purposesOfCompiled(rule, compiled, deviceTypes),
    offer: compileOffer(rule.offer),
  };
}
