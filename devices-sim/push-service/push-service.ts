import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type BrowserLink, handleBrowserMessage, notificationOf } from './browser-protocol.ts';
import { Mailboxes, type UserAgent } from './mailboxes.ts';
import { misbehave } from './misbehave.ts';
import { MAX_BODY_BYTES, postMessage } from './post-message.ts';
import { createPushFaults, isTakenDespite, type PushFault, type PushFaults } from './push-faults.ts';
import { createVapidCheck } from './vapid-check.ts';

/** What came to pass, one a line with `--json`. */
export type PushEvent =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'registered'; readonly endpoint: string }
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly endpoint: string;
      readonly topic: string | null;
      readonly ttlSeconds: number;
      readonly urgency: string;
      readonly bytes: number;
      /** `1.1` or `2.0`. */
      readonly httpVersion: string;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** As was planned for this POST; a message that was taken all the same has an event of its own before. */
  | { readonly kind: 'misbehaved'; readonly fault: PushFault['kind'] }
  /** A request that came to no answer. */
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'acked'; readonly id: string; readonly code: number };

export interface PushServiceOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Then it speaks https, with HTTP/2 where the sender offers it, and wss. PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Epoch ms. */
  readonly now: () => number;
  readonly onEvent?: (event: PushEvent) => void;
}

export interface PushService {
  start(): Promise<{ readonly port: number; readonly origin: string; readonly webSocketUrl: string }>;
  stop(): Promise<void>;
  readonly faults: PushFaults;
  readonly counts: Mailboxes['counts'];
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

const ENDPOINT_PATH = /^\/wpush\/v2\/([A-Za-z0-9_-]{43})$/;
const MESSAGE_PATH = /^\/m\/([0-9a-f-]{36})$/;
const MAX_FRAME_BYTES = 64 * 1024;
/** A browser that reads slower than this fills up waits for its next hello. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * A browser push service to test and demonstrate with, in memory: senders POST as in RFC 8030 and are checked by RFC 8292;
 * browsers (Firefox, and the simulated ones of subscriber.ts) connect by WebSocket. Messages stay until acknowledged or expired.
 */
export function createPushService(options: PushServiceOptions): PushService {
  const mailboxes = new Mailboxes();
  const vapid = createVapidCheck();
  const faults = createPushFaults();
  const emit = options.onEvent ?? (() => undefined);
  const links = new Map<UserAgent, { readonly link: BrowserLink; readonly socket: WebSocket }>();
  const sockets = new Set<Socket>();
  let origin = '';

  const endpointOf = (token: string): string => `${origin}/wpush/v2/${token}`;

  async function handle(request: Request, response: Response): Promise<void> {
    const path = request.url ?? '/';
    const token = ENDPOINT_PATH.exec(path)?.[1];
    const messageId = MESSAGE_PATH.exec(path)?.[1];
    if (request.method === 'POST' && token !== undefined) return post(token, request, response);
    if (request.method === 'DELETE' && messageId !== undefined) {
      answer(response, mailboxes.remove(messageId) ? 204 : 404, {});
      return;
    }
    if (request.method === 'GET' && path === '/') {
      answer(response, 200, { 'content-type': 'application/json' }, JSON.stringify(mailboxes.counts));
      return;
    }
    answer(response, 404, {});
  }

  async function post(token: string, request: Request, response: Response): Promise<void> {
    const body = await readBody(request);
    const fault = faults.next();
    if (fault !== null && !isTakenDespite(fault)) {
      emit({ kind: 'misbehaved', fault: fault.kind });
      misbehave(fault, request, response as ServerResponse);
      return;
    }
    const headers = request.headers as Readonly<Record<string, string | undefined>>;
    const verdict = postMessage(mailboxes, vapid, { token, headers, body }, origin, options.now());
    if (verdict.kind === 'refused') {
      const { status, reason, retryAfterSeconds } = verdict;
      emit({ kind: 'refused', status, reason });
      answer(
        response,
        status,
        {
          'content-type': 'text/plain',
          ...(status === 401 ? { 'www-authenticate': 'vapid' } : {}),
          ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        },
        reason,
      );
      return;
    }
    const { agent, message, ttlSeconds, urgency } = verdict;
    const { id, topic } = message;
    const { httpVersion } = request;
    const bytes = body.byteLength;
    emit({
      kind: 'message',
      id,
      endpoint: endpointOf(token),
      topic,
      ttlSeconds,
      urgency,
      bytes,
      httpVersion,
    });
    if (fault === null) answer(response, 201, { location: `${origin}/m/${id}`, ttl: String(ttlSeconds) });
    else {
      emit({ kind: 'misbehaved', fault: fault.kind });
      misbehave(fault, request, response as ServerResponse);
    }
    const browser = links.get(agent);
    if (browser !== undefined) browser.link.send(notificationOf(message));
  }

  function connect(socket: WebSocket): void {
    const link: BrowserLink = {
      agent: null,
      send: (message) => {
        if (socket.bufferedAmount < MAX_BUFFERED_BYTES) socket.send(JSON.stringify(message));
      },
    };
    const parts = {
      mailboxes,
      now: options.now,
      endpointOf: (token: string) => {
        emit({ kind: 'registered', endpoint: endpointOf(token) });
        return endpointOf(token);
      },
      onHello: (_: BrowserLink, agent: UserAgent) => {
        const before = links.get(agent);
        if (before !== undefined && before.socket !== socket) before.socket.close(1000);
        links.set(agent, { link, socket });
      },
      onAck: (_: string, id: string, code: number) => emit({ kind: 'acked', id, code }),
    };
    socket.on('message', (data, isBinary) => {
      if (isBinary || !handleBrowserMessage(parts, link, String(data))) socket.close(1002);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (link.agent !== null && links.get(link.agent)?.socket === socket) links.delete(link.agent);
    });
  }

  const onRequest = (request: Request, response: Response): void => {
    // Mostly a sender that goes away mid-body, to whom nothing can be answered.
    handle(request, response).catch((error: unknown) => {
      emit({ kind: 'broken', reason: error instanceof Error ? error.message : String(error) });
      request.socket.destroy();
    });
  };
  // The secure server falls back to HTTP/1.1, so it has the events of both kinds.
  const server =
    options.tls === undefined
      ? createServer(onRequest)
      : (createSecureServer({ ...options.tls, allowHTTP1: true }, onRequest) as unknown as Server);
  const browsers = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (offered) => (offered.has('push-notification') ? 'push-notification' : false),
  });
  server.on('upgrade', (request, socket, head) => browsers.handleUpgrade(request, socket, head, connect));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  return {
    faults,
    get counts() {
      return mailboxes.counts;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, resolve);
      });
      const { port } = server.address() as AddressInfo;
      const authority = `${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
      origin = `${options.tls === undefined ? 'http' : 'https'}://${authority}`;
      emit({ kind: 'listening', port });
      return { port, origin, webSocketUrl: `${options.tls === undefined ? 'ws' : 'wss'}://${authority}/` };
    },
    async stop() {
      for (const { socket } of links.values()) socket.terminate();
      browsers.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** At most one byte above what is allowed is kept, so that the size can be judged. */
async function readBody(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    size += chunk.byteLength;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES + 1);
}

function answer(response: Response, status: number, headers: Record<string, string>, body = ''): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The two kinds differ in what `end` gives back, so that the type of both together cannot be called.
  (response as ServerResponse).end(body);
}
