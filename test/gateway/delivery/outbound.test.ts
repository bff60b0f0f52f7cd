import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  createOutboundAgent,
  type OutboundAgent,
  type OutboundOptions,
} from '../../../gateway/delivery/outbound.ts';

const TIMEOUT_MS = 400;

const agents: OutboundAgent[] = [];
const hosts: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  for (const { server, sockets } of hosts.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
});

interface Host {
  readonly origin: string;
  readonly port: number;
  /** Connections that were ever made. */
  connections(): number;
  /** Connections that are open. */
  open(): number;
}

/** A host that speaks raw bytes: `onRequest` is called once the request's head is there. */
async function startHost(onRequest: (socket: Socket, head: string) => void): Promise<Host> {
  const sockets = new Set<Socket>();
  let made = 0;
  const server = createServer((socket) => {
    made += 1;
    sockets.add(socket);
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const whole = head;
      head = '';
      onRequest(socket, whole);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  hosts.push({ server, sockets });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, connections: () => made, open: () => sockets.size };
}

function agentFor(origins: readonly string[], more: Partial<OutboundOptions> = {}): OutboundAgent {
  const agent = createOutboundAgent({ trustedOrigins: origins, timeoutMs: TIMEOUT_MS, ...more });
  agents.push(agent);
  return agent;
}

function post(agent: OutboundAgent, url: string) {
  const body = Buffer.from('{}');
  return agent.post({ endpoint: new URL(url), headers: { 'content-length': '2' }, body });
}

/** Writes again and again until the peer has gone. */
function drip(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}

test('headers that come byte by byte end at the deadline, and so does the connection', async () => {
  const host = await startHost((socket) => {
    socket.write('HTTP/1.1 201 Created\r\nx-slow: ');
    drip(socket, 'x', 20);
  });
  const before = performance.now();
  await expect(post(agentFor([host.origin]), host.origin)).rejects.toMatchObject({ code: 'timeout' });
  expect(performance.now() - before).toBeLessThan(TIMEOUT_MS * 25);
  await expect.poll(() => host.open()).toBe(0);
});

test('a body without an end delays nothing, and its connection is cut', async () => {
  const host = await startHost((socket) => {
    socket.write('HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n');
    drip(socket, '1\r\nx\r\n', 20);
  });
  const agent = agentFor([host.origin], { connectionsPerOrigin: 1 });
  expect(await post(agent, host.origin)).toEqual({ status: 201, retryAfter: undefined });
  await expect.poll(() => host.open()).toBe(0);
  expect(await post(agent, host.origin)).toMatchObject({ status: 201 });
});

test('an answer of any size costs no more than its bound', async () => {
  let written = 0;
  const host = await startHost((socket) => {
    socket.write('HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 1000000000\r\n\r\n');
    const chunk = Buffer.alloc(64 * 1024, 120);
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk)) written += chunk.length;
      written += chunk.length;
    };
    socket.on('drain', more);
    more();
  });
  expect(await post(agentFor([host.origin]), host.origin)).toEqual({ status: 503, retryAfter: '7' });
  await expect.poll(() => host.open()).toBe(0);
  expect(written).toBeLessThan(50_000_000);
});

test('an answer before the answer is passed over', async () => {
  const host = await startHost((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
    socket.write('HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n');
  });
  expect(await post(agentFor([host.origin]), host.origin)).toMatchObject({ status: 410 });
});

test.each([301, 302, 303, 307, 308])('a redirect with %i leads nowhere', async (status) => {
  const forbidden = await startHost(() => undefined);
  const host = await startHost((socket) => {
    socket.write(
      `HTTP/1.1 ${status} Over there\r\nlocation: ${forbidden.origin}/\r\ncontent-length: 0\r\n\r\n`,
    );
  });
  expect(await post(agentFor([host.origin, forbidden.origin]), host.origin)).toMatchObject({ status });
  expect(forbidden.connections()).toBe(0);
});

test.each([
  ['plain http', (port: number) => `http://push.example:${port}/`],
  ['loopback', (port: number) => `https://127.0.0.1:${port}/`],
  ['loopback in another spelling', (port: number) => `https://2130706433:${port}/`],
  ['loopback in IPv6', (port: number) => `https://[::ffff:127.0.0.1]:${port}/`],
  ['a name that leads to loopback', (port: number) => `https://push.example:${port}/`],
  ['localhost', (port: number) => `https://localhost:${port}/`],
])('%s is refused without a connection', async (_, urlOf) => {
  const host = await startHost(() => undefined);
  const asked: string[] = [];
  const agent = agentFor([], {
    lookup: (hostname, __, callback) => {
      asked.push(hostname);
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    },
  });
  await expect(post(agent, urlOf(host.port))).rejects.toMatchObject({ code: 'refused' });
  expect(host.connections()).toBe(0);
  // Who asks twice can be told two things.
  expect(asked.length).toBeLessThanOrEqual(1);
});

test('what is under way ends when the agent stops', async () => {
  const host = await startHost(() => undefined);
  const agent = agentFor([host.origin]);
  const pending = post(agent, host.origin);
  await expect.poll(() => host.open()).toBe(1);
  await Promise.all([expect(pending).rejects.toThrow(), agent.stop()]);
});

test('what waited for a connection is looked at once more before it is written', async () => {
  const answers: (() => void)[] = [];
  const host = await startHost((socket) => {
    answers.push(() => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'));
  });
  const agent = agentFor([host.origin], { connectionsPerOrigin: 1, timeoutMs: 20_000 });
  let isWanted = true;
  const request = {
    endpoint: new URL(host.origin),
    headers: { 'content-length': '2' },
    body: Buffer.from('{}'),
    isStillWanted: () => isWanted,
  };
  const first = agent.post(request);
  await expect.poll(() => answers.length).toBe(1);
  const second = agent.post(request);
  isWanted = false;
  answers[0]?.();
  expect((await first).status).toBe(201);
  await expect(second).rejects.toMatchObject({ code: 'unwanted' });
  isWanted = true;
  const third = agent.post(request);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.();
  expect((await third).status).toBe(201);
});

test('a header that goes by the time is asked for when a connection has a place for the request', async () => {
  const heads: string[] = [];
  const answers: (() => void)[] = [];
  const host = await startHost((socket, head) => {
    heads.push(head);
    answers.push(() => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'));
  });
  const agent = agentFor([host.origin], { connectionsPerOrigin: 2, timeoutMs: 20_000 });
  let seconds = 60;
  const request = {
    endpoint: new URL(host.origin),
    headers: { 'content-length': '2', ttl: '61' },
    timedHeaders: () => ({ ttl: String(seconds) }),
    body: Buffer.from('{}'),
  };
  const begun = [agent.post(request), agent.post(request)];
  await expect.poll(() => answers.length).toBe(2);
  begun.push(agent.post(request));
  seconds = 53;
  answers[0]?.();
  await expect.poll(() => answers.length).toBe(3);
  for (const answer of answers.slice(1)) answer();
  expect((await Promise.all(begun)).map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(heads.map((head) => head.match(/^ttl:.*$/gim))).toEqual([['ttl: 60'], ['ttl: 60'], ['ttl: 53']]);
});
