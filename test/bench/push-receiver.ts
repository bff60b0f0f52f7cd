import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The other end of the push benchmarks, in a process of its own: takes every message, counts, and notes when each came. */
export type ReceiverAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'count'; readonly taken: number }
  /** Topic and time of arrival (epoch ms, with fractions) of all since it was asked the last time. */
  | { readonly kind: 'arrivals'; readonly arrivals: readonly (readonly [string, number])[] };

const [protocol, key, cert] = process.argv.slice(2);
let taken = 0;
let arrivals: [string, number][] = [];

function take(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  arrivals.push([String(request.headers.topic), performance.timeOrigin + performance.now()]);
  request.resume();
  request.on('end', () => {
    taken += 1;
    response.statusCode = 201;
    (response as ServerResponse).end();
  });
}

function listen() {
  if (protocol === 'http') return createPlainServer(take);
  const tls = { key: key ?? '', cert: cert ?? '' };
  return protocol === 'h2' ? createSecureServer({ ...tls, allowHTTP1: true }, take) : createServer(tls, take);
}

const tell = (answer: ReceiverAnswer) => process.send?.(answer);
const server = listen();
// Connections stay open while the other contender has its turn; the default of 5 s closes them under a request.
if ('keepAliveTimeout' in server) server.keepAliveTimeout = 300_000;
server.listen(0, '127.0.0.1', () =>
  tell({ kind: 'listening', port: (server.address() as AddressInfo).port }),
);
process.on('message', (question) => {
  if (question === 'count') tell({ kind: 'count', taken });
  else {
    tell({ kind: 'arrivals', arrivals });
    arrivals = [];
  }
});
process.on('disconnect', () => process.exit(0));
