export interface SentOrNot {
  readonly sent: number;
  readonly suppressed: number;
}

export type Bucket = { readonly at: number } & SentOrNot;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So few bars are shown at least. */
const LEAST_SHOWN_MS = 12 * HOUR_MS;
/** More bars than this are too thin to be told apart: then a bar is a day. */
const MOST_HOURS = 8 * 24;

/** Hours (or days of the reader, where there would be too many hours) from `from` to `to`, those without a decision included. */
export function buckets(
  perHour: readonly Bucket[],
  from: number,
  to: number,
): { readonly unit: 'hour' | 'day'; readonly items: readonly Bucket[] } {
  const byDay = (to - from) / HOUR_MS > MOST_HOURS;
  const beginOf = byDay ? beginOfDay : (at: number) => at - (at % HOUR_MS);
  const counts = new Map<number, { sent: number; suppressed: number }>();
  // Noon of the next day, cut back to its beginning, so that days of 23 and 25 hours are met too.
  const next = (at: number) => (byDay ? beginOf(at + DAY_MS + DAY_MS / 2) : at + HOUR_MS);
  for (let at = beginOf(from); at < to; at = next(at)) counts.set(at, { sent: 0, suppressed: 0 });
  for (const { at, sent, suppressed } of perHour) {
    const bucket = counts.get(beginOf(at));
    if (bucket === undefined) continue;
    bucket.sent += sent;
    bucket.suppressed += suppressed;
  }
  return { unit: byDay ? 'day' : 'hour', items: [...counts].map(([at, count]) => ({ at, ...count })) };
}

/** The part of a period in which something was decided, with an hour to either side: a week of nothing tells nothing. */
export function decidedPart(
  perHour: readonly Bucket[],
  from: number,
  to: number,
): { readonly from: number; readonly to: number } {
  const [first, last] = [perHour[0]?.at, perHour.at(-1)?.at];
  if (first === undefined || last === undefined) return { from, to };
  const begin = Math.max(from, first - LEAST_SHOWN_MS / 2);
  return { from: begin, to: Math.min(to, Math.max(last + 2 * HOUR_MS, begin + LEAST_SHOWN_MS)) };
}

function beginOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
