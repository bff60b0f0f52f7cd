const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;
/** Who was asked to wait comes back up to this share later: not all that were told the same moment at once. */
const ASKED_JITTER = 0.1;

/**
 * How long to wait before the next attempt: doubling from 2 s to 5 min, of which a random half is taken, so that messages
 * that failed together do not come back together; never sooner than the push service asked for.
 *
 * @param attempts how many were made, at least 1
 * @param askedMs what Retry-After said, or null
 * @param random in [0, 1)
 */
export function retryDelayMs(attempts: number, askedMs: number | null, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  const own = Math.round(ceiling * (0.5 + random / 2));
  return askedMs === null ? own : Math.max(own, Math.round(askedMs * (1 + ASKED_JITTER * random)));
}

/**
 * Reads a Retry-After header (RFC 9110 §10.2.3): seconds, or an HTTP date in any of its three forms (§5.6.7).
 *
 * @returns milliseconds from `now` on, or null where there is none or it makes no sense
 */
export function parseRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  // Date.parse takes nearly anything, "-5" too; an HTTP date begins with the day. Its oldest form names no zone, and is GMT.
  const isDate = /^[A-Z][a-z]{2,8},? /.test(value);
  const at = isDate ? Date.parse(value.endsWith('GMT') ? value : `${value} GMT`) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
