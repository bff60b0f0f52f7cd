/** ISO 8601 durations as rules write them, and as people read them. Months and years are no length of time, and unknown here. */
export const DURATION_UNITS = [
  { value: 'D', label: 'days', one: 'day', ms: 86_400_000 },
  { value: 'H', label: 'hours', one: 'hour', ms: 3_600_000 },
  { value: 'M', label: 'minutes', one: 'minute', ms: 60_000 },
  { value: 'S', label: 'seconds', one: 'second', ms: 1_000 },
] as const;

export type DurationUnit = (typeof DURATION_UNITS)[number]['value'];

const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const WEEK_MS = 7 * 86_400_000;

/** Milliseconds of an ISO 8601 duration, or null where the text is none. */
export function durationMs(text: string): number | null {
  const parts = ISO.exec(text);
  if (parts === null || parts.slice(1).every((part) => part === undefined)) return null;
  const [weeks, ...rest] = parts.slice(1).map((part) => Number(part ?? 0));
  return rest.reduce(
    (sum, count, index) => sum + count * (DURATION_UNITS[index]?.ms ?? 0),
    (weeks ?? 0) * WEEK_MS,
  );
}

/** A duration in the largest unit that holds it whole: `PT90M` is 90 minutes. Null where the text is no duration. */
export function splitDuration(text: string): { readonly count: number; readonly unit: DurationUnit } | null {
  const ms = durationMs(text);
  if (ms === null) return null;
  const unit = DURATION_UNITS.find((one) => ms >= one.ms && ms % one.ms === 0) ?? DURATION_UNITS[3];
  return { count: ms / unit.ms, unit: unit.value };
}

export function isoDuration(count: number, unit: DurationUnit): string {
  return unit === 'D' ? `P${count}D` : `PT${count}${unit}`;
}

/** Such as "90 minutes" or "1 day"; the text itself where it is no duration. */
export function durationInWords(text: string): string {
  const split = splitDuration(text);
  if (split === null) return text;
  const unit = DURATION_UNITS.find(({ value }) => value === split.unit) ?? DURATION_UNITS[3];
  return `${split.count} ${split.count === 1 ? unit.one : unit.label}`;
}

/** Such as "per hour" or "per 2 days". */
export const perDuration = (text: string): string => `per ${durationInWords(text).replace(/^1 /, '')}`;
