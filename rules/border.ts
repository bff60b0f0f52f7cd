import { contains, metresOutside, type Shape } from './geometry/shape.ts';
import type { DeviceMemory, Fix, OpenVisit } from './memory.ts';
import type { Rulebook } from './rulebook.ts';

/** What is asked of a fix to be held against the border of a place. */
export type Spot = Pick<Fix, 'lat' | 'lon' | 'accuracy'>;

const LEAST_GATE_METRES = 100;
const LEAST_MARGIN_METRES = 20;
const MARGIN_SHARE = 0.1;
const LARGEST_MARGIN_METRES = 200;

/** Whether a fix is accurate enough to open, close or confirm anything about this place. */
export function passesGate({ accuracy }: Spot, shape: Shape): boolean {
  return accuracy <= Math.max(shape.radiusMetres, LEAST_GATE_METRES);
}

/** Whether a fix ends a visit: outside the edge by more than min(max(20 m, 10 % of the radius), 200 m) + its accuracy. */
export function isBeyond(rulebook: Rulebook, spot: Spot, shape: Shape): boolean {
  switch (rulebook.exitMargin) {
    case 'none':
      return !contains(shape, spot.lat, spot.lon);
    case 'standard': {
      const hysteresis = Math.max(LEAST_MARGIN_METRES, MARGIN_SHARE * shape.radiusMetres);
      const margin = Math.min(hysteresis, LARGEST_MARGIN_METRES) + spot.accuracy;
      return metresOutside(shape, spot.lat, spot.lon) > margin;
    }
  }
}

/**
 * Whether the place was moved away from a device that is inside: the last fix that told where the device was lies beyond the border
 * as it is now, and yet did not end the visit when it came. Then the edit ends the visit, and not the device.
 *
 * @param last the last admitted fix; while a new one is taken, the one before it
 */
export function wasMovedAway(
  rulebook: Rulebook,
  visit: OpenVisit,
  last: DeviceMemory['track'],
  shape: Shape,
): boolean {
  const sure = visit.seen ?? last;
  return sure !== null && passesGate(sure, shape) && isBeyond(rulebook, sure, shape);
}

/**
 * A visit after a fix that did not end it. A fix too coarse to say anything leaves the one before it remembered with the visit, for
 * {@link wasMovedAway} goes by the last fix that could have ended the visit.
 *
 * @param before the last admitted fix before this one
 * @returns the visit itself where nothing changed, as with nearly every fix
 */
export function withSeen(visit: OpenVisit, fix: Fix, before: DeviceMemory['track'], shape: Shape): OpenVisit {
  if (passesGate(fix, shape)) {
    if (visit.seen === undefined) return visit;
    const { seen: _, ...rest } = visit;
    return rest;
  }
  if (visit.seen !== undefined || before === null || !passesGate(before, shape)) return visit;
  return { ...visit, seen: { lat: before.lat, lon: before.lon, accuracy: before.accuracy } };
}
