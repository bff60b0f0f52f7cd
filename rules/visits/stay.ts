import { changeDevice, type Draft } from '../draft.ts';
import { entriesOf, own, type Stay, without } from '../memory.ts';
import { HOUR_MS } from '../time/duration.ts';

/** A visit that silence closed may be resumed for this long after its last reading. */
export const RESUME_WITHIN_MS = 6 * HOUR_MS;

/**
 * The cause that a device's new visit shares: the subject's open visit of that place; else that of a device which fell silent there
 * a short while ago (phone asleep, car arrives: still one visit); else a visit of its own.
 *
 * @param at time of the entering fix
 */
export function causeOf(draft: Draft, placeId: string, visitId: string, at: number): string {
  const stay = stayOf(draft, placeId);
  if (stay) return stay.id;
  for (const device of Object.values(draft.memory.devices)) {
    const silenced = own(device.silenced, placeId);
    if (silenced && at - silenced.lastAt <= RESUME_WITHIN_MS) return silenced.cause;
  }
  return visitId;
}

function stayOf(draft: Draft, placeId: string): Stay | undefined {
  return own(draft.memory.stays, placeId);
}

function setStay(draft: Draft, placeId: string, stay: Stay): void {
  draft.memory = { ...draft.memory, stays: { ...draft.memory.stays, [placeId]: stay } };
}

/** A device is inside: it joins the subject's visit, or opens one, which takes along the devices that are inside already. */
export function joinStay(draft: Draft, placeId: string, deviceId: string, cause: string): void {
  const stay = stayOf(draft, placeId);
  if (stay) {
    setStay(draft, placeId, { ...stay, members: { ...stay.members, [deviceId]: true } });
    return;
  }
  let members: Stay['members'] = { [deviceId]: true };
  for (const [otherId, other] of Object.entries(draft.memory.devices)) {
    const visit = own(other.visits, placeId);
    if (visit === undefined) continue;
    members = { ...members, [otherId]: true };
    if (visit.cause !== cause)
      changeDevice(draft, otherId, { visits: { ...other.visits, [placeId]: { ...visit, cause } } });
  }
  setStay(draft, placeId, { id: cause, members });
}

/**
 * A device went out, or shows up outside after it fell silent there: the subject's visit may end with it ({@link settleStays}).
 *
 * @param cause of the device's visit
 */
export function leaveStay(draft: Draft, placeId: string, deviceId: string, cause: string): void {
  const stay = stayOf(draft, placeId);
  if (stay?.id === cause) {
    setStay(draft, placeId, { ...stay, members: { ...stay.members, [deviceId]: false } });
  }
}

/** A device fell silent: it says nothing on where the person is any more. */
export function forgetInStay(draft: Draft, placeId: string, deviceId: string): void {
  const stay = stayOf(draft, placeId);
  if (stay) setStay(draft, placeId, { ...stay, members: without(stay.members, deviceId) });
}

/**
 * Ends the subject's visits that are over: nobody is inside, or the one that moved last (over 100 m, of those that were inside
 * during the visit) is outside. A phone that walked away from a parked car ends the visit; a car that waits does not prolong it.
 */
export function settleStays(draft: Draft): void {
  for (const [placeId, stay] of entriesOf(draft.memory.stays)) {
    if (isOver(draft, stay)) draft.memory = { ...draft.memory, stays: without(draft.memory.stays, placeId) };
  }
}

function isOver(draft: Draft, stay: Stay): boolean {
  let inside = -1;
  let outside = -1;
  for (const [deviceId, isInside] of Object.entries(stay.members)) {
    const movedAt = own(draft.memory.devices, deviceId)?.anchor?.movedAt ?? 0;
    if (isInside) inside = Math.max(inside, movedAt);
    else outside = Math.max(outside, movedAt);
  }
  return inside < 0 || outside > inside;
}
