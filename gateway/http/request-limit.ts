import { isIP, isIPv6 } from 'node:net';
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

/**
 * What requests of an address are counted under: of IPv6 the /64, for one household has all of it. What is no address, as a proxy
 * may have told it, counts as one.
 */
export function addressKey(ip: string): string {
  if (isIP(ip) === 0) return 'unknown';
  if (!isIPv6(ip) || ip.startsWith('::ffff:')) return ip;
  const [head = '', tail = ''] = ip.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = ip.includes('::')
    ? [...groups, ...Array<string>(missing).fill('0'), ...tail.split(':')]
    : groups;
  return all.slice(0, 4).join(':');
}
