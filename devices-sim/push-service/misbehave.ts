import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { PushFault } from './push-faults.ts';

const DRIP_EVERY_MS = 50;

/** Answers a POST as badly as the fault asks. */
export function misbehave(
  fault: PushFault,
  request: IncomingMessage | Http2ServerRequest,
  // The two kinds differ in what their functions give back, so that the type of both together cannot be called.
  response: ServerResponse,
): void {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      response.statusCode = fault.status;
      response.end();
      return;
    case 'redirect':
      response.setHeader('location', fault.location);
      response.statusCode = fault.status;
      response.end();
      return;
    case 'oversize':
      response.statusCode = 201;
      response.end(Buffer.alloc(fault.bytes, 'x'));
      return;
    case 'slow-body':
      response.statusCode = 201;
      response.write('x');
      drip(response, () => response.write('x'));
      return;
    case 'slow-headers':
      if (request.httpVersion === '2.0') return;
      request.socket.write('HTTP/1.1 201 Created\r\nx-slow: ');
      drip(response, () => request.socket.write('x'));
      return;
  }
}

/** Until the sender has enough. */
function drip(response: ServerResponse, write: () => void): void {
  const timer = setInterval(write, DRIP_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}
