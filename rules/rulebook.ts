import type { CompiledRule, MetricRule, PlaceRule } from './compiled-rule.ts';
import { type View, viewOf } from './condition/view.ts';
import type { Campaign } from './document/campaign.ts';
import { compileSegments, type Segment, type SegmentSet } from './document/segment.ts';
import type { PlaceEvent } from './document/trigger.ts';
import type { Box } from './geometry/path.ts';
import { NO_PACING, type Pacing } from './pacing/pacing.ts';
import type { Place } from './places/place.ts';
import { type CompiledPlace, type PlaceSet, placeSetOf } from './places/place-set.ts';
import { type SensitiveZone, type ZoneSet, zoneSetOf } from './places/sensitive-zone.ts';
import type { DeviceType } from './readings/device-type.ts';
import { compileRules, type MetricRules, type RuleSet, type SavedRule } from './rule-set.ts';
import type { ConsumerFacts, Purpose } from './step.ts';

/** All that a rulebook is made of, not compiled yet. */
export interface RulebookSource {
  readonly places: readonly Place[];
  readonly rules: readonly SavedRule[];
  readonly deviceTypes: readonly DeviceType[];
  readonly zones?: readonly SensitiveZone[];
  readonly segments?: readonly Segment[];
  readonly campaigns?: readonly Campaign[];
  readonly pacing?: Pacing;
}

/** Compiled parts: a rulebook is made of them at no cost worth mentioning, so that a change of one part compiles no other. */
export interface RulebookParts {
  readonly placeSet: PlaceSet;
  readonly ruleSet: RuleSet;
  readonly deviceTypes: readonly DeviceType[];
  readonly zoneSet?: ZoneSet;
  readonly segmentSet?: SegmentSet;
  readonly campaigns?: readonly Campaign[];
  readonly pacing?: Pacing;
}

export interface RulebookOptions {
  /**
   * How far beyond the edge a position must lie to end a visit. `standard`: the hysteresis of the design, plus the accuracy of the
   * fix. `none`: any position outside ends it; for comparison with a plain geometry library.
   */
  readonly exitMargin?: 'standard' | 'none';
}

/**
 * All that deciding needs, compiled once and never changed: a changed place or rule gets a new rulebook, built aside. What a reading
 * costs depends on the rules that it can concern, and not on how many there are.
 */
export interface Rulebook {
  readonly deviceTypes: ReadonlyMap<string, DeviceType>;
  readonly exitMargin: 'standard' | 'none';
  readonly pacing: Pacing;
  readonly places: PlaceSet;
  /** Places that any rule waits for this event on: they are looked for far and wide, and the others must not be in the way. */
  placesWaitedFor(on: 'approach' | 'pass'): PlaceSet;
  place(id: string): CompiledPlace | undefined;
  /** Places that hold a point, in order of their ids. */
  placesAt(lat: number, lon: number): readonly CompiledPlace[];
  /** Whether positions there are nobody's business: no visit is kept, and nothing fires. */
  inSensitiveZone(lat: number, lon: number): boolean;
  /** Whether there may be such positions in a box: false where there are none. */
  mayHoldSensitiveZone(box: Box): boolean;
  /** Rules that wait for this event on this place, by its id or one of its tags. */
  rulesOfPlace(place: Place, on: PlaceEvent): readonly PlaceRule[];
  /** Whether any rule waits for this event on any place. */
  hasRulesOn(on: PlaceEvent): boolean;
  /** The longest `within` of any approach rule; 0 where there is none. */
  readonly longestApproachMs: number;
  rulesOfMetric(name: string): MetricRules;
  rulesOfEvent(name: string): readonly CompiledRule[];
  metricRule(ruleId: string): MetricRule | undefined;
  /** A rule that can fire, whatever its trigger. */
  rule(ruleId: string): CompiledRule | undefined;
  /** Ids of the segments that a consumer is in. */
  segmentsOf(consumer: ConsumerFacts): readonly string[];
  /** Why a consumer is not in a segment, as a sentence. */
  whyNotInSegment(consumer: ConsumerFacts, segmentId: string): string;
  campaign(id: string): Campaign | undefined;
  /** What any rule may see of a person's devices, by the purposes that they agreed to. */
  viewOf(granted: readonly Purpose[]): View;
}

/**
 * Compiles all parts and puts them together.
 *
 * @param source rules in any state, each from parseRule; only those that are live or paused are taken
 */
export function compileRulebook(source: RulebookSource, options: RulebookOptions = {}): Rulebook {
  const { places, rules, deviceTypes, zones = [], segments = [] } = source;
  const { campaigns = [], pacing = NO_PACING } = source;
  return composeRulebook(
    {
      placeSet: placeSetOf(places),
      ruleSet: compileRules(rules, deviceTypes),
      deviceTypes,
      zoneSet: zoneSetOf(zones),
      segmentSet: compileSegments(segments),
      campaigns,
      pacing,
    },
    options,
  );
}

/** Puts compiled parts together. */
export function composeRulebook(parts: RulebookParts, options: RulebookOptions = {}): Rulebook {
  const { placeSet, ruleSet, deviceTypes, pacing = NO_PACING } = parts;
  const zoneSet = parts.zoneSet ?? zoneSetOf([]);
  const segmentSet = parts.segmentSet ?? compileSegments([]);
  const campaigns = new Map((parts.campaigns ?? []).map((campaign) => [campaign.id, campaign]));
  const waitedFor = new Map<PlaceEvent, PlaceSet>();
  return {
    deviceTypes: new Map(deviceTypes.map((type) => [type.id, type])),
    exitMargin: options.exitMargin ?? 'standard',
    pacing,
    places: placeSet,
    placesWaitedFor(on) {
      const known = waitedFor.get(on);
      if (known !== undefined) return known;
      const part = placeSet.part(ruleSet.selectorsOf(on), (place) => ruleSet.ofPlace(place, on).length > 0);
      waitedFor.set(on, part);
      return part;
    },
    place: (id) => placeSet.get(id),
    placesAt: (lat, lon) => placeSet.at(lat, lon),
    inSensitiveZone: (lat, lon) => zoneSet.holds(lat, lon),
    mayHoldSensitiveZone: (box) => zoneSet.mayTouch(box),
    rulesOfPlace: (place, on) => ruleSet.ofPlace(place, on),
    hasRulesOn: (on) => ruleSet.hasAny(on),
    longestApproachMs: ruleSet.longestApproachMs,
    rulesOfMetric: (name) => ruleSet.ofMetric(name),
    rulesOfEvent: (name) => ruleSet.ofEvent(name),
    metricRule: (ruleId) => ruleSet.metricRule(ruleId),
    rule: (ruleId) => ruleSet.get(ruleId),
    segmentsOf: (consumer) => segmentSet.of(consumer),
    whyNotInSegment: (consumer, segmentId) => segmentSet.whyNot(consumer, segmentId),
    campaign: (id) => campaigns.get(id),
    viewOf: (granted) => viewOf(granted, deviceTypes),
  };
}
