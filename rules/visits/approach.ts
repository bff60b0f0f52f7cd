import type { PlaceRule } from '../compiled-rule.ts';
import { changeDevice, type Draft, deviceOf, setDevice } from '../draft.ts';
import { bearingDegrees } from '../geometry/sphere.ts';
import { judge } from '../judge.ts';
import { type Approach, type DeviceMemory, own, sizeOf } from '../memory.ts';
import type { CompiledPlace, PlaceSet } from '../places/place-set.ts';
import type { Rulebook } from '../rulebook.ts';
import { describeDuration, MINUTE_MS, SECOND_MS } from '../time/duration.ts';
import { passesGate } from './border.ts';
import { type Move, motionOf } from './track.ts';

/** After this long without approaching, what comes is another approach. */
const APPROACH_ENDS_AFTER_MS = 10 * MINUTE_MS;
const LEAST_METRES_PER_SECOND = 1;
const LARGEST_TURN_DEGREES = 45;
/**
 * A device is in at most this many approaches at a time; beyond, the nearest places begin first. On a motorway there may be thousands of
 * places within an hour, and each is remembered.
 */
const MOST_APPROACHES = 256;

type Approaches = NonNullable<DeviceMemory['approaches']>;

/** A rule whose place is ahead, near enough in time. */
interface Ahead {
  readonly compiled: CompiledPlace;
  readonly rule: PlaceRule;
  readonly metres: number;
  readonly etaMs: number;
}

/**
 * Takes a fix through the approach rules: outside, at 1 m/s or more, headed to within 45° of the nearest point of the edge, and there
 * within the rule's time. An approach of a rule is one as long as no 10 min pass without approaching and the device does not enter;
 * it fires once, at its first fix.
 *
 * @param now arrival of the fix: the time of the decisions
 */
export function approachPlaces(
  draft: Draft,
  deviceId: string,
  move: Move,
  readingId: string,
  now: number,
): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  const ahead = draft.rulebook.hasRulesOn('approach')
    ? placesAhead(draft.rulebook, device.visits, move)
    : NONE_AHEAD;
  const { at } = move.fix;
  const goingOn = approachesAfter(device.approaches, ahead, at);
  if (goingOn !== null) {
    if (goingOn !== undefined && goingOn !== device.approaches)
      changeDevice(draft, deviceId, { approaches: goingOn });
    return;
  }
  const begun: { readonly ahead: Ahead; readonly id: string }[] = [];
  const next = lasting(device.approaches ?? {}, at);
  for (const one of ahead) {
    const [placeId, ruleId] = [one.compiled.place.id, one.rule.rule.id];
    const known = next.get(placeId, ruleId);
    if (known === undefined && next.size() >= MOST_APPROACHES) continue;
    const isSame = known !== undefined && known.entered !== true;
    const id = isSame
      ? known.id
      : (sharedApproach(draft, deviceId, placeId, ruleId, at, known) ?? `${readingId}.${placeId}.approach`);
    next.set(placeId, ruleId, { id, at });
    if (!isSame) begun.push({ ahead: one, id });
  }
  setDevice(draft, deviceId, withApproaches(device, next.record()));
  for (const { ahead: one, id } of begun) {
    const { place } = one.compiled;
    const found = `${deviceId} is on its way to ${place.name}, ${describeEta(one.etaMs)} away`;
    judge(draft, { rule: one.rule, deviceId, place, visit: null, cause: id, at: now, found });
  }
}

export const NONE_AHEAD: readonly Ahead[] = [];

/**
 * Places with approach rules that a fix heads for and is near enough to.
 *
 * @param visits open ones of the device
 * @param within looks for those places
 */
export function placesAhead(
  rulebook: Rulebook,
  visits: DeviceMemory['visits'],
  move: Move,
  within: PlaceSet['within'] = rulebook.placesWaitedFor('approach').within,
): readonly Ahead[] {
  const { fix } = move;
  const motion = motionOf(move);
  if (motion === null || motion.metresPerSecond < LEAST_METRES_PER_SECOND) return NONE_AHEAD;
  const reachMetres = (motion.metresPerSecond * rulebook.longestApproachMs) / SECOND_MS;
  const ahead: Ahead[] = [];
  // Within the margin of a visit that is still open the device is there already.
  const isWanted = ({ place, shape }: CompiledPlace) =>
    own(visits, place.id) === undefined && passesGate(fix, shape);
  for (const { compiled, edge } of within(fix.lat, fix.lon, reachMetres, isWanted)) {
    const { place } = compiled;
    const turn = Math.abs(bearingDegrees(fix, edge) - motion.headingDegrees) % 360;
    if (Math.min(turn, 360 - turn) > LARGEST_TURN_DEGREES) continue;
    const etaMs = (edge.metres / motion.metresPerSecond) * SECOND_MS;
    for (const rule of rulebook.rulesOfPlace(place, 'approach')) {
      if (rule.trigger.on === 'approach' && etaMs <= rule.trigger.withinMs)
        ahead.push({ compiled, rule, metres: edge.metres, etaMs });
    }
  }
  return ahead.length <= MOST_APPROACHES ? ahead : ahead.sort((a, b) => a.metres - b.metres);
}

/**
 * The approach of another device of the same person to the same place: they come together, and bring one offer. One that ended on
 * entering is shared for a while too, for the phone may tell later than the car; but not by a device that was in it itself and has
 * come out since.
 */
function sharedApproach(
  draft: Draft,
  deviceId: string,
  placeId: string,
  ruleId: string,
  at: number,
  over: Approach | undefined,
): string | null {
  for (const [otherId, other] of Object.entries(draft.memory.devices)) {
    if (otherId === deviceId || other.approaches === undefined) continue;
    const approach = own(own(other.approaches, placeId) ?? {}, ruleId);
    if (approach === undefined || Math.abs(at - approach.at) > APPROACH_ENDS_AFTER_MS) continue;
    if (approach.id !== over?.id) return approach.id;
  }
  return null;
}

/** A device went into a place: its approaches of it are over. */
export function endApproaches(draft: Draft, deviceId: string, placeId: string): void {
  const approaches = deviceOf(draft, deviceId)?.approaches;
  const ofRules = approaches === undefined ? undefined : own(approaches, placeId);
  if (approaches === undefined || ofRules === undefined) return;
  const ended = Object.entries(ofRules).map(
    ([ruleId, one]) => [ruleId, { ...one, entered: true as const }] as const,
  );
  changeDevice(draft, deviceId, { approaches: { ...approaches, [placeId]: Object.fromEntries(ended) } });
}

/** Those that less than 10 min ago were still approaches, as a list that is written to. */
function lasting(known: Approaches, at: number) {
  const byPlace = new Map<string, Map<string, Approach>>();
  let size = 0;
  const set = (placeId: string, ruleId: string, approach: Approach) => {
    const ofRules = byPlace.get(placeId) ?? new Map<string, Approach>();
    if (!ofRules.has(ruleId)) size += 1;
    byPlace.set(placeId, ofRules.set(ruleId, approach));
  };
  for (const [placeId, ofRules] of Object.entries(known)) {
    for (const [ruleId, approach] of Object.entries(ofRules)) {
      if (at - approach.at <= APPROACH_ENDS_AFTER_MS) set(placeId, ruleId, approach);
    }
  }
  return {
    get: (placeId: string, ruleId: string) => byPlace.get(placeId)?.get(ruleId),
    set,
    size: () => size,
    record: (): Approaches =>
      Object.fromEntries([...byPlace].map(([placeId, ofRules]) => [placeId, Object.fromEntries(ofRules)])),
  };
}

/**
 * The approaches of a device after a fix, where none begins and none is over: as with nearly every fix. Null where one does or is.
 *
 * @returns the same ones where the fix heads for nothing
 */
export function approachesAfter(
  known: Approaches | undefined,
  ahead: readonly Ahead[],
  at: number,
): Approaches | undefined | null {
  if (known === undefined) return ahead.length === 0 ? known : null;
  if (!areUnderWay(known, at)) return null;
  let next: Approaches = known;
  for (const { compiled, rule } of ahead) {
    const [placeId, ruleId] = [compiled.place.id, rule.rule.id];
    const ofRules = own(next, placeId) ?? {};
    const approach = own(ofRules, ruleId);
    if (approach === undefined || approach.entered === true) return null;
    next = { ...next, [placeId]: { ...ofRules, [ruleId]: { id: approach.id, at } } };
  }
  return next;
}

/** Whether none of them is over by a time. */
function areUnderWay(approaches: Approaches, at: number): boolean {
  for (const placeId in approaches) {
    const ofRules = approaches[placeId];
    for (const ruleId in ofRules)
      if (at - (ofRules[ruleId]?.at ?? -Infinity) > APPROACH_ENDS_AFTER_MS) return false;
  }
  return true;
}

/** A device that approaches nothing carries nothing. */
function withApproaches(device: DeviceMemory, approaches: Approaches): DeviceMemory {
  if (sizeOf(approaches) > 0) return { ...device, approaches };
  const { approaches: _, ...rest } = device;
  return rest;
}

/** To the minute; below two minutes to the second. */
function describeEta(etaMs: number): string {
  const step = etaMs < 2 * MINUTE_MS ? SECOND_MS : MINUTE_MS;
  return describeDuration(Math.round(etaMs / step) * step);
}
