import type { PlaceRule } from '../compiled-rule.ts';
import { changeDevice, type Draft, deviceOf } from '../draft.ts';
import type { Firing } from '../firing.ts';
import { contains } from '../geometry/shape.ts';
import { judge } from '../judge.ts';
import {
  type DeviceMemory,
  entriesOf,
  type Fix,
  type OpenVisit,
  own,
  type SilencedVisit,
  without,
} from '../memory.ts';
import type { Place } from '../places/place.ts';
import type { CompiledPlace } from '../places/place-set.ts';
import { approachPlaces, endApproaches } from './approach.ts';
import { afterFix, doubtOf, isBeyond, passesGate, wasMovedAway } from './border.ts';
import { fireDwells } from './dwell.ts';
import { passPlaces } from './pass.ts';
import { causeOf, forgetInStay, joinStay, leaveStay, RESUME_WITHIN_MS, settleStays } from './stay.ts';
import type { Move } from './track.ts';

/**
 * Takes an admitted fix through the places of its device: visits that it ends, those that it resumes, those that it opens; in this
 * order, so that somebody who crosses a border leaves one place before entering the next. Then the places that it passed, and those
 * that it approaches.
 *
 * In a sensitive zone no visit is opened, resumed or kept: what the fix does not end is left off, as of the last fix before.
 *
 * @param now arrival of the fix: the time of the decisions
 */
export function moveThroughPlaces(
  draft: Draft,
  deviceId: string,
  move: Move,
  readingId: string,
  now: number,
): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  const { fix } = move;
  const isInZone = draft.rulebook.inSensitiveZone(fix.lat, fix.lon);
  for (const [placeId, visit] of entriesOf(device.visits))
    reviseVisit(draft, deviceId, placeId, visit, move, isInZone, now);
  for (const [placeId, visit] of entriesOf(device.silenced))
    reviseSilenced(draft, deviceId, placeId, visit, fix, isInZone, now);
  if (!isInZone) {
    for (const compiled of draft.rulebook.placesAt(fix.lat, fix.lon)) {
      if (own(deviceOf(draft, deviceId)?.visits ?? {}, compiled.place.id) !== undefined) continue;
      if (passesGate(fix, compiled.shape)) openVisit(draft, deviceId, compiled, fix, readingId, now);
    }
  }
  settleStays(draft);
  passPlaces(draft, deviceId, move, device.visits, readingId, now);
  approachPlaces(draft, deviceId, move, readingId, now);
}

/** Ends an open visit where the fix says so, or leaves it as it is. */
function reviseVisit(
  draft: Draft,
  deviceId: string,
  placeId: string,
  visit: OpenVisit,
  { before, fix }: Move,
  isInZone: boolean,
  now: number,
): void {
  const { rulebook } = draft;
  const compiled = rulebook.place(placeId);
  if (compiled === undefined) {
    closeVisit(draft, deviceId, placeId, visit, fix.at);
    return;
  }
  const { place, shape } = compiled;
  if (passesGate(fix, shape) && isBeyond(rulebook, fix, shape, visit)) {
    closeVisit(draft, deviceId, placeId, visit, fix.at);
    // Nobody left a place that was moved from under their feet.
    if (wasMovedAway(rulebook, visit, before, shape)) return;
    for (const rule of rulebook.rulesOfPlace(place, 'exit'))
      judge(draft, visitFiring(rule, deviceId, place, visit, now, `${deviceId} left ${place.name}`));
    return;
  }
  if (isInZone) {
    setAside(draft, deviceId, placeId, visit, before?.at ?? visit.enteredAt, now);
    settleStays(draft);
    return;
  }
  const kept = afterFix(rulebook, visit, fix, before, shape);
  if (kept !== visit) setVisit(draft, deviceId, placeId, kept);
}

/** A trigger about a visit, which is the cause. */
export function visitFiring(
  rule: PlaceRule,
  deviceId: string,
  place: Place,
  visit: OpenVisit,
  at: number,
  found: string,
): Firing {
  return { rule, deviceId, place, visit, cause: visit.cause, at, found };
}

function openVisit(
  draft: Draft,
  deviceId: string,
  compiled: CompiledPlace,
  fix: Fix,
  readingId: string,
  now: number,
): void {
  const { place, shape } = compiled;
  const id = visitIdOf(readingId, place.id);
  const cause = causeOf(draft, place.id, id, fix.at);
  const visit: OpenVisit = { id, enteredAt: fix.at, cause, ...doubtOf(draft.rulebook, fix, shape) };
  setVisit(draft, deviceId, place.id, visit);
  joinStay(draft, place.id, deviceId, visit.cause);
  endApproaches(draft, deviceId, place.id);
  draft.visits.push({ id, device: deviceId, place: place.id, enteredAt: visit.enteredAt });
  for (const rule of draft.rulebook.rulesOfPlace(place, 'enter'))
    judge(draft, visitFiring(rule, deviceId, place, visit, now, `${deviceId} entered ${place.name}`));
  // A fix may arrive up to 2 min old: a short dwell may be over already.
  fireDwells(draft, deviceId, compiled, visit, {
    after: -Infinity,
    until: Math.max(now, draft.memory.doneUntil),
    at: now,
  });
}

/** Unique and the same on a replay: a reading comes from one device, and opens at most one visit of a place. */
export function visitIdOf(readingId: string, placeId: string): string {
  return `${readingId}.${placeId}`;
}

function setVisit(draft: Draft, deviceId: string, placeId: string, visit: OpenVisit): void {
  changeDevice(draft, deviceId, { visits: { ...deviceOf(draft, deviceId)?.visits, [placeId]: visit } });
}

function closeVisit(draft: Draft, deviceId: string, placeId: string, visit: OpenVisit, at: number): void {
  changeDevice(draft, deviceId, { visits: without(deviceOf(draft, deviceId)?.visits ?? {}, placeId) });
  leaveStay(draft, placeId, deviceId, visit.cause);
  const { id, enteredAt } = visit;
  const exitedAt = Math.max(at, enteredAt);
  draft.visits.push({ id, device: deviceId, place: placeId, enteredAt, exitedAt, endedBy: 'exit' });
}

/** Ends all open visits of a device, and nothing fires: it is of a type now that has none. */
export function endVisits(draft: Draft, deviceId: string, visits: DeviceMemory['visits'], at: number): void {
  for (const [placeId, visit] of Object.entries(visits)) closeVisit(draft, deviceId, placeId, visit, at);
  settleStays(draft);
}

/** Resumes a visit that silence closed, or gives it up; a fix that proves neither leaves it waiting. */
function reviseSilenced(
  draft: Draft,
  deviceId: string,
  placeId: string,
  visit: SilencedVisit,
  fix: Fix,
  isInZone: boolean,
  now: number,
): void {
  const device = deviceOf(draft, deviceId);
  const compiled = draft.rulebook.place(placeId);
  if (device === null) return;
  const isOver = compiled === undefined || fix.at - visit.lastAt > RESUME_WITHIN_MS;
  if (!isOver && !passesGate(fix, compiled.shape)) return;
  const isInside = !isOver && !isInZone && contains(compiled.shape, fix.lat, fix.lon);
  if (!isOver && !isInside && !isBeyond(draft.rulebook, fix, compiled.shape, visit)) return;
  const silenced = without(device.silenced, placeId);
  if (!isInside) {
    changeDevice(draft, deviceId, { silenced });
    leaveStay(draft, placeId, deviceId, visit.cause);
    return;
  }
  const cause = own(draft.memory.stays, placeId)?.id ?? visit.cause;
  const { id, enteredAt } = visit;
  const resumed: OpenVisit = { id, enteredAt, cause, ...doubtOf(draft.rulebook, fix, compiled.shape) };
  changeDevice(draft, deviceId, { silenced, visits: { ...device.visits, [placeId]: resumed } });
  joinStay(draft, placeId, deviceId, cause);
  endApproaches(draft, deviceId, placeId);
  draft.visits.push({ id, device: deviceId, place: placeId, enteredAt });
  const until = Math.max(now, draft.memory.doneUntil);
  fireDwells(draft, deviceId, compiled, resumed, { after: visit.noticedAt, until, at: now });
}

/** Closes every visit of a device as of its last reading; none fires, and each may be resumed. */
export function closeBySilence(draft: Draft, deviceId: string, noticedAt: number): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  for (const [placeId, visit] of Object.entries(device.visits))
    setAside(draft, deviceId, placeId, visit, device.lastAt, noticedAt, 'silence');
  settleStays(draft);
}

/**
 * Closes a visit in such a way that a fix in its place resumes it: for silence, or while the device is where no visit is kept.
 *
 * @param lastAt until when the device was there
 * @param noticedAt a dwell that falls due later waits for the visit to be resumed
 */
function setAside(
  draft: Draft,
  deviceId: string,
  placeId: string,
  visit: OpenVisit,
  lastAt: number,
  noticedAt: number,
  endedBy: 'exit' | 'silence' = 'exit',
): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  const { seen: _, ...kept } = visit;
  const { id, enteredAt } = visit;
  const exitedAt = Math.max(lastAt, enteredAt);
  const silenced: SilencedVisit = { ...kept, lastAt: exitedAt, noticedAt };
  changeDevice(draft, deviceId, {
    visits: without(device.visits, placeId),
    silenced: { ...device.silenced, [placeId]: silenced },
  });
  forgetInStay(draft, placeId, deviceId);
  draft.visits.push({ id, device: deviceId, place: placeId, enteredAt, exitedAt, endedBy });
}
