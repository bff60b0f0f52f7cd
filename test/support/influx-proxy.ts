import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one write on its way to InfluxDB or back. */
export type Fault =
  | { readonly kind: 'pass' }
  /** Answered by the proxy; InfluxDB never sees it. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** InfluxDB has it; the proxy says something else. */
  | { readonly kind: 'answer_after'; readonly status: number; readonly body?: string }
  /** Bodies of more bytes are refused with 413. */
  | { readonly kind: 'largest'; readonly bytes: number }
  /** Bodies of more bytes take too long for whoever waits; smaller ones pass. */
  | { readonly kind: 'hangs_above'; readonly bytes: number }
  /** Answered after so many ms. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connection ends before the body is read. */
  | { readonly kind: 'cut_before' }
  /** Half of the body gets to InfluxDB, then both connections end. */
  | { readonly kind: 'cut_body' }
  /** Half of the body gets to InfluxDB as if it were all of it. */
  | { readonly kind: 'short_body' }
  /** InfluxDB has it; half of its status line comes back. */
  | { readonly kind: 'cut_answer' };

export interface InfluxProxy {
  readonly url: string;
  /** Faults of the next writes, one each; then `otherwise`. */
  next: Fault[];
  otherwise: Fault;
  /** Sizes of the bodies of all writes so far. */
  readonly writes: number[];
  stop(): Promise<void>;
}

/** An HTTP proxy in front of a real InfluxDB that does to writes what networks and servers do. All else passes. */
export async function startInfluxProxy(upstream: string): Promise<InfluxProxy> {
  const target = new URL(upstream);
  const server = http.createServer((request, response) => {
    const isWrite = request.method === 'POST' && (request.url ?? '').includes('write');
    const fault = isWrite ? (proxy.next.shift() ?? proxy.otherwise) : ({ kind: 'pass' } as const);
    if (fault.kind === 'cut_before') {
      request.socket.destroy();
      return;
    }
    read(request).then(
      (body) => {
        if (isWrite) proxy.writes.push(body.length);
        serve(fault, request, body, response).catch(() => response.destroy());
      },
      () => response.destroy(),
    );
  });

  function forward(
    request: http.IncomingMessage,
    body: Buffer,
    length = body.length,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      headers: http.IncomingHttpHeaders;
      body: Buffer;
    }>();
    const { 'transfer-encoding': _, ...headers } = request.headers;
    const onward = http.request({
      host: target.hostname,
      port: target.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: { ...headers, host: target.host, 'content-length': length },
      agent: false,
    });
    onward.on('error', reject);
    onward.on('response', (answer) => {
      read(answer).then(
        (text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        reject,
      );
    });
    if (body.length === length) onward.end(body);
    // The rest never comes.
    else onward.write(body, () => setTimeout(() => onward.destroy(new Error('cut')), 20));
    return promise;
  }

  async function serve(
    fault: Fault,
    request: http.IncomingMessage,
    body: Buffer,
    response: http.ServerResponse,
  ): Promise<void> {
    const pass = async () => {
      const answer = await forward(request, body);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    };
    switch (fault.kind) {
      case 'pass':
        return pass();
      case 'answer':
        response.writeHead(fault.status, { 'content-type': 'text/html', ...fault.headers });
        response.end(fault.body ?? '<html>a proxy</html>');
        return;
      case 'answer_after':
        await forward(request, body);
        response.writeHead(fault.status).end(fault.body ?? '');
        return;
      case 'largest':
        if (body.length <= fault.bytes) return pass();
        response.writeHead(413, { connection: 'close' }).end('<html>413 Request Entity Too Large</html>');
        return;
      case 'hangs_above':
        if (body.length <= fault.bytes) return pass();
        await forward(request, body);
        return;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        return pass();
      case 'cut_before':
        response.destroy();
        return;
      case 'cut_body':
        await forward(request, body.subarray(0, body.length / 2), body.length);
        return;
      case 'short_body': {
        const answer = await forward(request, body.subarray(0, body.length / 2));
        response.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      }
      case 'cut_answer':
        await forward(request, body);
        response.socket?.end('HTTP/1.1 204 No Con');
        return;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: InfluxProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: [],
    otherwise: { kind: 'pass' },
    writes: [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function read(stream: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
