import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { serveMqttWebSockets } from '../../../gateway/http/mqtt-websocket.ts';
import { eventually } from '../../support/gateway.ts';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const address = (path: string) => server.url.replace('http', 'ws') + path;

async function refusal(path: string, protocol?: string): Promise<string> {
  const socket =
    protocol === undefined ? new WebSocket(address(path)) : new WebSocket(address(path), protocol);
  const [error] = await once(socket, 'error');
  return String(error);
}

describe('WebSockets', () => {
  it('at /mqtt are handed over as a stream of bytes, both ways', async () => {
    const socket = new WebSocket(address('/mqtt'), 'mqtt');
    await once(socket, 'open');
    expect(socket.protocol).toBe('mqtt');
    const taken = await eventually('the stream', 20_000, async () => server.mqttSockets[0]);
    taken.stream.on('data', (data: Buffer) => taken.stream.write(Buffer.concat([data, data])));
    socket.send(Buffer.from([1, 2]));
    const [echo] = await once(socket, 'message');
    expect([...(echo as Buffer)]).toEqual([1, 2, 1, 2]);
    socket.close();
    await once(socket, 'close');
  });

  it.each([
    ['nobody', undefined, '127.0.0.1'],
    ['whom the proxy on this machine was asked by', '203.0.113.7', '203.0.113.7'],
    ['the last of several, for the others were said by the peer', '10.1.2.3, 203.0.113.7', '203.0.113.7'],
    ['whom a second proxy on this machine was asked by', '2001:db8::7, 127.0.0.1', '2001:db8::7'],
    ['no more than an address', '203.0.113.7, <script>', '127.0.0.1'],
  ])('are of %s', async (_who, forwardedFor, expected) => {
    const before = server.mqttSockets.length;
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    const socket = new WebSocket(address('/mqtt'), 'mqtt', { headers });
    await once(socket, 'open');
    const taken = await eventually('the stream', 20_000, async () => server.mqttSockets[before]);
    expect(taken.address).toBe(expected);
    socket.terminate();
  });

  it('are refused elsewhere, and without the subprotocol', async () => {
    const before = server.mqttSockets.length;
    expect(await refusal('/elsewhere', 'mqtt')).toContain('404');
    expect(await refusal('/mqtt')).toContain('400');
    expect(await refusal('/mqtt', 'chat')).toContain('400');
    expect(server.mqttSockets).toHaveLength(before);
  });

  it('are closed where they bring text', async () => {
    const socket = new WebSocket(address('/mqtt'), 'mqtt');
    await once(socket, 'open');
    socket.send(Buffer.of(0xc0, 0));
    socket.send('\u0010');
    await once(socket, 'close');
  });

  it('are closed when the gateway stops', async () => {
    const other = await startHttp();
    const socket = new WebSocket(`${other.url.replace('http', 'ws')}/mqtt`, 'mqtt');
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await other.stop();
    await closed;
  });
});

describe('a refused upgrade', () => {
  it('leaves no connection behind, even if the peer keeps its side open', async () => {
    const other = createHttp();
    const close = serveMqttWebSockets(other, () => undefined);
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined).resume();
    socket.write('GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'end');
    await eventually('the connection gone', 20_000, async () => {
      const { promise, resolve } = Promise.withResolvers<number>();
      other.getConnections((_error, count) => resolve(count));
      return (await promise) === 0 ? true : undefined;
    });
    socket.destroy();
    await close();
    other.close();
  });
});

describe('listening', () => {
  it('says which port is taken', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startHttp({ httpPort: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    });
    other.close();
  });
});
