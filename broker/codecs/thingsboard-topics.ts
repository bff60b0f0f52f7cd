/** What a device says to ThingsBoard beside its telemetry. Request ids are whole numbers that the asking side chose. */
export type ThingsBoardWord =
  /** The result of a command. */
  | { readonly kind: 'rpc-response'; readonly requestId: number }
  /** It calls a method of its server: client-side RPC. */
  | { readonly kind: 'rpc-request'; readonly requestId: number }
  /** What it is set to: in Wayside's words, the configuration that it reports. */
  | { readonly kind: 'attributes' }
  /** It asks what it reported, and what it is to be set to. */
  | { readonly kind: 'attributes-request'; readonly requestId: number };

export const THINGSBOARD_PREFIX = 'v1/devices/me/';
/** Both ways: what a device reports, and what it is to be set to. */
export const ATTRIBUTES_TOPIC = `${THINGSBOARD_PREFIX}attributes`;
export const TELEMETRY_TOPIC = `${THINGSBOARD_PREFIX}telemetry`;
export const RPC_REQUESTS_FILTER = `${THINGSBOARD_PREFIX}rpc/request/+`;
export const RPC_RESPONSES_FILTER = `${THINGSBOARD_PREFIX}rpc/response/+`;
export const ATTRIBUTES_RESPONSES_FILTER = `${THINGSBOARD_PREFIX}attributes/response/+`;

/** As firmware reads them: into 32 bits with a sign. */
const REQUEST_ID = /^\d{1,10}$/;

export const rpcRequestTopic = (requestId: number): string => `${THINGSBOARD_PREFIX}rpc/request/${requestId}`;
export const rpcResponseTopic = (requestId: number): string =>
  `${THINGSBOARD_PREFIX}rpc/response/${requestId}`;
export const attributesResponseTopic = (requestId: number): string =>
  `${THINGSBOARD_PREFIX}attributes/response/${requestId}`;

/** Takes such a topic apart; null for any other. */
export function parseThingsBoardTopic(topic: string): ThingsBoardWord | null {
  if (topic === ATTRIBUTES_TOPIC) return { kind: 'attributes' };
  if (!topic.startsWith(THINGSBOARD_PREFIX)) return null;
  const [subject, verb, id, ...rest] = topic.slice(THINGSBOARD_PREFIX.length).split('/');
  if (rest.length > 0 || id === undefined || !REQUEST_ID.test(id)) return null;
  const requestId = Number(id);
  if (subject === 'rpc' && verb === 'response') return { kind: 'rpc-response', requestId };
  if (subject === 'rpc' && verb === 'request') return { kind: 'rpc-request', requestId };
  if (subject === 'attributes' && verb === 'request') return { kind: 'attributes-request', requestId };
  return null;
}
