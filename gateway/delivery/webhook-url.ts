import { isIP } from 'node:net';
import { bareHost } from '../bare-host.ts';
import { isPublicAddress } from './public-address.ts';

const MAX_URL_LENGTH = 2_048;

/**
 * Whether offers may be posted to an address. A name is looked at once more each time that it is called, when it has become an
 * address (`outbound.ts`).
 *
 * @param trustedOrigins origins of WAYSIDE_PUSH_HOSTS; these alone may be http or private
 */
export function isAllowedWebhookUrl(text: string, trustedOrigins: readonly string[]): boolean {
  const url = text.length > MAX_URL_LENGTH ? null : URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (trustedOrigins.includes(url.origin)) return url.protocol === 'https:' || url.protocol === 'http:';
  const host = bareHost(url.hostname);
  return url.protocol === 'https:' && (isIP(host) === 0 ? isPublicName(host) : isPublicAddress(host));
}

/** Names of this machine and of the network that it stands in (RFC 6761 §6.3, RFC 6762 §3, RFC 8375). */
function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !/(^|\.)(localhost|local|internal|home\.arpa)$/.test(name);
}
