import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../../gateway/http/dependencies.ts';
import { createLiveStreams } from '../../../gateway/http/live-stream.ts';
import { eventually } from '../../support/gateway.ts';
import { ADMIN_TOKEN, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const position = (device: string, at: number): LiveEvent => ({
  kind: 'position',
  device,
  type: 'car',
  consumer: null,
  at,
  lat: 45,
  lon: 9,
});

async function openStream() {
  const controller = new AbortController();
  const answer = await fetch(`${server.url}/api/v1/live`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    signal: controller.signal,
  });
  const received: string[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) received.push(decoder.decode(chunk, { stream: true }));
  })().catch(() => received.push('(closed)'));
  return { answer, text: () => received.join(''), close: () => controller.abort(), reading };
}

const untilText = (stream: { text(): string }, wanted: string) =>
  eventually(`"${wanted}" in the stream`, 20_000, async () =>
    stream.text().includes(wanted) ? true : undefined,
  );

describe('the live stream', () => {
  it('begins with the snapshot, then tells every event under its kind', async () => {
    server.snapshot = [position('car-1', 1), position('car-2', 2)];
    const stream = await openStream();
    expect(stream.answer.headers.get('content-type')).toContain('text/event-stream');
    expect(stream.answer.headers.get('cache-control')).toBe('no-store');
    expect(stream.answer.headers.get('content-security-policy')).toContain("default-src 'self'");
    await untilText(stream, '"car-2"');
    for (const listener of server.listeners) listener({ kind: 'visit', visit: { id: 'v1' } });
    await untilText(stream, 'v1');
    const [retry, first, second, third] = stream.text().split('\n\n');
    expect(retry).toBe('retry: 2000');
    expect([first, second].map((block) => block?.split('\n')[0])).toEqual([
      'event: position',
      'event: position',
    ]);
    expect(third).toBe('event: visit\ndata: {"kind":"visit","visit":{"id":"v1"}}');
    stream.close();
    await eventually('the listener gone', 20_000, async () =>
      server.listeners.size === 0 ? true : undefined,
    );
  });

  it('drops a reader that does not keep up, and goes on for the others', async () => {
    server.snapshot = [];
    const good = await openStream();
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    slow.write(`GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    slow.pause();
    await eventually('two listeners', 20_000, async () => (server.listeners.size === 2 ? true : undefined));
    const detail = 'x'.repeat(10_000);
    await eventually('the slow reader dropped', 20_000, async () => {
      // More than sockets can hold in a few seconds, and each time less than a reader that keeps up may have waiting.
      for (let n = 0; n < 20; n += 1) {
        for (const listener of server.listeners) listener({ kind: 'decision', decision: { detail } });
      }
      return server.listeners.size === 1 ? true : undefined;
    });
    for (const listener of server.listeners)
      listener({ kind: 'quarantine', device: 'the-last', code: 'bad_json' });
    await untilText(good, 'the-last');
    slow.destroy();
    good.close();
    await eventually('the listener gone', 20_000, async () =>
      server.listeners.size === 0 ? true : undefined,
    );
  });

  it('ends when the gateway stops, and leaves no listener', async () => {
    const other = await startHttp();
    const answer = await fetch(`${other.url}/api/v1/live`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const body = answer.text().catch(() => 'closed');
    await eventually('a listener', 20_000, async () => (other.listeners.size === 1 ? true : undefined));
    await other.stop();
    await body;
    expect(other.listeners.size).toBe(0);
  });
});

describe('a live stream on its own', () => {
  it('does not begin for a reader who has hung up', async () => {
    const streams = createLiveStreams({
      snapshot: async () => [],
      subscribe: () => {
        throw new Error('nobody is there to be told');
      },
      publish: () => undefined,
    });
    const served = Promise.withResolvers<void>();
    const standalone = createServer((_request, response) => {
      response.once('close', () =>
        streams.serve(response, {}, async () => true).then(served.resolve, served.reject),
      );
    });
    standalone.listen(0, '127.0.0.1');
    await once(standalone, 'listening');
    const socket = connect((standalone.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.destroy());
    await served.promise;
    expect(streams.size).toBe(0);
    standalone.close();
  });

  it('keeps the connection open with comments, and ends once the reader may read no more', async () => {
    let isAllowed = true;
    const streams = createLiveStreams(
      { snapshot: async () => [], subscribe: () => () => undefined, publish: () => undefined },
      20,
    );
    const standalone = createServer((_request, response) => {
      void streams.serve(response, {}, async () => isAllowed);
    });
    standalone.listen(0, '127.0.0.1');
    await once(standalone, 'listening');
    const { port } = standalone.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('\n\n:\n\n')) text += (await reader?.read())?.value ?? '';
    expect(streams.size).toBe(1);
    isAllowed = false;
    await expect(
      (async () => {
        while (!(await reader?.read())?.done);
      })(),
    ).rejects.toThrow('terminated');
    await eventually('the stream gone', 20_000, async () => (streams.size === 0 ? true : undefined));
    standalone.close();
  });
});
