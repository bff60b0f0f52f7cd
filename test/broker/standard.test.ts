import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPacket, packet, publishPacket, pubrelPacket, text } from './packets.ts';
import {
  closed,
  connected,
  type RunningBroker,
  refusalOf,
  runBroker,
  TOKEN,
  until,
} from './running-broker.ts';

const TOPIC = 'devices/a/telemetry';
const CONNACK = [0x20, 2, 0, 0];
const PINGREQ = Buffer.of(0xc0, 0);
let running: RunningBroker;

afterEach(() => running.stop());

const login = (clientId = 'raw', clean = true, username = 'a') =>
  connectPacket({ clientId, username, password: TOKEN, clean });

interface Answer {
  readonly bytes: number[];
  readonly isOpen: boolean;
}

/** What is answered to bytes until it is closed, or the ping behind them is answered. */
const answerTo = (...bytes: Uint8Array[]): Promise<Answer> => answersTo(1, ...bytes);

/**
 * What is answered to bytes until it is closed, or the ping behind them is answered and so many packets have come: PINGRESP
 * may overtake what waits for a disk or a look-up.
 */
async function answersTo(count: number, ...bytes: Uint8Array[]): Promise<Answer> {
  const socket = await running.raw();
  let received = Buffer.alloc(0);
  let isOpen = true;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.on('close', () => {
    isOpen = false;
  });
  socket.write(Buffer.concat([...bytes, PINGREQ]));
  const isPing = (one: Buffer) => one[0] === 0xd0;
  await until('it is closed, or all is answered', () => {
    const packets = packetsOf(received);
    return !isOpen || (packets.some(isPing) && packets.length > count);
  });
  socket.destroy();
  return { bytes: packetsOf(received).flatMap((one) => (isPing(one) ? [] : [...one])), isOpen };
}

/** Short packets, one behind the other. */
function packetsOf(bytes: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    packets.push(bytes.subarray(at, at + 2 + (bytes[at + 1] ?? 0)));
  }
  return packets;
}

/** A CONNECT put together by hand. */
function connect(options: {
  readonly name?: string;
  readonly level?: number;
  readonly flags?: number;
  readonly keepAliveSeconds?: number;
  readonly payload?: readonly Uint8Array[];
}): Buffer {
  const { name = 'MQTT', level = 4, flags = 0xc2, keepAliveSeconds = 60 } = options;
  const payload = options.payload ?? [text('raw'), text('a'), text(TOKEN)];
  return packet(
    0x10,
    text(name),
    Buffer.of(level, flags, keepAliveSeconds >> 8, keepAliveSeconds & 0xff),
    ...payload,
  );
}

const id = (number: number) => Buffer.of(number >> 8, number & 0xff);
const subscribe = (packetId: number, ...filters: readonly (readonly [string, number])[]) =>
  packet(0x82, id(packetId), ...filters.flatMap(([filter, qos]) => [text(filter), Buffer.of(qos)]));
const unsubscribe = (packetId: number, ...filters: readonly string[]) =>
  packet(0xa2, id(packetId), ...filters.map((filter) => text(filter)));

describe('CONNECT', () => {
  it('without a client id gets one with a clean session, and CONNACK 2 without [MQTT-3.1.3-7, -8]', async () => {
    running = await runBroker();
    expect(await answersTo(2, login('', true), publishPacket(TOPIC, '{}', 1, 7))).toEqual({
      bytes: [...CONNACK, 0x40, 2, 0, 7],
      isOpen: true,
    });
    expect(running.accepted[0]?.clientId).toMatch(/^[A-Za-z0-9._:-]{1,128}$/);
    expect(await answerTo(login('', false))).toEqual({ bytes: [0x20, 2, 0, 2], isOpen: false });
  });

  it.each(['a\u0000b', 'a\u0001b', 'a\u007fb', 'a\u0085b', 'a\ud7ffb'])(
    'with the client id %j gets CONNACK 2',
    async (clientId) => {
      running = await runBroker();
      expect(await answerTo(login(clientId))).toEqual({ bytes: [0x20, 2, 0, 2], isOpen: false });
    },
  );

  it('with a client id that is no UTF-8 is refused [MQTT-1.5.3-1]', async () => {
    running = await runBroker();
    const broken = Buffer.concat([Buffer.of(0, 2), Buffer.of(0xc3, 0x28)]);
    const answer = await answerTo(connect({ payload: [broken, text('a'), text(TOKEN)] }));
    expect(answer.isOpen).toBe(false);
    expect(answer.bytes).not.toEqual(CONNACK);
  });

  it('with the client id of another user gets CONNACK 2, also after that one left', async () => {
    running = await runBroker();
    expect((await answerTo(login('shared', false))).bytes).toEqual(CONNACK);
    expect(await answerTo(login('shared', false, 'b'))).toEqual({ bytes: [0x20, 2, 0, 2], isOpen: false });
    expect(await answerTo(login('shared', true, 'b'))).toEqual({ bytes: [0x20, 2, 0, 2], isOpen: false });
    expect((await answerTo(login('shared', false))).isOpen).toBe(true);
  });

  it.each([1, 2, 5, 6, 127])(
    'of protocol level %i gets CONNACK 1 and is closed [MQTT-3.1.2-2]',
    async (level) => {
      running = await runBroker();
      // MQTT 5 has properties, here none, where 3.1.1 has the client id.
      const properties = level === 5 ? [Buffer.of(0)] : [];
      const bytes = connect({ level, payload: [...properties, text('raw'), text('a'), text(TOKEN)] });
      expect(await answerTo(bytes)).toEqual({ bytes: [0x20, 2, 0, 1], isOpen: false });
    },
  );

  it.each([
    ['another protocol name [MQTT-3.1.2-1]', connect({ name: 'MQTQ' })],
    ['its reserved flag set [MQTT-3.1.2-3]', connect({ flags: 0xc3 })],
    [
      'a will of QoS 3 [MQTT-3.1.2-14]',
      connect({ flags: 0xde, payload: [text('raw'), text(TOPIC), text('x'), text('a'), text(TOKEN)] }),
    ],
    ['a will QoS but no will [MQTT-3.1.2-13]', connect({ flags: 0xca })],
    ['will retain but no will [MQTT-3.1.2-15]', connect({ flags: 0xe2 })],
    [
      'a password but no user name [MQTT-3.1.2-22]',
      connect({ flags: 0x42, payload: [text('raw'), text(TOKEN)] }),
    ],
    ['fewer fields than its flags say', connect({ payload: [text('raw'), text('a')] })],
    ['wrong fixed header flags [MQTT-2.2.2-2]', Buffer.concat([Buffer.of(0x12), login().subarray(1)])],
  ])('with %s is closed without CONNACK', async (_, bytes) => {
    running = await runBroker();
    expect(await answerTo(bytes)).toEqual({ bytes: [], isOpen: false });
    // And it harms nobody else.
    expect((await answerTo(login())).isOpen).toBe(true);
  });

  it.each(['devices/b/telemetry', 'devices/a/+', '#', '', 'devices/a/tele\u0000metry', '$SYS/x'])(
    'with a will to %j is refused',
    async (topic) => {
      running = await runBroker();
      const bytes = connect({
        flags: 0xc6,
        payload: [text('raw'), text(topic), text('x'), text('a'), text(TOKEN)],
      });
      expect(await answerTo(bytes)).toEqual({ bytes: [0x20, 2, 0, 5], isOpen: false });
    },
  );

  it('is taken once: a second one closes the connection [MQTT-3.1.0-2]', async () => {
    running = await runBroker();
    expect(await answerTo(login(), login())).toEqual({ bytes: CONNACK, isOpen: false });
  });

  it('comes first: anything else closes the connection [MQTT-3.1.0-1]', async () => {
    running = await runBroker();
    for (const bytes of [
      publishPacket(TOPIC, '{}', 1, 7),
      subscribe(1, [TOPIC, 0]),
      PINGREQ,
      Buffer.of(0xe0, 0),
    ]) {
      expect(await answerTo(bytes, login())).toEqual({ bytes: [], isOpen: false });
    }
    expect(running.accepted).toEqual([]);
  });

  it('takes over the client id of the same user, whose older connection is closed [MQTT-3.1.4-2]', async () => {
    running = await runBroker();
    const first = await running.raw();
    const gone = closed(first);
    const seen: number[] = [];
    first.on('data', (chunk) => seen.push(...chunk));
    first.write(login('mine', false));
    await until('CONNACK', () => seen.length === 4);
    expect((await answerTo(login('mine', false))).isOpen).toBe(true);
    await gone;
  });
});

describe('PUBLISH', () => {
  it.each([
    ['packet id 0 at QoS 1 [MQTT-2.3.1-1]', publishPacket(TOPIC, '{}', 1, 0)],
    ['packet id 0 at QoS 2', publishPacket(TOPIC, '{}', 2, 0)],
    ['QoS 3 [MQTT-3.3.1-4]', packet(0x36, text(TOPIC), id(1), Buffer.from('{}'))],
    ['DUP at QoS 0 [MQTT-3.3.1-2]', publishPacket(TOPIC, '{}', 0, 0, true)],
    ['a wildcard in its topic [MQTT-3.3.2-2]', publishPacket('devices/a/+', '{}', 1, 1)],
    ['# in its topic', publishPacket('devices/a/#', '{}', 1, 1)],
    ['an empty topic', publishPacket('', '{}', 1, 1)],
    ['U+0000 in its topic [MQTT-1.5.3-2]', publishPacket('devices/a/telemetry\u0000', '{}', 1, 1)],
    ['a control character in its topic', publishPacket('devices/a\u0001/telemetry', '{}', 1, 1)],
    ['the topic of another device', publishPacket('devices/b/telemetry', '{}', 1, 1)],
    ['the topic of another device at QoS 0', publishPacket('devices/b/telemetry', '{}', 0)],
    ['a topic of the broker', publishPacket('$SYS/x', '{}', 0)],
    ['a topic that the gateway sends on', publishPacket('devices/a/commands', '{}', 1, 1)],
    ['a topic longer than the packet', packet(0x30, Buffer.of(0xff, 0xff), Buffer.from('x'))],
  ])('with %s closes the connection, unacknowledged', async (_, bytes) => {
    running = await runBroker();
    expect(await answerTo(login(), bytes)).toEqual({ bytes: CONNACK, isOpen: false });
    expect(running.accepted).toEqual([]);
  });

  it('with nothing in it is a message, and goes to quarantine later [§3.3.3]', async () => {
    running = await runBroker();
    expect((await answersTo(2, login(), publishPacket(TOPIC, '', 1, 9))).bytes).toEqual([
      ...CONNACK,
      0x40,
      2,
      0,
      9,
    ]);
    expect(running.accepted[0]?.payload).toHaveLength(0);
  });

  it('at QoS 2 is answered as the standard has it, also where PUBREL comes twice or for nothing [MQTT-4.3.3-2]', async () => {
    running = await runBroker();
    const first = await answersTo(2, login('q', false), publishPacket(TOPIC, '{}', 2, 3));
    expect(first.bytes).toEqual([...CONNACK, 0x50, 2, 0, 3]);
    const second = await answersTo(3, login('q', false), pubrelPacket(3), pubrelPacket(3));
    expect(second).toEqual({ bytes: [...CONNACK, 0x70, 2, 0, 3, 0x70, 2, 0, 3], isOpen: true });
    const third = await answersTo(2, login('q', false), pubrelPacket(99));
    expect(third).toEqual({ bytes: [...CONNACK, 0x70, 2, 0, 99], isOpen: true });
    expect(running.accepted).toHaveLength(1);
  });
});

describe('SUBSCRIBE and UNSUBSCRIBE', () => {
  it('answer each filter in its place: what is not allowed with 0x80 [MQTT-3.9.3-1]', async () => {
    running = await runBroker();
    const filters = [
      ['devices/a/commands', 1],
      ['devices/b/commands', 1],
      ['#', 0],
      ['devices/+/telemetry', 2],
      ['devices/a/#', 2],
      ['$SYS/#', 0],
    ] as const;
    const answer = await answersTo(2, login(), subscribe(5, ...filters));
    expect(answer).toEqual({
      bytes: [...CONNACK, 0x90, 8, 0, 5, 1, 0x80, 0x80, 0x80, 2, 0x80],
      isOpen: true,
    });
  });

  it('answer each filter also where one repeats another, as if each had come alone [MQTT-3.8.4-4]', async () => {
    running = await runBroker();
    const filters = [
      ['devices/a/commands', 1],
      ['devices/b/commands', 1],
      ['devices/a/commands', 0],
      ['devices/b/commands', 2],
      ['devices/a/config', 2],
    ] as const;
    const answer = await answersTo(3, login(), subscribe(300, ...filters), publishPacket(TOPIC, '{}', 1, 7));
    expect(answer.isOpen).toBe(true);
    const suback = [0x90, 7, 1, 44, 1, 0x80, 0, 0x80, 2];
    expect(answer.bytes.join()).toContain(suback.join());
    expect(answer.bytes).toHaveLength(CONNACK.length + suback.length + 4);
  });

  it('answer a filter that is too deep with 0x80, and grant the others of its packet [§3.9.3]', async () => {
    running = await runBroker();
    const levels = (count: number) => `devices/a${'/x'.repeat(count - 2)}`;
    const filters = [
      [levels(101), 1],
      ['devices/a/commands', 1],
      ['/'.repeat(65_535), 0],
      [levels(100), 0],
    ] as const;
    const answer = await answersTo(
      5,
      login('deep', false),
      subscribe(5, ...filters),
      subscribe(6, [levels(101), 2], [levels(101), 2]),
      unsubscribe(7, levels(101)),
      unsubscribe(8, levels(101), 'devices/a/commands'),
    );
    expect(answer.isOpen).toBe(true);
    expect(packetsOf(Buffer.from(answer.bytes)).map((one) => [...one])).toEqual(
      expect.arrayContaining([
        CONNACK,
        [0x90, 6, 0, 5, 0x80, 1, 0x80, 0],
        [0x90, 4, 0, 6, 0x80, 0x80],
        [0xb0, 2, 0, 7],
        [0xb0, 2, 0, 8],
      ]),
    );
    expect(running.broker.counters()).toMatchObject({ denied: 3, faults: 0 });
  });

  it('answer an UNSUBSCRIBE from what was never subscribed to [MQTT-3.10.4-5]', async () => {
    running = await runBroker();
    const answer = await answersTo(2, login(), unsubscribe(6, 'devices/a/commands', 'never'));
    expect(answer).toEqual({ bytes: [...CONNACK, 0xb0, 2, 0, 6], isOpen: true });
  });

  it.each([
    ['SUBSCRIBE without filters [MQTT-3.8.3-3]', subscribe(1)],
    ['SUBSCRIBE with packet id 0', subscribe(0, ['devices/a/commands', 0])],
    ['SUBSCRIBE with QoS 3 [MQTT-3-8.3-4]', subscribe(1, ['devices/a/commands', 3])],
    ['SUBSCRIBE with reserved bits', subscribe(1, ['devices/a/commands', 4])],
    [
      'SUBSCRIBE with wrong flags [MQTT-3.8.1-1]',
      Buffer.concat([Buffer.of(0x80), subscribe(1, [TOPIC, 0]).subarray(1)]),
    ],
    ['SUBSCRIBE with a # amid its filter [MQTT-4.7.1-2]', subscribe(1, ['devices/a/#/x', 0])],
    ['SUBSCRIBE with U+0000 [MQTT-1.5.3-2]', subscribe(1, ['devices/a/x\u0000', 0])],
    ['SUBSCRIBE with an empty filter [MQTT-4.7.3-1]', subscribe(1, ['', 0])],
    ['SUBSCRIBE without its QoS', packet(0x82, id(1), text(TOPIC))],
    ['UNSUBSCRIBE without filters [MQTT-3.10.3-2]', unsubscribe(1)],
    ['UNSUBSCRIBE with packet id 0', unsubscribe(0, TOPIC)],
    [
      'UNSUBSCRIBE with wrong flags [MQTT-3.10.1-1]',
      Buffer.concat([Buffer.of(0xa0), unsubscribe(1, TOPIC).subarray(1)]),
    ],
    ['PUBACK with packet id 0', packet(0x40, id(0))],
    ['PUBREL with wrong flags [MQTT-3.6.1-1]', packet(0x60, id(1))],
    ['PINGREQ with flags', Buffer.of(0xc1, 0)],
    ['DISCONNECT with flags [MQTT-3.14.1-1]', Buffer.of(0xe1, 0)],
    ['the packet type 0', Buffer.of(0x00, 0)],
    ['the packet type 15', Buffer.of(0xf0, 0)],
    ['a packet that only servers send: CONNACK', Buffer.of(0x20, 2, 0, 0)],
    ['a packet that only servers send: SUBACK', Buffer.of(0x90, 3, 0, 1, 0)],
    ['a length of five bytes [§2.2.3]', Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ])('%s closes the connection', async (_, bytes) => {
    running = await runBroker();
    expect(await answerTo(login(), bytes)).toEqual({ bytes: CONNACK, isOpen: false });
    expect((await answerTo(login())).isOpen).toBe(true);
  });

  it('never lets a control character into a subscription', async () => {
    running = await runBroker();
    const answer = await answersTo(
      2,
      login(),
      subscribe(1, ['devices/a/x\u0001', 0], ['devices/a/x\u007f', 0]),
    );
    expect(answer.bytes).toEqual([...CONNACK, 0x90, 4, 0, 1, 0x80, 0x80]);
  });
});

describe('keep-alive', () => {
  const lasting = async (socket: Socket): Promise<number> => {
    const start = performance.now();
    await closed(socket);
    return performance.now() - start;
  };

  it('ends a silent connection after one and a half times its time, and its will is published [MQTT-3.1.2-24]', async () => {
    running = await runBroker();
    const socket = await running.raw();
    socket.resume();
    const payload = [text('raw'), text(TOPIC), text('{"event":"gone"}'), text('a'), text(TOKEN)];
    socket.write(connect({ flags: 0xc6, keepAliveSeconds: 1, payload }));
    const lasted = await lasting(socket);
    expect(lasted).toBeGreaterThan(1400);
    // Once it is due, and not at some later sweep; a busy machine has its time.
    expect(lasted).toBeLessThan(10_000);
    await until('the will', () => running.accepted.length === 1);
  });

  it('counts telemetry as a sign of life, which Aedes does not get to see [MQTT-3.1.2-24]', async () => {
    running = await runBroker();
    const socket = await running.raw();
    socket.resume();
    // It would be given up after 3 s; the messages come over 4.
    socket.write(connect({ keepAliveSeconds: 2 }));
    let packetId = 0;
    const timer = setInterval(() => {
      packetId += 1;
      socket.write(publishPacket(TOPIC, `{"event":"${packetId}"}`, 1, packetId));
    }, 400);
    try {
      await until('ten messages', () => running.accepted.length >= 10);
    } finally {
      clearInterval(timer);
    }
    expect(socket.destroyed).toBe(false);
  });
});

describe('DISCONNECT', () => {
  it('closes the connection, and the will is not published [MQTT-3.14.4-2, -3]', async () => {
    running = await runBroker();
    const socket = await running.raw();
    socket.resume();
    const payload = [text('raw'), text(TOPIC), text('{"event":"gone"}'), text('a'), text(TOKEN)];
    socket.write(
      Buffer.concat([connect({ flags: 0xc6, payload }), publishPacket(TOPIC, '1', 1, 1), Buffer.of(0xe0, 0)]),
    );
    await closed(socket);
    const other = running.connect({ clientId: 'other' });
    await connected(other);
    await other.publishAsync(TOPIC, '2', { qos: 1 });
    expect(running.accepted.map(({ payload: bytes }) => Buffer.from(bytes).toString())).toEqual(['1', '2']);
  });
});

describe('refusals', () => {
  it('of credentials are CONNACK 5', async () => {
    running = await runBroker();
    expect(await refusalOf(running.connect({ password: 'wrong' }))).toBe(5);
  });
});
