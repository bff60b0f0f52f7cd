import { changeDevice, type Draft, deviceOf } from './draft.ts';
import { describeDuration, MINUTE_MS } from './duration.ts';
import type { Firing } from './firing.ts';
import { contains, metresOutside, type Shape } from './geometry/shape.ts';
import { judge } from './judge.ts';
import {
  entriesOf,
  type Fix,
  type HeldFix,
  type OpenVisit,
  own,
  type SilencedVisit,
  without,
} from './memory.ts';
import type { Place } from './place.ts';
import type { PlaceRule } from './rule-set.ts';
import type { CompiledPlace } from './rulebook.ts';
import { causeOf, forgetInStay, joinStay, leaveStay, RESUME_WITHIN_MS, settleStays } from './stay.ts';

/** No reading for this long ends the visits of a device, as of its last reading. */
export const SILENCE_MS = 10 * MINUTE_MS;
const LEAST_GATE_METRES = 100;
const LEAST_MARGIN_METRES = 20;
const MARGIN_SHARE = 0.1;
const LARGEST_MARGIN_METRES = 200;

/** Whether a fix is accurate enough to open, close or confirm a visit of this place. */
function passesGate(fix: Fix, shape: Shape): boolean {
  return fix.accuracy <= Math.max(shape.radiusMetres, LEAST_GATE_METRES);
}

/** Whether a fix ends a visit: outside the edge by more than min(max(20 m, 10 % of the radius), 200 m) + its accuracy. */
function isBeyond(draft: Draft, fix: Fix, shape: Shape): boolean {
  switch (draft.rulebook.exitMargin) {
    case 'none':
      return !contains(shape, fix.lat, fix.lon);
    case 'standard': {
      const hysteresis = Math.max(LEAST_MARGIN_METRES, MARGIN_SHARE * shape.radiusMetres);
      return (
        metresOutside(shape, fix.lat, fix.lon) > Math.min(hysteresis, LARGEST_MARGIN_METRES) + fix.accuracy
      );
    }
  }
}

/**
 * Takes an admitted fix through the visits of its device: those that it ends, those that it resumes, those that it opens; in this
 * order, so that somebody who crosses a border leaves one place before entering the next.
 *
 * @param now arrival of the fix: the time of the decisions
 */
export function moveThroughPlaces(
  draft: Draft,
  deviceId: string,
  fix: Fix,
  readingId: string,
  now: number,
): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  for (const [placeId, visit] of entriesOf(device.visits)) {
    const compiled = draft.rulebook.place(placeId);
    if (compiled === undefined) closeVisit(draft, deviceId, placeId, visit, fix.at);
    else if (passesGate(fix, compiled.shape) && isBeyond(draft, fix, compiled.shape)) {
      closeVisit(draft, deviceId, placeId, visit, fix.at);
      for (const rule of rulesOn(draft, compiled.place, 'exit')) {
        judge(
          draft,
          firing(rule, deviceId, compiled.place, visit, now, `${deviceId} left ${compiled.place.name}`),
        );
      }
    }
  }
  for (const [placeId, visit] of entriesOf(device.silenced))
    reviseSilenced(draft, deviceId, placeId, visit, fix, now);
  for (const compiled of draft.rulebook.placesAt(fix.lat, fix.lon)) {
    if (own(deviceOf(draft, deviceId)?.visits ?? {}, compiled.place.id) !== undefined) continue;
    if (passesGate(fix, compiled.shape)) openVisit(draft, deviceId, compiled, fix, readingId, now);
  }
  settleStays(draft);
}

function rulesOn(draft: Draft, place: Place, on: 'enter' | 'exit' | 'dwell'): readonly PlaceRule[] {
  return draft.rulebook.rulesOfPlace(place, on);
}

function firing(
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
  { place }: CompiledPlace,
  fix: Fix,
  readingId: string,
  now: number,
): void {
  const id = visitIdOf(readingId, place.id);
  const visit: OpenVisit = { id, enteredAt: fix.at, cause: causeOf(draft, place.id, id, fix.at) };
  changeDevice(draft, deviceId, { visits: { ...deviceOf(draft, deviceId)?.visits, [place.id]: visit } });
  joinStay(draft, place.id, deviceId, visit.cause);
  draft.visits.push({ id, device: deviceId, place: place.id, enteredAt: visit.enteredAt });
  for (const rule of rulesOn(draft, place, 'enter')) {
    judge(draft, firing(rule, deviceId, place, visit, now, `${deviceId} entered ${place.name}`));
  }
  // A fix may arrive up to 2 min old: a short dwell may be over already.
  fireDwells(draft, deviceId, place, visit, {
    after: -Infinity,
    until: Math.max(now, draft.memory.doneUntil),
    at: now,
  });
}

/** Unique and the same on a replay: a reading comes from one device, and opens at most one visit of a place. */
function visitIdOf(readingId: string, placeId: string): string {
  return `${readingId}.${placeId}`;
}

function closeVisit(draft: Draft, deviceId: string, placeId: string, visit: OpenVisit, at: number): void {
  changeDevice(draft, deviceId, { visits: without(deviceOf(draft, deviceId)?.visits ?? {}, placeId) });
  leaveStay(draft, placeId, deviceId);
  const exitedAt = Math.max(at, visit.enteredAt);
  draft.visits.push({
    id: visit.id,
    device: deviceId,
    place: placeId,
    enteredAt: visit.enteredAt,
    exitedAt,
    endedBy: 'exit',
  });
}

/** Resumes a visit that silence closed, or gives it up; a fix that proves neither leaves it waiting. */
function reviseSilenced(
  draft: Draft,
  deviceId: string,
  placeId: string,
  visit: SilencedVisit,
  fix: Fix,
  now: number,
): void {
  const device = deviceOf(draft, deviceId);
  const compiled = draft.rulebook.place(placeId);
  if (device === null) return;
  const isOver = compiled === undefined || fix.at - visit.lastAt > RESUME_WITHIN_MS;
  if (!isOver && !passesGate(fix, compiled.shape)) return;
  const isInside = !isOver && contains(compiled.shape, fix.lat, fix.lon);
  if (!isOver && !isInside && !isBeyond(draft, fix, compiled.shape)) return;
  const silenced = without(device.silenced, placeId);
  if (!isInside) {
    changeDevice(draft, deviceId, { silenced });
    return;
  }
  const cause = own(draft.memory.stays, placeId)?.id ?? visit.cause;
  const resumed: OpenVisit = { id: visit.id, enteredAt: visit.enteredAt, cause };
  changeDevice(draft, deviceId, { silenced, visits: { ...device.visits, [placeId]: resumed } });
  joinStay(draft, placeId, deviceId, cause);
  draft.visits.push({ id: visit.id, device: deviceId, place: placeId, enteredAt: visit.enteredAt });
  const until = Math.max(now, draft.memory.doneUntil);
  fireDwells(draft, deviceId, compiled.place, resumed, { after: visit.noticedAt, until, at: now });
}

/** Closes every visit of a device as of its last reading; none fires, and each may be resumed. */
export function closeBySilence(draft: Draft, deviceId: string, noticedAt: number): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  let { silenced } = device;
  for (const [placeId, visit] of Object.entries(device.visits)) {
    const exitedAt = Math.max(device.lastAt, visit.enteredAt);
    silenced = { ...silenced, [placeId]: { ...visit, lastAt: exitedAt, noticedAt } };
    forgetInStay(draft, placeId, deviceId);
    draft.visits.push({
      id: visit.id,
      device: deviceId,
      place: placeId,
      enteredAt: visit.enteredAt,
      exitedAt,
      endedBy: 'silence',
    });
  }
  changeDevice(draft, deviceId, { visits: {}, silenced });
  settleStays(draft);
}

/** Fires the dwell rules of a visit whose time came after `after` and not later than `until`. */
export function fireDwells(
  draft: Draft,
  deviceId: string,
  place: Place,
  visit: OpenVisit,
  due: { readonly after: number; readonly until: number; readonly at: number; readonly late?: string },
): void {
  for (const rule of rulesOn(draft, place, 'dwell')) {
    const dueAt = dwellDueAt(rule, visit);
    if (dueAt === null || dueAt <= due.after || dueAt > due.until) continue;
    const found = `${deviceId} has been in ${place.name} for ${describeDuration(dueAt - visit.enteredAt)}`;
    const fired = firing(rule, deviceId, place, visit, due.at, found);
    judge(
      draft,
      due.late === undefined ? fired : { ...fired, obstacle: { reason: 'late_reading', detail: due.late } },
    );
  }
}

/** Domain time at which a dwell rule fires for a visit; null for other rules. */
export function dwellDueAt(rule: PlaceRule, visit: OpenVisit): number | null {
  return rule.trigger.on === 'dwell' ? visit.enteredAt + rule.trigger.forMs : null;
}

/** A held fix was not confirmed: what it would have fired is told as `implausible_jump`. */
export function refuteFix(draft: Draft, deviceId: string, held: HeldFix, now: number): void {
  const device = deviceOf(draft, deviceId);
  if (device === null || draft.consumer === null) return;
  const obstacle = {
    reason: 'implausible_jump',
    detail:
      'its position was out of reach (over 90 m/s from the one before), and the next did not confirm it',
  } as const;
  for (const [placeId, visit] of Object.entries(device.visits)) {
    const compiled = draft.rulebook.place(placeId);
    if (!compiled || !passesGate(held, compiled.shape) || !isBeyond(draft, held, compiled.shape)) continue;
    for (const rule of rulesOn(draft, compiled.place, 'exit')) {
      const found = `${deviceId} seemed to have left ${compiled.place.name}`;
      judge(draft, { ...firing(rule, deviceId, compiled.place, visit, now, found), obstacle });
    }
  }
  for (const { place, shape } of draft.rulebook.placesAt(held.lat, held.lon)) {
    if (own(device.visits, place.id) !== undefined || !passesGate(held, shape)) continue;
    for (const rule of rulesOn(draft, place, 'enter')) {
      const cause = visitIdOf(held.readingId, place.id);
      const found = `${deviceId} seemed to be in ${place.name}`;
      judge(draft, { rule, deviceId, place, visit: null, cause, at: now, found, obstacle });
    }
  }
}
