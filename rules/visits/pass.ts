import { type Draft, deviceOf } from '../draft.ts';
import { contains } from '../geometry/shape.ts';
import { judge } from '../judge.ts';
import { type DeviceMemory, own } from '../memory.ts';
import type { CompiledPlace } from '../places/place-set.ts';
import { MINUTE_MS } from '../time/duration.ts';
import { passesGate } from './border.ts';
import type { Move } from './track.ts';
import { IN_ZONE } from './zone-obstacle.ts';

/** Further apart in time, nobody knows which way it went in between. */
export const LONGEST_PASS_MS = MINUTE_MS;

/**
 * Fires the pass rules of places that a device went through between two fixes without either being inside. Every pair of fixes is a
 * cause of its own.
 *
 * @param visitsBefore open visits before the fix: who was in a place leaves it, and does not pass it
 * @param now arrival of the fix: the time of the decisions
 */
export function passPlaces(
  draft: Draft,
  deviceId: string,
  { from, fix }: Move,
  visitsBefore: DeviceMemory['visits'],
  readingId: string,
  now: number,
): void {
  if (from === null || fix.at - from.at > LONGEST_PASS_MS || !draft.rulebook.hasRulesOn('pass')) return;
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  const { rulebook } = draft;
  const isWanted = ({ place, shape }: CompiledPlace) =>
    own(visitsBefore, place.id) === undefined &&
    own(device.visits, place.id) === undefined &&
    [from, fix].every((end) => passesGate(end, shape) && !contains(shape, end.lat, end.lon));
  // That the second fix lies in one, judge sees by itself.
  const startsInZone = rulebook.inSensitiveZone(from.lat, from.lon);
  for (const compiled of rulebook.placesWaitedFor('pass').crossedBy(from, fix)) {
    if (!isWanted(compiled)) continue;
    const { place } = compiled;
    const found = `${deviceId} passed through ${place.name} between two positions`;
    const cause = `${readingId}.${place.id}.pass`;
    const firing = { deviceId, place, visit: null, cause, at: now, found };
    for (const rule of rulebook.rulesOfPlace(place, 'pass'))
      judge(draft, startsInZone ? { ...firing, rule, obstacle: IN_ZONE } : { ...firing, rule });
  }
}
