/** Hosts of the browsers' push services; a leading dot stands for every host below. */
const KNOWN_HOSTS = [
  'fcm.googleapis.com', // Chrome, Edge on Android, Opera, Samsung Internet, Brave
  '.push.services.mozilla.com', // Firefox
  '.push.apple.com', // Safari
  '.notify.windows.com', // Edge
] as const;

const MAX_ENDPOINT_LENGTH = 2_048;

/**
 * Whether the gateway may send to an endpoint. Endpoints come from outside, so anything else would let a stranger make the
 * gateway call hosts of the operator's own network.
 *
 * @param extraOrigins origins of WAYSIDE_PUSH_HOSTS; these alone may be http, private or on another port
 */
export function isAllowedPushEndpoint(endpoint: string, extraOrigins: readonly string[]): boolean {
  if (endpoint.length > MAX_ENDPOINT_LENGTH || !URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '') return false;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  if (extraOrigins.includes(url.origin)) return true;
  if (url.protocol !== 'https:' || url.port !== '') return false;
  return KNOWN_HOSTS.some((host) =>
    host.startsWith('.') ? url.hostname.endsWith(host) : url.hostname === host,
  );
}
