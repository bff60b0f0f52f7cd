import { isCalendarDay } from '../time/calendar.ts';
import {
  inDailySpan,
  isTimezone,
  localTime,
  parseTimeOfDay,
  WEEKDAYS,
  type Weekday,
} from '../time/local-time.ts';
import { describeFound, join, type Report, readChoice, readFields, readList } from './document.ts';
import { suggestion } from './nearest-name.ts';
import type { RuleContext } from './trigger.ts';

/** When a rule may fire, on somebody's wall clock. */
export interface Schedule {
  /** Null: every day. */
  readonly days: readonly Weekday[] | null;
  /** Minutes since local midnight, `to` exclusive; `from` later than `to` spans midnight. Null: all day. */
  readonly hours: { readonly from: number; readonly to: number } | null;
  /** The place's, the consumer's (each else the other's, else UTC), or an IANA zone. */
  readonly timezone:
    | { readonly kind: 'place' | 'consumer' }
    | { readonly kind: 'zone'; readonly zone: string };
  /** First local day on which it may fire, `YYYY-MM-DD`. Null: from the start. */
  readonly from: string | null;
  /** Last local day on which it may fire. Null: for ever. */
  readonly until: string | null;
}

export function readSchedule(value: unknown, context: RuleContext, report: Report): Schedule | null {
  const fields = readFields(value, 'schedule', ['days', 'hours', 'timezone', 'from', 'until'], report);
  if (fields === null) return null;
  const days =
    fields.days === undefined
      ? null
      : readList(fields.days, 'schedule.days', report, { min: 1, max: 7 }, (day, path) =>
          readChoice(day, path, report, WEEKDAYS),
        );
  const hours = fields.hours === undefined ? null : readHours(fields.hours, context, report);
  const from = fields.from === undefined ? null : readDay(fields.from, 'schedule.from', report);
  const until = fields.until === undefined ? null : readDay(fields.until, 'schedule.until', report);
  if (from !== null && until !== null && until < from)
    report('schedule.until', `must not lie before schedule.from, which is ${from}; found ${until}`);
  return { days, hours, timezone: readZone(fields.timezone, report), from, until };
}

function readHours(value: unknown, { isSaved = false }: RuleContext, report: Report): Schedule['hours'] {
  const [from, to, ...more] =
    typeof value === 'string' ? value.split('-').map((part) => parseTimeOfDay(part.trim())) : [];
  // Version 0.1.0 took what follows a second dash, and passed over it.
  const isSpan = more.length === 0 || isSaved;
  if (typeof from === 'number' && typeof to === 'number' && from !== to && isSpan) return { from, to };
  report('schedule.hours', `must be a span such as "07:00-22:00", found ${describeFound(value)}`);
  return null;
}

function readDay(value: unknown, path: string, report: Report): string | null {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && isCalendarDay(value)) return value;
  report(path, `must be a day such as 2026-12-31, found ${describeFound(value)}`);
  return null;
}

function readZone(value: unknown, report: Report): Schedule['timezone'] {
  if (value === undefined || value === 'consumer') return { kind: 'consumer' };
  if (value === 'place') return { kind: 'place' };
  if (typeof value === 'string' && isTimezone(value)) return { kind: 'zone', zone: value };
  const path = join('schedule', 'timezone');
  const near = typeof value === 'string' ? suggestion(value, ['consumer', 'place']) : '';
  report(
    path,
    `must be consumer, place, or an IANA zone such as Europe/Rome; found ${describeFound(value)}.${near}`,
  );
  return { kind: 'consumer' };
}

/** Zones as known when deciding; null where unknown. */
export interface Zones {
  readonly place: string | null;
  readonly consumer: string | null;
}

/**
 * Why a moment lies outside a schedule, or null where it lies inside.
 *
 * @param at epoch ms
 */
export function outsideSchedule(schedule: Schedule, zones: Zones, at: number): string | null {
  const zone = zoneOf(schedule, zones);
  const local = localTime(at, zone);
  if (schedule.from !== null && local.date < schedule.from) {
    return `it is ${local.date} in ${zone}, and the rule runs from ${schedule.from}`;
  }
  if (schedule.until !== null && local.date > schedule.until) {
    return `it is ${local.date} in ${zone}, and the rule ran until ${schedule.until}`;
  }
  const spansMidnight = schedule.hours !== null && schedule.hours.from > schedule.hours.to;
  // After midnight a span that began on Friday evening is still Friday's.
  const afterMidnight = spansMidnight && local.minuteOfDay < (schedule.hours?.to ?? 0);
  const weekday = afterMidnight ? dayBefore(local.weekday) : local.weekday;
  if (schedule.days !== null && !schedule.days.includes(weekday)) {
    return `it is ${afterMidnight ? `the night of ${weekday}` : weekday} in ${zone}, and the rule runs on ${schedule.days.join(', ')}`;
  }
  if (schedule.hours !== null && !inDailySpan(local.minuteOfDay, schedule.hours.from, schedule.hours.to)) {
    const { from, to } = schedule.hours;
    return `it is ${clock(local.minuteOfDay)} in ${zone}, and the rule runs from ${clock(from)} to ${clock(to)}`;
  }
  return null;
}

function zoneOf(schedule: Schedule, zones: Zones): string {
  switch (schedule.timezone.kind) {
    case 'zone':
      return schedule.timezone.zone;
    case 'place':
      return zones.place ?? zones.consumer ?? 'UTC';
    case 'consumer':
      return zones.consumer ?? zones.place ?? 'UTC';
  }
}

function dayBefore(weekday: Weekday): Weekday {
  return WEEKDAYS[(WEEKDAYS.indexOf(weekday) + 6) % 7] ?? weekday;
}

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
