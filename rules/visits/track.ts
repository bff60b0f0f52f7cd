import { atMostMetresApart, bearingDegrees, distanceMetres } from '../geometry/sphere.ts';
import type { Fix, HeldFix, TrackFix } from '../memory.ts';
import { MINUTE_MS, SECOND_MS } from '../time/duration.ts';

/** Faster than this (324 km/h) is a jump, unless confirmed. */
const FASTEST_METRES_PER_SECOND = 90;
/** A fix that is less accurate tells roughly where a device is, and neither confirms nor refutes a jump. */
export const COARSE_METRES = 100;
/** Two held fixes and the next one are the three that may confirm an aircraft. */
const MOST_HELD = 2;
const AIRCRAFT_SPEED_RATIO = 1.5;
const AIRCRAFT_TURN_DEGREES = 45;

export type TrackVerdict =
  /**
   * The fix counts; `refuted` are held ones that are now known to be jumps. `from` is the admitted fix that it goes on from; null where
   * there is none, or where a jump lies in between.
   */
  | {
      readonly kind: 'admitted';
      readonly track: TrackFix;
      readonly from: TrackFix | null;
      readonly held: readonly HeldFix[];
      readonly refuted: readonly HeldFix[];
    }
  /** The fix would be a jump, and waits. */
  | { readonly kind: 'held'; readonly held: readonly HeldFix[]; readonly refuted: readonly HeldFix[] }
  /** Too coarse to be held, too far off to count. */
  | { readonly kind: 'ignored' };

const NONE: readonly HeldFix[] = [];

/**
 * Whether a fix that is not late continues a track or jumps off it. Over 90 m/s from the last admitted fix it is held. The
 * next fix within 90 m/s of a held one confirms the new track, and so do three that agree at any speed; a fix that
 * continues the old track refutes what was held.
 *
 * @param track the last admitted fix; null: there is none, and every fix counts
 * @param held oldest first
 * @param readingId of the fix, to be kept where it is held
 */
export function follow(
  track: TrackFix | null,
  held: readonly HeldFix[],
  fix: Fix,
  readingId: string,
): TrackVerdict {
  const isCoarse = fix.accuracy > COARSE_METRES;
  if (held.length > 0 && !isCoarse) {
    const confirmed = held.findLastIndex((one) => impliedSpeed(one, fix) <= FASTEST_METRES_PER_SECOND);
    if (confirmed >= 0) {
      return {
        kind: 'admitted',
        track: fix,
        from: null,
        held: NONE,
        refuted: held.filter((_, index) => index !== confirmed),
      };
    }
    const pace = aircraftPace(held, fix);
    if (pace !== null)
      return { kind: 'admitted', track: { ...fix, pace }, from: null, held: NONE, refuted: NONE };
  }
  const speed = track === null ? 0 : impliedSpeed(track, fix);
  const fastest = Math.max(FASTEST_METRES_PER_SECOND, (track?.pace ?? 0) * AIRCRAFT_SPEED_RATIO);
  if (speed <= fastest) {
    const next = speed > FASTEST_METRES_PER_SECOND ? { ...fix, pace: speed } : fix;
    return isCoarse
      ? { kind: 'admitted', track: next, from: track, held, refuted: NONE }
      : { kind: 'admitted', track: next, from: track, held: NONE, refuted: held };
  }
  if (isCoarse) return { kind: 'ignored' };
  const waiting = [...held, { ...fix, readingId }];
  return { kind: 'held', held: waiting.slice(-MOST_HELD), refuted: waiting.slice(0, -MOST_HELD) };
}

/**
 * Whether `follow` admits a fix as it is, where nothing is held and the device was no aircraft before: the usual case, found without
 * making anything.
 */
export function goesOn(track: TrackFix, fix: Fix): boolean {
  return impliedSpeed(track, fix) <= FASTEST_METRES_PER_SECOND;
}

/**
 * Metres per second between two fixes. What a coarse fix leaves open is taken off the distance: it cannot imply a speed. Up to 90 m/s it may be a bound.
 */
function impliedSpeed(from: Fix, to: Fix): number {
  const seconds = secondsBetween(from, to);
  // Only what is too fast needs its exact speed.
  const bound = atMostMetresApart(from, to) / seconds;
  if (bound <= FASTEST_METRES_PER_SECOND) return bound;
  return Math.max(0, distanceMetres(from, to) - slack(from) - slack(to)) / seconds;
}

const slack = (fix: Fix): number => (fix.accuracy > COARSE_METRES ? fix.accuracy : 0);

/** The step to an admitted fix. */
export interface Move {
  /** The admitted fix before it. */
  readonly before: TrackFix | null;
  /** The same, where the device is known to have gone from there: null where a jump lies in between. */
  readonly from: TrackFix | null;
  readonly fix: TrackFix;
}

/** Two fixes further apart in time say nothing about speed and heading. */
const LONGEST_STEP_MS = MINUTE_MS;

/**
 * Speed and heading at a fix: as the device gave them; what is missing comes from the two fixes, if they are at most 60 s apart. Null
 * where one of them is not known: two fixes on one spot have no heading, and a coarse one tells neither.
 */
export function motionOf({
  from,
  fix,
}: Move): { readonly metresPerSecond: number; readonly headingDegrees: number } | null {
  const areNear = from !== null && fix.at - from.at <= LONGEST_STEP_MS;
  const before = areNear && Math.max(from.accuracy, fix.accuracy) <= COARSE_METRES ? from : null;
  const metresPerSecond =
    fix.speed !== undefined && fix.speed >= 0
      ? fix.speed
      : before !== null
        ? distanceMetres(before, fix) / secondsBetween(before, fix)
        : null;
  const headingDegrees =
    fix.heading !== undefined && fix.heading >= 0 && fix.heading <= 360
      ? fix.heading
      : before !== null && (before.lat !== fix.lat || before.lon !== fix.lon)
        ? bearingDegrees(before, fix)
        : null;
  return metresPerSecond === null || headingDegrees === null ? null : { metresPerSecond, headingDegrees };
}

/** Less than 1 s apart counts as 1 s, else the noise of two fixes in one moment would be a speed. */
function secondsBetween(from: Fix, to: Fix): number {
  return Math.max(SECOND_MS, Math.abs(to.at - from.at)) / SECOND_MS;
}

/** The speed of three fixes that one steady motion explains: like speeds, no sharp turn. Null where none does. */
function aircraftPace(held: readonly HeldFix[], fix: Fix): number | null {
  const [first, second] = held.slice(-MOST_HELD);
  if (first === undefined || second === undefined) return null;
  const before = impliedSpeed(first, second);
  const after = impliedSpeed(second, fix);
  if (Math.max(before, after) > AIRCRAFT_SPEED_RATIO * Math.min(before, after)) return null;
  const turn = Math.abs(bearingDegrees(first, second) - bearingDegrees(second, fix));
  return Math.min(turn, 360 - turn) <= AIRCRAFT_TURN_DEGREES ? after : null;
}
