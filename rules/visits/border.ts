import { contains, metresInside, metresOutside, type Shape } from '../geometry/shape.ts';
import type { DeviceMemory, Fix, OpenVisit } from '../memory.ts';
import type { Rulebook } from '../rulebook.ts';

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

/** How far beyond the edge one must be at least to be outside: min(max(20 m, 10 % of the radius), 200 m). */
function marginMetres(shape: Shape): number {
  return Math.min(Math.max(LEAST_MARGIN_METRES, MARGIN_SHARE * shape.radiusMetres), LARGEST_MARGIN_METRES);
}

/**
 * Whether a fix ends a visit: outside the edge by more than the margin + its accuracy. Where the fixes inside were so coarse that the
 * device may have been further out than the margin all the while, it must be out by more than that: else it would not have moved.
 */
export function isBeyond(rulebook: Rulebook, spot: Spot, shape: Shape, visit?: OpenVisit): boolean {
  switch (rulebook.exitMargin) {
    case 'none':
      return !contains(shape, spot.lat, spot.lon);
    case 'standard': {
      const margin = Math.max(marginMetres(shape), visit?.doubtMetres ?? 0) + spot.accuracy;
      return metresOutside(shape, spot.lat, spot.lon) > margin;
    }
  }
}

/**
 * How far outside a device may be of which a fix says that it is inside, for {@link OpenVisit.doubtMetres}: nothing where that is
 * not more than the margin, as with nearly every fix.
 */
export function doubtOf(rulebook: Rulebook, spot: Spot, shape: Shape): { readonly doubtMetres?: number } {
  const margin = marginMetres(shape);
  if (spot.accuracy <= margin || rulebook.exitMargin === 'none') return NO_DOUBT;
  const doubtMetres = spot.accuracy - metresInside(shape, spot.lat, spot.lon);
  return doubtMetres > margin ? { doubtMetres } : NO_DOUBT;
}

const NO_DOUBT = {};

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
  return sure !== null && passesGate(sure, shape) && isBeyond(rulebook, sure, shape, visit);
}

/**
 * A visit after a fix that did not end it. A fix too coarse to say anything leaves the one before it remembered with the visit, for
 * {@link wasMovedAway} goes by the last fix that could have ended the visit; one that is surer than those before lessens the doubt.
 *
 * @param before the last admitted fix before this one
 * @returns the visit itself where nothing changed, as with nearly every fix
 */
export function afterFix(
  rulebook: Rulebook,
  visit: OpenVisit,
  fix: Fix,
  before: DeviceMemory['track'],
  shape: Shape,
): OpenVisit {
  if (passesGate(fix, shape)) {
    if (visit.seen === undefined && visit.doubtMetres === undefined) return visit;
    const { seen: _, doubtMetres, ...rest } = visit;
    return doubtMetres === undefined ? rest : { ...rest, ...lessDoubt(rulebook, doubtMetres, fix, shape) };
  }
  if (visit.seen !== undefined || before === null || !passesGate(before, shape)) return visit;
  return { ...visit, seen: { lat: before.lat, lon: before.lon, accuracy: before.accuracy } };
}

function lessDoubt(rulebook: Rulebook, doubtMetres: number, fix: Fix, shape: Shape) {
  if (!contains(shape, fix.lat, fix.lon)) return { doubtMetres };
  const { doubtMetres: now } = doubtOf(rulebook, fix, shape);
  return now === undefined ? NO_DOUBT : { doubtMetres: Math.min(doubtMetres, now) };
}
