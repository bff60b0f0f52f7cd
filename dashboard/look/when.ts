// In the console 24 hours in every language: a column of times is compared, and "PM" would cost it a third of its width.
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const SHORT_TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** Wall-clock time in the reader's zone, with seconds. Epoch ms. */
export const timeOf = (at: number): string => TIME.format(at);

/** Without seconds, as the end of a span that `dayAndTimeOf` begins. */
export const shortTimeOf = (at: number): string => SHORT_TIME.format(at);

/** Day and time in the reader's zone, short. Epoch ms. */
export const dayAndTimeOf = (at: number): string => `${DAY.format(at)}, ${SHORT_TIME.format(at)}`;

/** The full moment with its zone, for a tooltip. Epoch ms. */
export const momentOf = (at: number): string => FULL.format(at);

const UTC_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A day that is counted in UTC, such as those of quality records. Epoch ms of its beginning. */
export const dayOf = (from: number): string => UTC_DAY.format(from);
