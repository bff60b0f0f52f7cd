import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { CompiledRule } from '../../rules/compiled-rule.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { compileSegments } from '../../rules/document/segment.ts';
import { PLACE_EVENTS } from '../../rules/document/trigger.ts';
import type { Place } from '../../rules/places/place.ts';
import { type PlaceSet, placeSetOf } from '../../rules/places/place-set.ts';
import { zoneSetOf } from '../../rules/places/sensitive-zone.ts';
import { compileRules, type RuleSet, type SavedRule } from '../../rules/rule-set.ts';
import { composeRulebook, type Rulebook } from '../../rules/rulebook.ts';
import { createRulebookSource } from '../engine/rulebook-source.ts';
import { WaysideError } from '../errors.ts';
import { listCampaigns } from '../records/campaigns.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import type { Schema } from '../records/schema.ts';
import { listSegments } from '../records/segments.ts';
import type { BacktestRequest } from './request.ts';

/** The version of a rule that was not saved. */
const UNSAVED_VERSION = 0;

export interface RulebookOfBacktest {
  readonly rulebook: Rulebook;
  readonly otherRules: number;
  /** Whether any rule looks at the values of metrics. */
  readonly readsMetrics: boolean;
}

/**
 * The rulebook of a backtest: places, segments and all else as they are now, the rule as if it were live, and the other live rules
 * unless it is tried alone.
 *
 * @param log told of what is saved and not understood
 * @throws WaysideError `invalid_document` where the rule is not understood any more
 */
export async function rulebookFor(
  db: Kysely<Schema>,
  request: BacktestRequest,
  log: Logger,
): Promise<RulebookOfBacktest> {
  const source = createRulebookSource(db, log);
  const deviceTypes = await listDeviceTypes(db);
  const parsed = parseRule({ ...request.document, id: request.ruleId }, { deviceTypes, isSaved: true });
  if (!parsed.ok) {
    const detail = parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw new WaysideError('invalid_document', detail, { problems: parsed.problems });
  }
  const rule: SavedRule = { rule: parsed.value, version: request.version ?? UNSAVED_VERSION, state: 'live' };
  const saved = request.alone ? [] : [...(await source.rules(new Map(), deviceTypes)).values()];
  const others = saved.filter((one) => one.state === 'live' && one.rule.id !== request.ruleId);
  const ruleSet = compileRules([rule, ...others], deviceTypes);
  const compiled = [rule, ...others].flatMap((one) => ruleSet.get(one.rule.id) ?? []);
  const rulebook = composeRulebook({
    placeSet: placesOf(await source.allPlaces(), ruleSet),
    ruleSet,
    deviceTypes,
    zoneSet: zoneSetOf(await source.allZones()),
    segmentSet: compileSegments(await listSegments(db)),
    campaigns: await listCampaigns(db),
    pacing: await source.pacing(),
  });
  return { rulebook, otherRules: others.length, readsMetrics: compiled.some(looksAtMetrics) };
}

/**
 * The places that a rule can concern. Without the others the decisions are the same, for a visit of one place has no say in another's.
 * This set is never edited, so that ids are looked up in a plain map; and what holds a point is asked for again where the short way of
 * a position led nowhere.
 */
function placesOf(places: readonly Place[], rules: RuleSet): PlaceSet {
  const concerned = places.filter((place) => PLACE_EVENTS.some((on) => rules.ofPlace(place, on).length > 0));
  const set = placeSetOf(concerned);
  const byId = new Map(concerned.map(({ id }) => [id, set.get(id)]));
  let last = { lat: Number.NaN, lon: Number.NaN, found: set.at(0, 0) };
  return {
    ...set,
    get: (id) => byId.get(id),
    at(lat, lon) {
      if (last.lat !== lat || last.lon !== lon) last = { lat, lon, found: set.at(lat, lon) };
      return last.found;
    },
  };
}

function looksAtMetrics({ rule, trigger, condition, offer }: CompiledRule): boolean {
  if (trigger.kind === 'metric') return true;
  const variants = rule.experiment?.variants.map(({ name }) => name) ?? [];
  const offers = variants.length === 0 ? [offer(null)] : variants.map((name) => offer(name));
  const reads = [...(condition?.reads ?? []), ...offers.flatMap((one) => one.reads)];
  return reads.some((read) => read === 'metrics' || read.startsWith('metrics.'));
}
