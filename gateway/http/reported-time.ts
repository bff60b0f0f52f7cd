import type { HttpDependencies } from './dependencies.ts';

/** What browsers and tills tell may come late (they were offline), not from before any offer could have been sent. */
const OLDEST_REPORT_MS = 7 * 86_400_000;

/**
 * Domain time of what somebody tells with a clock of their own: no later than now, no earlier than a week ago, and scaled as the
 * domain clock is.
 *
 * @param at real time, epoch ms
 */
export function reportedTime({ clock, realNow }: HttpDependencies, at: number): number {
  const agoMs = Math.min(Math.max(realNow() - at, 0), OLDEST_REPORT_MS);
  return Math.round(clock.now() - agoMs * clock.timeScale);
}
