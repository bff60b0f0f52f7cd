import { isIP, isIPv6 } from 'node:net';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Whether an address is this machine's own: loopback, also as IPv6 writes IPv4. */
export function isLocalAddress(address: string): boolean {
  return LOOPBACK.test(address);
}

/**
 * What an address is counted under: of IPv6 the /64, for one household has all of it. What is no address, as a proxy
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
