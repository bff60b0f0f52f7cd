import type { QuietHours } from '../step.ts';
import { inDailySpan, localTime, parseTimeOfDay } from './local-time.ts';

/**
 * Whether a person wants no notification at this moment: `from` inclusive, `to` exclusive, on their wall clock.
 *
 * @param quietHours null: no quiet hours. `from` equal to `to`, or a text that is no time of day: none.
 * @param timezone IANA zone of the consumer, else of the place; null: UTC
 * @param now epoch ms
 */
export function inQuietHours(quietHours: QuietHours | null, timezone: string | null, now: number): boolean {
  if (quietHours === null) return false;
  const from = parseTimeOfDay(quietHours.from);
  const to = parseTimeOfDay(quietHours.to);
  if (from === null || to === null) return false;
  return inDailySpan(localTime(now, timezone ?? 'UTC').minuteOfDay, from, to);
}
