import { isPlainPosition } from './admission.ts';
import { areUnderWay, placesAhead } from './approach.ts';
import { afterFix, isBeyond, passesGate } from './border.ts';
import { anchorAfter, fixOf } from './decide.ts';
import { type DeviceMemory, type Memory, own } from './memory.ts';
import type { Position } from './reading.ts';
import type { Rulebook } from './rulebook.ts';
import type { DeviceFacts } from './step.ts';
import { nextDueAt } from './timers.ts';
import { follow, type Move } from './track.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A reading that holds a position, and else at most metrics that no rule looks at. */
export interface PositionReading {
  readonly at: number;
  readonly position: Position;
}

const LONGEST_PASS_MS = 60_000;

/**
 * The short way of a reading that only moves a device on: it changes the memory to what `decide` would give, in place and by the same
 * functions; or changes nothing and gives null, where `decide` has to be asked. It never says more than it knows: whatever is rare,
 * held, due, late, or near an approach is null. Nothing is decided by a reading that was skimmed, and no visit opens or closes.
 *
 * A reading is skimmed if its position continues the track; nothing of the subject has fallen due; the device is in every place that
 * holds the fix already, and leaves none; and it passes through no other, and heads for none.
 *
 * @param memory must be the caller's alone: as a step gave it, and kept by nobody else
 * @param device what the memory holds of the device: found by the caller, who may know it from before
 * @param wakeAt of the subject's step before: when its next timer falls due; Infinity for never
 * @returns when its next timer falls due, Infinity for never; or null
 */
export function skim(
  rulebook: Rulebook,
  memory: Memory,
  device: DeviceMemory,
  wakeAt: number,
  facts: DeviceFacts,
  reading: PositionReading,
  now: number,
): number | null {
  if (wakeAt <= now) return null;
  if (device.type !== facts.type || !isPlain(device)) return null;
  const { position } = reading;
  if (!isPlainPosition(position, reading.at, device.positionAt, now)) return null;
  const at = Math.min(reading.at, now);
  const fix = fixOf(position, at);
  // Only a fix that is held is remembered with its reading, and then this is not its way.
  const verdict = follow(device.track, device.held, fix, '');
  if (verdict.kind !== 'admitted' || verdict.track !== fix || verdict.refuted.length > 0) return null;
  const isMobile = rulebook.deviceTypes.get(facts.type)?.mobile ?? true;
  const move: Move = { before: device.track, from: verdict.from, fix };
  if (!(isMobile ? staysWhereItIs(rulebook, memory, device, move) : hasNone(device.visits))) return null;
  const moved = device as Mutable<DeviceMemory>;
  moved.heardAt = Math.max(device.heardAt, now);
  moved.lastAt = Math.max(device.lastAt, at);
  moved.positionAt = at;
  moved.track = fix;
  moved.anchor = anchorAfter(device.anchor, fix);
  (memory as Mutable<Memory>).doneUntil = Math.max(memory.doneUntil, now);
  // Only an open visit's silence waits for the device.
  return hasNone(device.visits) ? wakeAt : (nextDueAt(rulebook, memory) ?? Infinity);
}

/** Nothing waits for its next fix, other than open visits. */
function isPlain({ track, held, silenced }: DeviceMemory): boolean {
  return track !== null && track.pace === undefined && held.length === 0 && hasNone(silenced);
}

/** Whether a fix opens, changes and ends no visit, passes no place, and comes near none that it would be on the way to. */
function staysWhereItIs(rulebook: Rulebook, memory: Memory, device: DeviceMemory, move: Move): boolean {
  const { fix, from } = move;
  if (rulebook.inSensitiveZone(fix.lat, fix.lon)) return false;
  for (const { place } of rulebook.placesAt(fix.lat, fix.lon))
    if (own(device.visits, place.id) === undefined) return false;
  if (!staysIn(rulebook, device, move) || !allInside(memory)) return false;
  if (from !== null && fix.at - from.at <= LONGEST_PASS_MS && rulebook.hasRulesOn('pass')) {
    for (const { place } of rulebook.placesWaitedFor('pass').crossedBy(from, fix))
      if (own(device.visits, place.id) === undefined) return false;
  }
  if (device.approaches !== undefined && !areUnderWay(device.approaches, fix.at)) return false;
  return !rulebook.hasRulesOn('approach') || placesAhead(rulebook, device.visits, move).length === 0;
}

/** No open visit ends or changes. */
function staysIn(rulebook: Rulebook, device: DeviceMemory, { fix, before }: Move): boolean {
  for (const placeId in device.visits) {
    const visit = device.visits[placeId];
    const shape = rulebook.place(placeId)?.shape;
    if (visit === undefined || shape === undefined) return false;
    if (passesGate(fix, shape) && isBeyond(rulebook, fix, shape, visit)) return false;
    if (afterFix(rulebook, visit, fix, before, shape) !== visit) return false;
  }
  return true;
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
