import type { buildConnector } from 'undici';
import { createOutboundAgent, type OutboundAgent, OutboundError, type OutboundRequest } from './outbound.ts';
import type { AllAddresses } from './public-address.ts';
import { isAllowedPushEndpoint } from './push-hosts.ts';
import type { PushRequest } from './push-request.ts';
import { parseRetryAfter } from './retry-delay.ts';

/** What a push service, or whoever else took a POST, made of a message. */
export type PushOutcome =
  | { readonly kind: 'sent' }
  /** Worth trying again; `afterMs` is what the service asked for. */
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly reason: string }
  /** The subscription is no more. */
  | { readonly kind: 'gone' }
  /** Trying again would end the same. `status` is the answer, where there was one: operators are told. */
  | { readonly kind: 'failed'; readonly reason: string; readonly status?: number };

/** Of a POST that need not have been made: it was not wanted any more when there was a connection for it. */
export type PostOutcome = PushOutcome | { readonly kind: 'unwanted' };

export interface PushSender {
  /** Never rejects: every failure is an outcome. */
  send(request: PushRequest): Promise<PostOutcome>;
  /** Closes the connections; requests under way end as `retry`. */
  stop(): Promise<void>;
}

export interface PushSenderOptions {
  /** Origins of WAYSIDE_PUSH_HOSTS. */
  readonly extraOrigins: readonly string[];
  /** Epoch ms; for Retry-After given as a date. */
  readonly realNow: () => number;
  /** From the call to the status of the answer. */
  readonly timeoutMs?: number;
  readonly connectionsPerOrigin?: number;
  /** TLS settings, such as a CA of one's own. */
  readonly tls?: buildConnector.BuildOptions;
  /** How names become addresses; the system's way where it is left out. */
  readonly lookup?: AllAddresses;
}

/**
 * Sends push messages. Allowed hosts alone are called, looked at once more here, for the list may have changed since the
 * endpoint was saved; what else endpoints from outside ask for is in `outbound.ts`.
 */
export function createPushSender(options: PushSenderOptions): PushSender {
  const { extraOrigins, realNow, ...more } = options;
  const agent = createOutboundAgent({ trustedOrigins: extraOrigins, ...more });
  return {
    async send(request) {
      if (!isAllowedPushEndpoint(request.endpoint.href, extraOrigins)) {
        return { kind: 'failed', reason: 'push_host_not_allowed' };
      }
      return postOutcome(agent, request, realNow);
    },
    stop: () => agent.stop(),
  };
}

/** Posts, and says what became of it. Never rejects: every failure is an outcome. */
export async function postOutcome(
  agent: Pick<OutboundAgent, 'post'>,
  request: OutboundRequest,
  realNow: () => number,
): Promise<PostOutcome> {
  try {
    const { status, retryAfter } = await agent.post(request);
    return outcomeOf(status, retryAfter, realNow());
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** What a status means to a sender: RFC 8030 §5.3, §7.3 and §8.4, and what the browsers' services document. */
export function outcomeOf(status: number, retryAfter: string | undefined, now: number): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status === 404 || status === 410) return { kind: 'gone' };
  const reason = `http_${status}`;
  // A redirect is not followed; whoever sits in the way may be gone the next time.
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect || status === 429 || status === 408 || status >= 500) {
    return { kind: 'retry', afterMs: parseRetryAfter(retryAfter, now), reason };
  }
  return { kind: 'failed', reason, status };
}

/** What an error of `post` means: all but a refused address may be over the next time. */
function outcomeOfError(error: unknown): PostOutcome {
  if (error instanceof OutboundError && error.code === 'unwanted') return { kind: 'unwanted' };
  if (error instanceof OutboundError && error.code === 'refused') {
    return { kind: 'failed', reason: 'address_not_allowed' };
  }
  return { kind: 'retry', afterMs: null, reason: networkReason(error) };
}

/** A short name without address or port: `reason` is shown to people and kept. */
function networkReason(error: unknown): string {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  return `network_${code.toLowerCase()}`;
}
