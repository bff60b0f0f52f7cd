import { type Draft, deviceOf } from '../draft.ts';
import { judge } from '../judge.ts';
import { type HeldFix, own } from '../memory.ts';
import { isBeyond, passesGate } from './border.ts';
import { visitFiring, visitIdOf } from './visits.ts';

/**
 * A held fix was not confirmed: what it would have fired is told as `implausible_jump`. In a sensitive zone it would have fired nothing,
 * and nothing is told.
 */
export function refuteFix(draft: Draft, deviceId: string, held: HeldFix, now: number): void {
  const device = deviceOf(draft, deviceId);
  const { rulebook } = draft;
  if (device === null || draft.consumer === null || rulebook.inSensitiveZone(held.lat, held.lon)) return;
  const obstacle = {
    reason: 'implausible_jump',
    detail:
      'its position was out of reach (over 90 m/s from the one before), and the next did not confirm it',
  } as const;
  for (const [placeId, visit] of Object.entries(device.visits)) {
    const compiled = rulebook.place(placeId);
    if (compiled === undefined) continue;
    const { place, shape } = compiled;
    if (!passesGate(held, shape) || !isBeyond(rulebook, held, shape, visit)) continue;
    for (const rule of rulebook.rulesOfPlace(place, 'exit')) {
      const found = `${deviceId} seemed to have left ${place.name}`;
      judge(draft, { ...visitFiring(rule, deviceId, place, visit, now, found), obstacle });
    }
  }
  for (const { place, shape } of rulebook.placesAt(held.lat, held.lon)) {
    if (own(device.visits, place.id) !== undefined || !passesGate(held, shape)) continue;
    for (const rule of rulebook.rulesOfPlace(place, 'enter')) {
      const cause = visitIdOf(held.readingId, place.id);
      const found = `${deviceId} seemed to be in ${place.name}`;
      judge(draft, { rule, deviceId, place, visit: null, cause, at: now, found, obstacle });
    }
  }
}
