import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedPost {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers; `hang`: nothing, ever. */
export type WebhookAnswer = 'hang' | { readonly status: number; readonly headers?: Record<string, string> };

/** A real HTTP server on a free port of this machine that keeps what is posted to it. */
export interface WebhookReceiver {
  readonly origin: string;
  readonly received: readonly ReceivedPost[];
  /** From now on; 204 at first. */
  answer: WebhookAnswer;
  stop(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedPost[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the sender gave up
    }
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    const { answer } = receiver;
    if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: WebhookReceiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: { status: 204 },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
