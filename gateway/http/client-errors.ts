import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { WaysideError } from '../errors.ts';
import { problemDocument } from './problems.ts';

/** Answers what Node could not read as a request, and closes the connection: what follows cannot be told apart. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const problem = problemDocument(codedClientError(error), randomUUID());
    const body = JSON.stringify(problem);
    socket.write(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
        'Content-Type: application/problem+json; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Cache-Control: no-store',
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroy(error);
}

function codedClientError(cause: NodeJS.ErrnoException): WaysideError {
  switch (cause.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new WaysideError('request_timeout', 'the request did not come in whole', { cause });
    case 'HPE_HEADER_OVERFLOW':
      return new WaysideError('headers_too_large', 'address and headers are larger than 16 KiB', { cause });
    case 'HPE_INVALID_METHOD':
      return new WaysideError('bad_request', 'the method is none of HTTP', { cause });
    default:
      return new WaysideError('bad_request', 'this is no HTTP/1.1 request', { cause });
  }
}
