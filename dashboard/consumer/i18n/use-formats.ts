import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { localeFor } from './languages.ts';
import { spokenLanguage } from './start.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Dates, times and numbers as the person's language writes them, in the zone of this browser. Times are epoch ms. */
export interface Formats {
  /** The locale itself, for what is not here: `de-AT`. */
  readonly locale: string;
  readonly dateTime: (at: number) => string;
  readonly date: (at: number) => string;
  readonly time: (at: number) => string;
  readonly number: (value: number) => string;
  /** How long ago or ahead, in the largest fitting unit: "5 minutes ago", "in 2 hours". */
  readonly relative: (at: number, now: number) => string;
}

/** The formats of the language that the app speaks now. */
export function useFormats(): Formats {
  const { i18n } = useTranslation();
  const { language } = i18n;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language spoken changes with i18next's
  return useMemo(() => formatsOf(localeFor(spokenLanguage(), navigator.languages)), [language]);
}

function formatsOf(locale: string): Formats {
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  return {
    locale,
    dateTime: (at) => dateTime.format(at),
    date: (at) => date.format(at),
    time: (at) => time.format(at),
    number: (value) => number.format(value),
    relative(at, now) {
      const ms = at - now;
      const size = Math.abs(ms);
      if (size < HOUR_MS) return relative.format(Math.round(ms / MINUTE_MS), 'minute');
      if (size < DAY_MS) return relative.format(Math.round(ms / HOUR_MS), 'hour');
      return relative.format(Math.round(ms / DAY_MS), 'day');
    },
  };
}
