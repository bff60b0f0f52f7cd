import { anchorAfter, fixOf, withLatest } from './decide.ts';
import type { Shape } from './geometry/shape.ts';
import { type DeviceMemory, type Fix, type Memory, type OpenVisit, own } from './memory.ts';
import { isPlain, type PlainReading } from './readings/admission.ts';
import type { Remark } from './readings/reading.ts';
import type { Rulebook } from './rulebook.ts';
import type { DeviceFacts } from './step.ts';
import { type Surroundings, surroundingsOf } from './surroundings.ts';
import { approachesAfter, NONE_AHEAD, placesAhead } from './visits/approach.ts';
import { afterFix, isBeyond, passesGate } from './visits/border.ts';
import { isBeyondNone } from './visits/crossings.ts';
import { LONGEST_PASS_MS } from './visits/pass.ts';
import { firstTimerAt, nextDueAt, silentFrom } from './visits/timers.ts';
import { goesOn, type Move } from './visits/track.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The short way of the readings of one device that only move it on, or tell of values that no rule waits for.
 *
 * @param memory must be the caller's alone: as a step gave it, and kept by nobody else. It is changed in place.
 * @param wakeAt of the subject's step before, by the same rulebook: when its next timer falls due; Infinity for never
 * @param remarks what is worth counting is added here; it counts only where the answer is not null
 * @returns when its next timer falls due, Infinity for never; or null, where nothing was changed and `decide` has to be asked
 */
export type Skim = (
  memory: Memory,
  wakeAt: number,
  reading: PlainReading,
  now: number,
  remarks?: Remark[],
) => number | null;

/**
 * The short way of a reading that nothing follows from: it changes the memory to what `decide` would give, by the same functions; or
 * says that `decide` has to be asked. It never says more than it knows: whatever is rare, held, due or late goes the long way. Nothing is
 * decided by a reading that was skimmed, no visit opens or closes, and no approach begins.
 *
 * A reading is skimmed if its position continues the track; nothing of the subject has fallen due; the device is in every place that
 * holds the fix already, and leaves none; it passes through no other, and heads for none but those that it approaches already; and its
 * metrics are taken as they are, and lie beyond no threshold.
 *
 * @param surroundings answers about spots; by default what lies around is remembered, for who asks about the same quarters again and again
 */
export function createSkims(
  rulebook: Rulebook,
  surroundings: Surroundings = surroundingsOf(rulebook),
): (facts: DeviceFacts) => Skim {
  return (facts) => skimOf(rulebook, surroundings, facts);
}

/** What does not change of a device as long as its readings are skimmed. */
interface Standing {
  readonly device: Mutable<DeviceMemory>;
  readonly visits: readonly { readonly visit: OpenVisit; readonly shape: Shape }[];
  /** When the first timer falls due that is not about silence. */
  readonly timerAt: number;
  readonly isAlone: boolean;
  readonly hasCrossings: boolean;
}

function skimOf(rulebook: Rulebook, surroundings: Surroundings, facts: DeviceFacts): Skim {
  const type = rulebook.deviceTypes.get(facts.type) ?? null;
  const isMobile = type?.mobile ?? true;
  let known: Memory | null = null;
  let standing: Standing | null = null;

  return (memory, wakeAt, reading, now, remarks = []) => {
    if (wakeAt <= now) return null;
    if (known !== memory) {
      known = memory;
      standing = standingIn(rulebook, memory, facts, isMobile);
    }
    if (standing === null) return null;
    const { device, visits, timerAt, isAlone } = standing;
    if (!isPlain(reading, type, device, now, remarks)) return null;
    const { position, metrics } = reading;
    const at = Math.min(reading.at ?? now, now);
    if (metrics !== undefined && (standing.hasCrossings || !areBeyondNone(rulebook, metrics))) return null;
    let fix: Fix | null = null;
    let { approaches } = device;
    if (position !== undefined) {
      const before = device.track;
      fix = fixOf(position, at);
      if (before === null || !goesOn(before, fix)) return null;
      if (isMobile) {
        const move: Move = { before, from: before, fix };
        if (!staysWhereItIs(rulebook, surroundings, standing, move)) return null;
        const ahead = rulebook.hasRulesOn('approach')
          ? placesAhead(rulebook, device.visits, move, surroundings.approached)
          : NONE_AHEAD;
        const after = approachesAfter(approaches, ahead, at);
        if (after === null) return null;
        approaches = after;
      }
    } else if (metrics === undefined) return null;
    device.heardAt = Math.max(device.heardAt, now);
    device.lastAt = Math.max(device.lastAt, at);
    if (metrics !== undefined) device.metrics = withLatest(device.metrics, metrics, at);
    if (fix !== null) {
      device.positionAt = at;
      device.track = fix;
      device.anchor = anchorAfter(device.anchor, fix);
      if (approaches !== undefined && approaches !== device.approaches) device.approaches = approaches;
    }
    (memory as Mutable<Memory>).doneUntil = Math.max(memory.doneUntil, now);
    // Only an open visit's silence waits for the device.
    if (visits.length === 0) return wakeAt;
    return isAlone ? Math.min(timerAt, silentFrom(device)) : (nextDueAt(rulebook, memory) ?? Infinity);
  };
}

/** Null where something waits for the next reading of the device, other than its open visits. */
function standingIn(
  rulebook: Rulebook,
  memory: Memory,
  facts: DeviceFacts,
  isMobile: boolean,
): Standing | null {
  const device = own(memory.devices, facts.id);
  if (device === undefined || device.type !== facts.type || !hasNone(device.silenced)) return null;
  if (device.track === null || device.track.pace !== undefined || device.held.length > 0) return null;
  if (!(isMobile ? allInside(memory) : hasNone(device.visits))) return null;
  const visits: { visit: OpenVisit; shape: Shape }[] = [];
  for (const placeId in device.visits) {
    const visit = device.visits[placeId];
    const shape = rulebook.place(placeId)?.shape;
    if (visit === undefined || shape === undefined) return null;
    visits.push({ visit, shape });
  }
  const timerAt = firstTimerAt(rulebook, device, memory.doneUntil);
  const isAlone = Object.keys(memory.devices).length === 1;
  return { device, visits, timerAt, isAlone, hasCrossings: !hasNone(device.crossings) };
}

function areBeyondNone(rulebook: Rulebook, metrics: NonNullable<PlainReading['metrics']>): boolean {
  for (const name in metrics) {
    const value = metrics[name];
    if (value !== undefined && !isBeyondNone(rulebook, name, value)) return false;
  }
  return true;
}

/** Whether a fix opens, changes and ends no visit, and passes no place. */
function staysWhereItIs(
  rulebook: Rulebook,
  surroundings: Surroundings,
  { device, visits }: Standing,
  { before, from, fix }: Move,
): boolean {
  const { lat, lon } = fix;
  if (surroundings.inSensitiveZone(lat, lon) || surroundings.holdsOther(lat, lon, device.visits))
    return false;
  for (const { visit, shape } of visits) {
    if (passesGate(fix, shape) && isBeyond(rulebook, fix, shape, visit)) return false;
    if (afterFix(rulebook, visit, fix, before, shape) !== visit) return false;
  }
  return (
    from === null || fix.at - from.at > LONGEST_PASS_MS || !surroundings.passesOther(from, fix, device.visits)
  );
}

/** Then no visit of the person ends, whichever device moved last. */
function allInside({ stays }: Memory): boolean {
  for (const placeId in stays) {
    const members = stays[placeId]?.members;
    let count = 0;
    for (const deviceId in members) {
      if (members[deviceId] !== true) return false;
      count += 1;
    }
    if (count === 0) return false;
  }
  return true;
}

function hasNone(record: Readonly<Record<string, unknown>>): boolean {
  for (const _ in record) return false;
  return true;
}
