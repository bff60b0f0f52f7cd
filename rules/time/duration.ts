const DURATION =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
const UNITS_MS = [7 * DAY_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS];

/**
 * Milliseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds (`P1D`, `PT1H30M`, `PT0.5S`), or null.
 * Years and months have no fixed length, and are refused. A day is 24 hours.
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match || text.endsWith('T')) return null;
  const parts = match.slice(1);
  if (parts.every((part) => part === undefined)) return null;
  return Math.round(parts.reduce((sum, part, unit) => sum + Number(part ?? 0) * (UNITS_MS[unit] ?? 0), 0));
}

/** A duration as a marketer would say it: `90 min`, `6 h`, `2 d`, `45 s`. */
export function describeDuration(milliseconds: number): string {
  for (const [unitMs, name] of [
    [DAY_MS, 'd'],
    [HOUR_MS, 'h'],
    [MINUTE_MS, 'min'],
  ] as const) {
    if (milliseconds >= unitMs && milliseconds % unitMs === 0) return `${milliseconds / unitMs} ${name}`;
  }
  if (milliseconds >= 2 * MINUTE_MS) return `${Math.round(milliseconds / MINUTE_MS)} min`;
  return `${Math.round(milliseconds / SECOND_MS)} s`;
}
