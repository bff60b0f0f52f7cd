import { isCalendarDay } from './calendar.ts';

/**
 * A moment as CEL wants it. Made from a number it reads no clock, and stays the same for ever: a value.
 *
 * @param at epoch ms; what no date can be is taken as the nearest one, for a date that is none throws when it is written out
 */
export const timestamp = (at: number) =>
  // biome-ignore lint/style/noRestrictedGlobals: with an argument it is a value, not a clock
  new Date(Number.isNaN(at) ? 0 : Math.max(-LARGEST_DATE_MS, Math.min(at, LARGEST_DATE_MS)));

/** 100,000,000 days from 1970, either way (ECMAScript §21.4.1.1). */
const LARGEST_DATE_MS = 8.64e15;

export type Timestamp = ReturnType<typeof timestamp>;

const WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Epoch ms of an ISO 8601 time with its zone (`2026-03-01T12:00:00Z`), or null: without one it would mean another in each place. */
export function parseTimestamp(text: string): number | null {
  if (!WITH_ZONE.test(text) || !isCalendarDay(text)) return null;
  // biome-ignore lint/style/noRestrictedGlobals: a text with its zone is a value, not a clock
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
