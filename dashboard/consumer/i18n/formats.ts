const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Dates, times and numbers as the person's language writes them, in the zone of this browser. Times are epoch ms. */
export interface Formats {
  /** The locale itself, for what is not here: `de-AT`. */
  readonly locale: string;
  readonly dateTime: (at: number) => string;
  readonly date: (at: number) => string;
  readonly time: (at: number) => string;
  /** The time alone where it is of the same day as now. */
  readonly near: (at: number, now: number) => string;
  readonly number: (value: number) => string;
  /** How long ago or ahead, in the largest fitting unit: "5 minutes ago", "in 2 hours". */
  readonly relative: (at: number, now: number) => string;
  /** A length of time, rounded down, such as "2 days", "1 hr 20 min", "12 min"; seconds only in the last minute. */
  readonly span: (ms: number) => string;
}

/** Formats of a locale such as `de-AT`. */
export function formatsOf(locale: string): Formats {
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const units = (unit: 'day' | 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: unit === 'day' ? 'long' : 'short' });
  const [days, hours, minutes, seconds] = [units('day'), units('hour'), units('minute'), units('second')];
  return {
    locale,
    dateTime: (at) => dateTime.format(at),
    date: (at) => date.format(at),
    time: (at) => time.format(at),
    near: (at, now) => (date.format(at) === date.format(now) ? time : dateTime).format(at),
    number: (value) => number.format(value),
    relative(at, now) {
      const ms = at - now;
      const size = Math.abs(ms);
      if (size < MINUTE_MS) return relative.format(0, 'second');
      if (size < HOUR_MS) return relative.format(Math.round(ms / MINUTE_MS), 'minute');
      if (size < DAY_MS) return relative.format(Math.round(ms / HOUR_MS), 'hour');
      return relative.format(Math.round(ms / DAY_MS), 'day');
    },
    span(ms) {
      if (ms >= 2 * DAY_MS) return days.format(Math.floor(ms / DAY_MS));
      if (ms < MINUTE_MS) return seconds.format(Math.max(0, Math.floor(ms / SECOND_MS)));
      const [wholeHours, rest] = [Math.floor(ms / HOUR_MS), Math.floor((ms % HOUR_MS) / MINUTE_MS)];
      if (wholeHours === 0) return minutes.format(rest);
      return rest === 0 ? hours.format(wholeHours) : `${hours.format(wholeHours)} ${minutes.format(rest)}`;
    },
  };
}
