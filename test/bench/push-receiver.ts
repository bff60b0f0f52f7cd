import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The other end of the push benchmark, in a process of its own: takes every message, and counts. */
const [protocol, key, cert] = process.argv.slice(2);
let taken = 0;

function take(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  request.resume();
  request.on('end', () => {
    taken += 1;
    response.statusCode = 201;
    (response as ServerResponse).end();
  });
}

const tls = { key: key ?? '', cert: cert ?? '' };
const server =
  protocol === 'h2' ? createSecureServer({ ...tls, allowHTTP1: true }, take) : createServer(tls, take);
// Connections stay open while the other contender has its turn; the default of 5 s closes them under a request.
if ('keepAliveTimeout' in server) server.keepAliveTimeout = 300_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ taken }));
process.on('disconnect', () => process.exit(0));
