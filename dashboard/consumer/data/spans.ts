const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

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
