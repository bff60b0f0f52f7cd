import { Agent, type buildConnector } from 'undici';
import { isAllowedPushEndpoint } from './push-hosts.ts';
import type { PushRequest } from './push-request.ts';
import { parseRetryAfter } from './retry-delay.ts';

/** What a push service made of a message. */
export type PushOutcome =
  | { readonly kind: 'sent' }
  /** Worth trying again; `afterMs` is what the service asked for. */
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly reason: string }
  /** The subscription is no more. */
  | { readonly kind: 'gone' }
  /** Trying again would end the same. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface PushSender {
  /** Never rejects: every failure is an outcome. */
  send(request: PushRequest): Promise<PushOutcome>;
  /** Closes the connections; requests under way end as `retry`. */
  stop(): Promise<void>;
}

export interface PushSenderOptions {
  /** Origins of WAYSIDE_PUSH_HOSTS. */
  readonly extraOrigins: readonly string[];
  /** Epoch ms; for Retry-After given as a date. */
  readonly realNow: () => number;
  /** For the connection and again for the answer. */
  readonly timeoutMs?: number;
  /** Connections to one push service; over HTTP/2 each carries many messages. */
  readonly connectionsPerOrigin?: number;
  /** TLS settings, such as a CA of one's own. */
  readonly tls?: buildConnector.BuildOptions;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends push messages over kept connections, HTTP/2 where the service offers it. Redirects are not followed: an endpoint that
 * answers with one is not a push service, and the target would escape the list of allowed hosts.
 */
export function createPushSender(options: PushSenderOptions): PushSender {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const agent = new Agent({
    connections: options.connectionsPerOrigin ?? 4,
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
    maxResponseSize: MAX_ANSWER_BYTES,
    allowH2: true,
    ...(options.tls === undefined ? {} : { connect: { timeout: timeoutMs, ...options.tls } }),
  });
  return {
    async send(request) {
      const { endpoint } = request;
      if (!isAllowedPushEndpoint(endpoint.href, options.extraOrigins)) {
        return { kind: 'failed', reason: 'push_host_not_allowed' };
      }
      try {
        const { status, retryAfter } = await post(agent, request);
        return outcomeOf(status, retryAfter, options.realNow());
      } catch (error) {
        return { kind: 'retry', afterMs: null, reason: networkReason(error) };
      }
    },
    stop: () => agent.destroy(),
  };
}

/** What a status means to a sender: RFC 8030 §5.3, §7.3 and §8.4, and what the browsers' services document. */
export function outcomeOf(status: number, retryAfter: string | undefined, now: number): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status === 404 || status === 410) return { kind: 'gone' };
  const reason = `http_${status}`;
  if (status === 429 || status === 408 || status >= 500) {
    return { kind: 'retry', afterMs: parseRetryAfter(retryAfter, now), reason };
  }
  return { kind: 'failed', reason };
}

/** For moments of an exchange that undici wants a handler for, and that change nothing here. */
const passOver = (): void => undefined;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * Posts, and resolves as soon as the status is known: it says it all, and what follows is passed over. Undici's lowest layer, for
 * `request` makes a stream of each answer, which nobody would read.
 */
function post(agent: Agent, { endpoint, headers, body }: PushRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    agent.dispatch(
      { origin: endpoint.origin, path: endpoint.pathname + endpoint.search, method: 'POST', headers, body },
      {
        onRequestStart: passOver,
        onResponseData: passOver,
        onResponseEnd: passOver,
        onResponseStart(_, status, answer) {
          const retryAfter = answer['retry-after'];
          resolve({ status, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter });
        },
        // After the status this comes too late to matter.
        onResponseError: (_, error) => reject(error),
      },
    );
  });
}

/** A short name without address or port: `reason` is shown to people and kept. */
function networkReason(error: unknown): string {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  return `network_${code.toLowerCase()}`;
}
