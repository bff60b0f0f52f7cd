const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A day of 25 hours is one. */
const LONGEST_DAY_MS = 25 * HOUR_MS;

export const SPANS = ['day', 'week', 'month'] as const;
export type Span = (typeof SPANS)[number];

/** A time of whole days in this browser's zone, and in how long pieces a chart shows it. */
export interface Period {
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
  readonly everyMs: number;
}

const DAYS: Readonly<Record<Span, number>> = { day: 1, week: 7, month: 30 };
/** About 150 values each: as many as a phone is wide enough for. */
const EVERY_MS: Readonly<Record<Span, number>> = {
  day: 10 * MINUTE_MS,
  week: HOUR_MS,
  month: 4 * HOUR_MS,
};

/** What fills no more pieces of a period than this is but a dot in its chart. */
const FEW_PIECES = 12;
const FINER = 10;

/** The beginning of the day in this browser's zone. Epoch ms. */
export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** The beginning of the day so many days on; a day may have 23 or 25 hours. */
export function shiftDays(day: number, days: number): number {
  const date = new Date(day);
  return date.setDate(date.getDate() + days);
}

/** @param day the beginning of the last day of it */
export function periodOf(span: Span, day: number): Period {
  return { from: shiftDays(day, 1 - DAYS[span]), to: shiftDays(day, 1), everyMs: EVERY_MS[span] };
}

/**
 * The part of a period in which something was told, in finer pieces, where that is small, as on the first day of a device; else null.
 *
 * @param points what was told in the pieces of the period, oldest first
 */
export function closeUpOf(
  { to, everyMs }: Period,
  points: readonly { readonly at: number }[],
): Period | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const end = Math.min(to, last.at + everyMs);
  const isSmall = end - first.at <= FEW_PIECES * everyMs && isWithinADay({ from: first.at, to: end });
  return isSmall ? { from: first.at, to: end, everyMs: everyMs / FINER } : null;
}

/** Whether times of it are told apart by the hour alone. */
export function isWithinADay({ from, to }: Pick<Period, 'from' | 'to'>): boolean {
  return to - from <= LONGEST_DAY_MS;
}

/** How long a piece is: "10 minutes", "1 hour". */
export function pieceInWords(everyMs: number, locale: string): string {
  const [count, unit] =
    everyMs < HOUR_MS ? ([everyMs / MINUTE_MS, 'minute'] as const) : ([everyMs / HOUR_MS, 'hour'] as const);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
