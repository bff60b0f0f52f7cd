/** What a wall clock and a calendar show in one zone. */
export interface LocalTime {
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly weekday: Weekday;
  /** Minutes since local midnight. */
  readonly minuteOfDay: number;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

interface Clock {
  readonly formatter: Intl.DateTimeFormat;
  /** What it showed last, and in which minute since the epoch: it is asked about one moment again and again. */
  minute: number;
  shown: LocalTime | null;
}

/** Making a formatter costs 50 µs and more, using one about 2 µs; there are some 600 zones, so this stays small. */
const clocks = new Map<string, Clock>();

function clockOf(timezone: string): Clock {
  const known = clocks.get(timezone);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    calendar: 'gregory',
  });
  const made: Clock = { formatter, minute: Number.NaN, shown: null };
  clocks.set(timezone, made);
  return made;
}

/** Whether the name is an IANA zone that this machine knows. Offsets such as `+01:00` are not accepted: they know no summer time. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    clockOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * @param at epoch ms
 * @param timezone IANA zone; an unknown one counts as UTC
 */
export function localTime(at: number, timezone: string): LocalTime {
  const clock = clocks.get(timezone) ?? clockOf(isTimezone(timezone) ? timezone : 'UTC');
  // Since 1972 all zones differ from UTC by whole minutes.
  const minute = Math.floor(at / 60_000);
  if (clock.shown !== null && clock.minute === minute && minute >= 0) return clock.shown;
  const parts: Record<string, string> = {};
  for (const part of clock.formatter.formatToParts(at)) parts[part.type] = part.value;
  const name = parts.weekday?.toLowerCase();
  clock.minute = minute;
  clock.shown = {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    weekday: WEEKDAYS.find((weekday) => weekday === name) ?? 'mon',
    minuteOfDay: Number(parts.hour) * 60 + Number(parts.minute),
  };
  return clock.shown;
}

/** Minutes since midnight of `HH:MM` (00:00 to 24:00), or null. */
export function parseTimeOfDay(text: string): number | null {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  if (!match) return null;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return minutes <= 24 * 60 ? minutes : null;
}

/**
 * Whether a minute of the day lies in [from, to). `from` later than `to` spans midnight; equal ones hold nothing.
 */
export function inDailySpan(minute: number, from: number, to: number): boolean {
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
