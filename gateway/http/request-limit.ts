import { BackoffError } from './sign-in-backoff.ts';

/** Keys counted at most; beyond that the one whose count began longest ago is forgotten. */
const MAX_KEYS = 10_000;

/** So many of something for each key within a time. */
export interface RequestLimit {
  /** Counts one. @throws BackoffError where there were as many already */
  take(key: string): void;
}

/**
 * @param most for each key
 * @param withinMs the time begins with a key's first
 * @param now real time, epoch ms
 */
export function createRequestLimit(most: number, withinMs: number, now: () => number): RequestLimit {
  const counts = new Map<string, { readonly since: number; readonly count: number }>();
  return {
    take(key) {
      const at = now();
      const known = counts.get(key);
      const current = known !== undefined && at - known.since < withinMs ? known : { since: at, count: 0 };
      if (current.count >= most) throw new BackoffError(current.since + withinMs - at);
      if (current.count === 0) counts.delete(key);
      counts.set(key, { since: current.since, count: current.count + 1 });
      const oldest = counts.keys().next().value;
      if (counts.size > MAX_KEYS && oldest !== undefined) counts.delete(oldest);
    },
  };
}
