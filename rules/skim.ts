import { admit } from './admission.ts';
import { areUnderWay, placesAhead } from './approach.ts';
import { afterFix, isBeyond, passesGate } from './border.ts';
import { fixOf, hear, moved } from './decide.ts';
import { type DeviceMemory, type Memory, own } from './memory.ts';
import type { Rulebook } from './rulebook.ts';
import type { Input } from './step.ts';
import { nextDueAt } from './timers.ts';
import { follow, type Move } from './track.ts';

/** What a reading came to that nothing follows from: no decision, and no visit that opens or closes. */
export interface Skimmed {
  readonly memory: Memory;
  readonly wakeAt: number | null;
}

const LONGEST_PASS_MS = 60_000;

/**
 * The short way of a reading that only moves a device on: the same memory as `decide` gives, by the same functions, or null where
 * `decide` has to be asked. It never says more than it knows: whatever is rare, held, due, late, or near an approach is null.
 *
 * A reading is skimmed if it is a position that continues the track; no metric of it has a rule; nothing of the subject has fallen due; the
 * device is in every place that holds the fix already, and leaves none; it passes through no other, and heads for none.
 *
 * @param wakeAt of the subject's step before: when its next timer falls due
 */
export function skim(
  rulebook: Rulebook,
  memory: Memory,
  wakeAt: number | null,
  input: Extract<Input, { readonly kind: 'reading' }>,
  now: number,
): Skimmed | null {
  const { device: facts, reading, readingId } = input;
  if (reading.position === undefined || reading.event !== undefined || input.arrivedAt !== undefined)
    return null;
  if (wakeAt !== null && wakeAt <= now) return null;
  const device = own(memory.devices, facts.id);
  if (device === undefined || device.type !== facts.type || !isPlain(device)) return null;
  const type = rulebook.deviceTypes.get(facts.type) ?? null;
  for (const name in reading.metrics) if (rulebook.rulesOfMetric(name).length > 0) return null;
  const { admission } = admit(reading, type, device, now);
  if (admission === null || admission.position === null || admission.isLate) return null;
  const fix = fixOf(admission.position, admission.at);
  const verdict = follow(device.track, device.held, fix, readingId);
  if (verdict.kind !== 'admitted' || verdict.track !== fix || verdict.refuted.length > 0) return null;
  const isMobile = type?.mobile ?? true;
  const move: Move = { before: device.track, from: verdict.from, fix };
  if (!(isMobile ? staysWhereItIs(rulebook, memory, device, move) : hasNone(device.visits))) return null;
  const heard = moved(hear(device, facts.type, admission, now), fix, verdict);
  const next: Memory = {
    ...memory,
    doneUntil: Math.max(memory.doneUntil, now),
    devices: hasOthers(memory.devices, facts.id)
      ? { ...memory.devices, [facts.id]: heard }
      : { [facts.id]: heard },
  };
  // Only an open visit's silence waits for the device.
  return { memory: next, wakeAt: hasNone(device.visits) ? wakeAt : nextDueAt(rulebook, next) };
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
    for (const { place } of rulebook.places.crossedBy(from, fix))
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

function hasOthers(devices: Memory['devices'], deviceId: string): boolean {
  for (const id in devices) if (id !== deviceId) return true;
  return false;
}
