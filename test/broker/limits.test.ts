import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { connectPacket, DISCONNECT, packet, publishPacket, pubrelPacket, text } from './packets.ts';
import { closed, connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';

const TOPIC = 'devices/a/telemetry';
const MIB = 1024 * 1024;
const CONNACK = [0x20, 2, 0, 0];
let running: RunningBroker;

afterEach(() => running.stop());

function loginPacket(clientId = 'raw', clean = true): Buffer {
  return connectPacket({ clientId, username: 'a', password: TOKEN, clean });
}

/** Collects what a socket receives. */
function received(socket: Socket): { bytes: number[] } {
  const all = { bytes: [] as number[] };
  socket.on('data', (chunk) => all.bytes.push(...chunk));
  return all;
}

function payloads(): string[] {
  return running.accepted.map(({ payload }) => Buffer.from(payload).toString());
}

describe('large messages', () => {
  it.each([2_000_000, MIB + 1, MIB + 300, 6 * MIB])(
    'of %i bytes are acknowledged, and only their head is kept',
    async (size) => {
      running = await runBroker();
      const client = running.connect();
      await connected(client);
      const payload = Buffer.alloc(size, 'x');
      payload.write('{"at":1}');
      await Promise.all([
        client.publishAsync(TOPIC, 'before', { qos: 1 }),
        client.publishAsync(TOPIC, payload, { qos: 1 }),
        client.publishAsync(TOPIC, 'after', { qos: 1 }),
      ]);
      expect(running.accepted.map(({ truncatedFrom }) => truncatedFrom)).toEqual([0, size, 0]);
      const head = running.accepted[1]?.payload ?? Buffer.alloc(0);
      expect(head.length).toBe(4096);
      expect(Buffer.from(head)).toEqual(payload.subarray(0, 4096));
      expect(payloads()[2]).toBe('after');
      expect(running.broker.counters().truncated).toBe(1);
    },
  );

  it('of exactly 1 MiB are kept whole', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    await client.publishAsync(TOPIC, Buffer.alloc(MIB, 'x'), { qos: 2 });
    expect(running.accepted[0]).toMatchObject({ truncatedFrom: 0, qos: 2 });
    expect(running.accepted[0]?.payload.length).toBe(MIB);
  });

  it('to the topic of another device close the connection too', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    const gone = closed(client);
    client.publish('devices/b/telemetry', Buffer.alloc(2 * MIB), { qos: 1 }, () => undefined);
    await gone;
    expect(running.accepted).toEqual([]);
  });
});

describe('raw bytes', () => {
  it('may come one by one', async () => {
    running = await runBroker({ maxPayloadBytes: 1000, keptHeadBytes: 10 });
    const socket = await running.raw();
    const answer = received(socket);
    const stream = Buffer.concat([
      loginPacket(),
      publishPacket(TOPIC, 'small', 1, 1),
      publishPacket(TOPIC, 'l'.repeat(2000), 1, 2),
      publishPacket(TOPIC, 'last', 1, 3),
    ]);
    for (const byte of stream) socket.write(Buffer.of(byte));
    await until('three acknowledgements', () => answer.bytes.length === 16);
    expect(answer.bytes).toEqual([...CONNACK, 0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3]);
    expect(payloads()).toEqual(['small', 'l'.repeat(10), 'last']);
    expect(running.accepted[1]?.truncatedFrom).toBe(2000);
  });

  it('may hold any number of messages behind CONNECT [MQTT-3.1.4-5]', async () => {
    running = await runBroker();
    const socket = await running.raw();
    const answer = received(socket);
    socket.write(
      Buffer.concat([
        loginPacket(),
        ...Array.from({ length: 500 }, (_, n) => publishPacket(TOPIC, `${n}`, 1, n + 1)),
      ]),
    );
    await until('all acknowledgements', () => answer.bytes.length === 4 + 500 * 4);
    expect(payloads()).toEqual(Array.from({ length: 500 }, (_, n) => `${n}`));
  });

  it('of a device that says goodbye at once are taken in', async () => {
    running = await runBroker();
    const socket = await running.raw();
    socket.resume();
    socket.end(Buffer.concat([loginPacket(), publishPacket(TOPIC, 'farewell', 0), DISCONNECT]));
    await closed(socket);
    expect(payloads()).toEqual(['farewell']);
  });

  it.each([
    ['no CONNECT first', publishPacket(TOPIC, 'x', 1, 1)],
    ['a length of five bytes', Buffer.of(0x10, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a CONNECT of 300 KiB', packet(0x10, text('MQTT'), Buffer.alloc(300 * 1024))],
    ['another protocol name', packet(0x10, text('NOPE'), Buffer.of(4, 2, 0, 60), text('x'))],
  ])('with %s close the connection', async (_what, bytes) => {
    running = await runBroker();
    const socket = await running.raw();
    socket.resume();
    const gone = closed(socket);
    socket.write(bytes);
    await gone;
    await until('the broker noticed', () => running.broker.counters().connections === 0);
  });

  it.each([
    ['a second CONNECT', loginPacket()],
    ['a SUBSCRIBE of 300 KiB', packet(0x82, Buffer.of(0, 1), Buffer.alloc(300 * 1024))],
    ['QoS 3', packet(0x36, text(TOPIC), Buffer.of(0, 1))],
    ['an empty topic', publishPacket('', 'x', 1, 1)],
    ['a wildcard in a topic', publishPacket('devices/a/+', 'x', 1, 1)],
    ['packet id 0', publishPacket(TOPIC, 'x', 1, 0)],
    ['a topic longer than its packet', packet(0x30, Buffer.of(0xff, 0xff, 1, 2, 3))],
  ])('with %s after the login close the connection', async (_what, bytes) => {
    running = await runBroker();
    const socket = await running.raw();
    const answer = received(socket);
    const gone = closed(socket);
    socket.write(loginPacket());
    await until('the login', () => answer.bytes.length === 4);
    socket.write(bytes);
    await gone;
    expect(running.accepted).toEqual([]);
  });

  it('of a protocol version that is not spoken get CONNACK 1', async () => {
    running = await runBroker();
    const socket = await running.raw();
    const answer = received(socket);
    // MQTT 5: the version, then properties of length 0 behind the keep-alive.
    socket.write(packet(0x10, text('MQTT'), Buffer.of(5, 2, 0, 60, 0), text('x')));
    await closed(socket);
    expect(answer.bytes.slice(0, 1)).toEqual([0x20]);
    expect(answer.bytes[3]).toBe(1);
  });
});

describe('QoS 2', () => {
  it('keeps a message once that is sent again before PUBREL, also by a session that came back', async () => {
    running = await runBroker();
    running.hold();
    const first = await running.raw();
    const answer = received(first);
    first.write(
      Buffer.concat([
        loginPacket('s', false),
        publishPacket(TOPIC, 'once', 2, 7),
        publishPacket(TOPIC, 'once', 2, 7, true),
      ]),
    );
    await until('it was let in', () => running.accepted.length === 1);
    running.release();
    await until('PUBREC for both', () => answer.bytes.length === 12);
    expect(answer.bytes.slice(4)).toEqual([0x50, 2, 0, 7, 0x50, 2, 0, 7]);
    first.destroy();

    const second = await running.raw();
    const more = received(second);
    second.write(Buffer.concat([loginPacket('s', false), publishPacket(TOPIC, 'once', 2, 7, true)]));
    await until('PUBREC', () => more.bytes.length === 8);
    second.write(pubrelPacket(7));
    await until('PUBCOMP', () => more.bytes.length === 12);
    expect(more.bytes.slice(4)).toEqual([0x50, 2, 0, 7, 0x70, 2, 0, 7]);
    expect(payloads()).toEqual(['once']);

    // The id is free again: the same bytes are another message now.
    second.write(publishPacket(TOPIC, 'once', 2, 7));
    await until('it was let in', () => running.accepted.length === 2);
  });

  it('lets a message that could not be kept be sent again', async () => {
    running = await runBroker();
    running.hold();
    const first = await running.raw();
    first.resume();
    first.write(Buffer.concat([loginPacket('s', false), publishPacket(TOPIC, 'again', 2, 7)]));
    await until('it was let in', () => running.accepted.length === 1);
    running.settleNext(new Error('disk full'));
    await closed(first);
    running.release();
    const second = await running.raw();
    const more = received(second);
    second.write(Buffer.concat([loginPacket('s', false), publishPacket(TOPIC, 'again', 2, 7, true)]));
    await until('PUBREC', () => more.bytes.length === 8);
    expect(running.accepted).toHaveLength(2);
  });
});

describe('more than the disk can take', () => {
  const flood = (count: number, bytes: number, qos: 0 | 1): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, n) => publishPacket(TOPIC, `${n} `.padEnd(bytes, 'x'), qos, n + 1)),
    );

  it('of one client pauses that client alone, and loses nothing', async () => {
    running = await runBroker({ maxInFlightBytesPerClient: 20_000 });
    running.hold();
    const socket = await running.raw();
    const answer = received(socket);
    socket.write(loginPacket());
    // One at a time: Aedes holds back by itself only where many packets come in one read.
    let sent = 0;
    while (running.broker.counters().paused === 0) {
      sent += 1;
      socket.write(publishPacket(TOPIC, 'x'.repeat(1000), 1, sent));
      await until(
        'it was let in or held back',
        () => running.accepted.length === sent || running.broker.counters().paused === 1,
      );
    }
    for (let n = sent + 1; n <= 3000; n += 1) socket.write(publishPacket(TOPIC, 'x'.repeat(1000), 1, n));
    const other = running.connect({ clientId: 'other' });
    await connected(other);
    await other.subscribeAsync('devices/a/commands');
    expect(running.broker.counters()).toMatchObject({ paused: 1 });
    expect(running.accepted.length).toBeLessThan(20);
    running.release();
    await until('all acknowledgements', () => answer.bytes.length === 4 + 3000 * 4);
    expect(running.accepted.map(({ packetId }) => packetId)).toEqual(
      Array.from({ length: 3000 }, (_, n) => n + 1),
    );
    expect(running.broker.counters()).toMatchObject({ paused: 0, inFlightBytes: 0, accepted: 3000 });
  });

  it('of all clients together pauses them all, and sheds QoS 0', async () => {
    running = await runBroker({ maxInFlightBytes: 40_000 });
    running.hold();
    const sockets = await Promise.all(Array.from({ length: 5 }, () => running.raw()));
    const answers = sockets.map(received);
    for (const [n, socket] of sockets.entries())
      socket.write(Buffer.concat([loginPacket(`c${n}`), flood(500, 1000, 1)]));
    await until('some are paused', () => running.broker.counters().paused > 0);
    const counted = running.accepted.length;
    expect(counted).toBeLessThan(2500);
    running.release();
    await until('all acknowledgements', () => answers.every(({ bytes }) => bytes.length === 4 + 500 * 4));
    expect(running.broker.counters()).toMatchObject({ paused: 0, inFlightBytes: 0, accepted: 2500, shed: 0 });

    running.hold();
    sockets[0]?.write(flood(500, 1000, 0));
    await until('QoS 0 is shed', () => running.broker.counters().shed > 0);
    running.release();
    await until('nothing waits', () => running.broker.counters().inFlightBytes === 0);
    await until('every message was either kept or shed', () => {
      const { accepted, shed } = running.broker.counters();
      return accepted + shed === 3000;
    });
  });
});

describe('a disk that takes nothing', () => {
  it('lets QoS 1 wait, drops QoS 0 at once, and says so', async () => {
    let refusing = true;
    running = await runBroker({}, { isRefusing: () => refusing });
    running.hold();
    const socket = await running.raw();
    const answer = received(socket);
    socket.write(Buffer.concat([loginPacket(), publishPacket(TOPIC, 'kept', 1, 1)]));
    await until('it was let in', () => running.accepted.length === 1);
    socket.write(publishPacket(TOPIC, 'dropped', 0, 0));
    await until('it was shed', () => running.broker.counters().shed === 1);
    expect(answer.bytes.length).toBe(4);
    expect(running.log.map(({ message }) => message)).toContain(
      'messages of QoS 0 are dropped: what came before waits for the disk',
    );
    refusing = false;
    running.release();
    await until('PUBACK', () => answer.bytes.length === 8);
    socket.write(publishPacket(TOPIC, 'taken', 0, 0));
    await until('the next is taken', () => running.broker.counters().accepted === 2);
  });
});

describe('WebSocket', () => {
  it('carries MQTT like TCP does', async () => {
    running = await runBroker();
    const http: Server = createServer();
    const upgrades = new WebSocketServer({ server: http, path: '/mqtt', handleProtocols: () => 'mqtt' });
    upgrades.on('connection', (socket) => running.broker.handleWebSocket(createWebSocketStream(socket)));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = running.connect({ url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/mqtt` });
    await connected(client);
    const heard = new Promise((resolve) =>
      client.once('message', (_topic, payload) => resolve(payload.toString())),
    );
    await client.subscribeAsync('devices/a/commands', { qos: 1 });
    await client.publishAsync(TOPIC, '{"event":"ws"}', { qos: 1 });
    await client.publishAsync(TOPIC, Buffer.alloc(2_000_000), { qos: 2 });
    await running.broker.publish('devices/a/commands', 'hello', { qos: 1 });
    expect(await heard).toBe('hello');
    expect(running.accepted.map(({ truncatedFrom }) => truncatedFrom)).toEqual([0, 2_000_000]);
    const gone = closed(client);
    running.broker.disconnect('a');
    await gone;
    upgrades.close();
    await new Promise((resolve) => http.close(resolve));
  });
});
