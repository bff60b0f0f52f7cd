import { isIP } from 'node:net';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import { bareHost } from '../bare-host.ts';
import { AddressRefused, type AllAddresses, isPublicAddress, publicLookup } from './public-address.ts';

/** A POST to an address that came from outside: a push endpoint, a webhook. */
export interface OutboundRequest {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Further ones, which go by the time: asked when a connection has a place for it, which takes seconds where its host is slow. */
  readonly timedHeaders?: () => Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Asked once there is a connection for it, right before anything is written; one has to be waited for now and then. */
  readonly isStillWanted?: () => boolean;
}

/** All that is read of an answer. */
export interface OutboundAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Sends to hosts that strangers named. */
export interface OutboundAgent {
  /**
   * Resolves with the status as soon as it is known; what follows is read up to a bound and dropped. Redirects are not followed.
   *
   * @throws OutboundError `refused` and `unwanted` before anything is sent, `timeout`; errors of the network, with a `code`
   */
  post(request: OutboundRequest): Promise<OutboundAnswer>;
  /** Closes the connections; posts under way reject. */
  stop(): Promise<void>;
}

export interface OutboundOptions {
  /** Origins of WAYSIDE_PUSH_HOSTS: these alone may be http, or at a private address. */
  readonly trustedOrigins: readonly string[];
  /** From the call to the status of the answer, connecting included. */
  readonly timeoutMs?: number;
  /** Connections to one origin; over HTTP/2 each carries many messages, and one is enough. */
  readonly connectionsPerOrigin?: number;
  /** TLS settings, such as a CA of one's own. */
  readonly tls?: buildConnector.BuildOptions;
  /** How names become addresses; the system's way where it is left out. */
  readonly lookup?: AllAddresses;
}

/** `refused`: the endpoint is none that may be sent to, and never will be. */
export class OutboundError extends Error {
  readonly code: 'refused' | 'unwanted' | 'timeout' | 'answer_too_large';
  constructor(code: OutboundError['code']) {
    super(`outbound: ${code}`);
    this.code = code;
  }
}

const TIMEOUT_MS = 10_000;
/** What follows the status matters to nobody; a peer that drips it must not keep a connection for long. */
const REST_OF_ANSWER_MS = 2_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Kept connections by origin, HTTP/2 where the host offers it. Whatever an endpoint is: no address but public ones, checked in
 * the lookup of the connection itself; no plain http; no redirects; size and time of answers bounded.
 */
export function createOutboundAgent(options: OutboundOptions): OutboundAgent {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const settings: Agent.Options = {
    connections: options.connectionsPerOrigin ?? 8,
    connectTimeout: timeoutMs,
    // The deadline of `post` comes first; these end what it no longer watches.
    headersTimeout: timeoutMs * 2,
    bodyTimeout: REST_OF_ANSWER_MS * 2,
    keepAliveTimeout: 30_000,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: MAX_ANSWER_BYTES,
    allowH2: true,
  };
  const connect = { timeout: timeoutMs, preferH2: true, ...options.tls };
  const trusting = new Agent({ ...settings, connect });
  const wary = new Agent({ ...settings, connect: { ...connect, lookup: publicLookup(options.lookup) } });
  return {
    async post(request) {
      const { endpoint } = request;
      if (options.trustedOrigins.includes(endpoint.origin)) return exchange(trusting, request, timeoutMs);
      // An address in place of a name is not looked up.
      const host = bareHost(endpoint.hostname);
      const isRefused = endpoint.protocol !== 'https:' || (isIP(host) !== 0 && !isPublicAddress(host));
      if (isRefused) throw new OutboundError('refused');
      try {
        return await exchange(wary, request, timeoutMs);
      } catch (error) {
        throw error instanceof AddressRefused ? new OutboundError('refused') : error;
      }
    },
    async stop() {
      await Promise.all([trusting.destroy(), wary.destroy()]);
    },
  };
}

/** By undici's lowest layer, for `request` makes a stream of each answer, which nobody would read. */
function exchange(
  agent: Agent,
  { endpoint, headers, timedHeaders, body, isStillWanted = () => true }: OutboundRequest,
  timeoutMs: number,
): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let cutOff: OutboundError | null = null;
    const giveUp = (code: OutboundError['code']): void => {
      clearTimeout(deadline);
      cutOff = new OutboundError(code);
      // Where the status is known already, only the connection is to be freed.
      reject(cutOff);
      controller?.abort(cutOff);
    };
    let deadline = setTimeout(giveUp, timeoutMs, 'timeout' as const);
    let bytes = 0;
    const { origin, pathname, search } = endpoint;
    agent.dispatch(
      {
        origin,
        path: pathname + search,
        method: 'POST',
        // Read when the request leaves undici's queue of the origin for a connection, be that one still to be made.
        get headers() {
          return timedHeaders === undefined ? headers : { ...headers, ...timedHeaders() };
        },
        body,
      },
      {
        onRequestStart(given) {
          controller = given;
          if (cutOff !== null) given.abort(cutOff);
          else if (!isStillWanted()) giveUp('unwanted');
        },
        onResponseStart(_, status, answer) {
          if (status < 200) return; // informational: the answer is still to come
          clearTimeout(deadline);
          deadline = setTimeout(giveUp, REST_OF_ANSWER_MS, 'timeout' as const);
          const retryAfter = answer['retry-after'];
          resolve({ status, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter });
        },
        onResponseData(_, chunk) {
          bytes += chunk.byteLength;
          if (bytes > MAX_ANSWER_BYTES) giveUp('answer_too_large');
        },
        onResponseEnd() {
          clearTimeout(deadline);
        },
        onResponseError(_, error) {
          clearTimeout(deadline);
          reject(error);
        },
      },
    );
  });
}
