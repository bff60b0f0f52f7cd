import type { PlaceRule } from '../compiled-rule.ts';
import { type Draft, deviceOf } from '../draft.ts';
import { judge } from '../judge.ts';
import type { OpenVisit } from '../memory.ts';
import type { CompiledPlace } from '../places/place-set.ts';
import { describeDuration } from '../time/duration.ts';
import { wasMovedAway } from './border.ts';

/**
 * Fires the dwell rules of a visit whose time came after `after` and not later than `until`. None fires once the place was moved away
 * from the device: its next fix will end the visit.
 */
export function fireDwells(
  draft: Draft,
  deviceId: string,
  { place, shape }: CompiledPlace,
  visit: OpenVisit,
  due: { readonly after: number; readonly until: number; readonly at: number; readonly late?: string },
): void {
  for (const rule of draft.rulebook.rulesOfPlace(place, 'dwell')) {
    const dueAt = dwellDueAt(rule, visit);
    if (dueAt === null || dueAt <= due.after || dueAt > due.until) continue;
    if (wasMovedAway(draft.rulebook, visit, deviceOf(draft, deviceId)?.track ?? null, shape)) return;
    judge(draft, {
      rule,
      deviceId,
      place,
      visit,
      cause: visit.cause,
      at: due.at,
      found: `${deviceId} has been in ${place.name} for ${describeDuration(dueAt - visit.enteredAt)}`,
      ...(due.late === undefined ? {} : { obstacle: { reason: 'late_reading', detail: due.late } as const }),
    });
  }
}

/** Domain time at which a dwell rule fires for a visit; null for other rules. */
export function dwellDueAt(rule: PlaceRule, visit: OpenVisit): number | null {
  return rule.trigger.on === 'dwell' ? visit.enteredAt + rule.trigger.forMs : null;
}
