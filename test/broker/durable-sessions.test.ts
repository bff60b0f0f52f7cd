import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import type { BrokerLimits } from '../../broker/limits.ts';
import type { DurableMap } from '../../broker/persistence/durable-map.ts';
import type { Principal } from '../../broker/principal.ts';
import { connectPacket, connectWithWill, packet, publishPacket, pubrelPacket, text } from './packets.ts';
import {
  closed,
  connected,
  type RunningBroker,
  refusalOf,
  runBroker,
  TOKEN,
  until,
} from './running-broker.ts';
import { afterCrash, TestMap } from './test-map.ts';

interface Frame {
  readonly type: number;
  readonly dup: boolean;
  readonly body: Buffer;
}

/** A client that answers nothing by itself. */
class BareClient {
  readonly socket: Socket;
  #rest = Buffer.alloc(0);
  readonly frames: Frame[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      // Packets of these tests are shorter than 128 bytes: their length is one byte.
      while (this.#rest.length >= 2 && this.#rest.length >= 2 + (this.#rest[1] ?? 0)) {
        const [first = 0, length = 0] = this.#rest;
        this.frames.push({
          type: first >> 4,
          dup: (first & 8) !== 0,
          body: this.#rest.subarray(2, 2 + length),
        });
        this.#rest = this.#rest.subarray(2 + length);
      }
    });
  }

  async next(type: number): Promise<Frame> {
    await until(`a packet of type ${type}`, () => this.frames.some((frame) => frame.type === type));
    return this.frames.find((frame) => frame.type === type) as Frame;
  }
}

const PUBLISH = 3;
const PUBREC = 5;
const PUBREL = 6;
const CONNACK = 2;
const SUBACK = 9;
const ERRORS = 'devices/a/errors';

const running: RunningBroker[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function run(map: DurableMap, limits: Partial<BrokerLimits> = {}): Promise<RunningBroker> {
  const one = await runBroker(limits, { sessions: map });
  running.push(one);
  return one;
}

async function bare(broker: RunningBroker, clean = false): Promise<BareClient> {
  const client = new BareClient(await broker.raw());
  client.socket.write(connectPacket({ clientId: 'bare', username: 'a', password: TOKEN, clean }));
  await client.next(CONNACK);
  return client;
}

function subscribePacket(packetId: number, filter: string, qos: number): Buffer {
  return packet(0x82, Buffer.of(packetId >> 8, packetId & 255), text(filter), Buffer.of(qos));
}

const packetIdOf = ({ body }: Frame) => {
  const topicBytes = body.readUInt16BE();
  return body.readUInt16BE(2 + topicBytes);
};

describe('sessions that outlive the broker', () => {
  it('a QoS 2 message goes on where it was: same packet id, DUP, and PUBREL alone once it was received', async () => {
    const first = new TestMap();
    const one = await run(first);
    const device = await bare(one);
    device.socket.write(subscribePacket(1, ERRORS, 2));
    await device.next(SUBACK);
    await one.broker.publish(ERRORS, 'once', { qos: 2 });
    const sent = await device.next(PUBLISH);
    expect(sent.dup).toBe(false);

    const second = afterCrash(first);
    const two = await run(second);
    const again = await bare(two);
    const repeated = await again.next(PUBLISH);
    expect(repeated.dup).toBe(true);
    expect(packetIdOf(repeated)).toBe(packetIdOf(sent));
    again.socket.write(Buffer.of(0x50, 2, packetIdOf(sent) >> 8, packetIdOf(sent) & 255));
    expect((await again.next(PUBREL)).body.readUInt16BE()).toBe(packetIdOf(sent));

    const third = afterCrash(second);
    const three = await run(third);
    const last = await bare(three);
    expect((await last.next(PUBREL)).body.readUInt16BE()).toBe(packetIdOf(sent));
    expect(last.frames.some(({ type }) => type === PUBLISH)).toBe(false);
    last.socket.write(Buffer.of(0x70, 2, packetIdOf(sent) >> 8, packetIdOf(sent) & 255));
    await until('nothing waits', () => third.keys('waiting').length + third.keys('progress').length === 0);
  });

  it('a message of a session that resumed has a packet id that no other has [MQTT-2.3.1-4]', async () => {
    // Each connection would begin with the same one.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const map = new TestMap();
    const one = await run(map);
    const device = await bare(one);
    device.socket.write(subscribePacket(1, ERRORS, 2));
    await device.next(SUBACK);
    for (const payload of ['1', '2']) await one.broker.publish(ERRORS, payload, { qos: 2 });
    await until('two', () => device.frames.filter(({ type }) => type === PUBLISH).length === 2);
    for (const again of [one, await run(afterCrash(map))]) {
      const back = await bare(again);
      for (const payload of ['3', '4']) await again.broker.publish(ERRORS, payload, { qos: 2 });
      const sent = () => back.frames.filter(({ type }) => type === PUBLISH);
      await until('four', () => sent().length === 4);
      expect(new Set(sent().map(packetIdOf)).size).toBe(4);
    }
  });

  it('a QoS 2 message from a service account is published once, though PUBREL comes after the crash', async () => {
    const ports = {
      findUser: async (id: string) =>
        id !== 'a'
          ? null
          : {
              principal: { kind: 'service' as const, id, publish: ['news/#'], subscribe: ['news/#'] },
              tokenHashes: [hashToken(TOKEN)],
              fleetKey: null,
            },
    };
    const first = new TestMap();
    const one = await runBroker({}, { sessions: first, ...ports });
    running.push(one);
    const sender = await bare(one);
    sender.socket.write(publishPacket('news/today', 'x', 2, 7));
    await sender.next(PUBREC);
    expect(first.keys('unreleased')).toEqual(['unreleased/bare/7']);

    const second = afterCrash(first);
    const two = await runBroker({}, { sessions: second, ...ports });
    running.push(two);
    const reader = two.connect({ clientId: 'reader', clean: true });
    const heard: string[] = [];
    reader.on('message', (topic) => heard.push(topic));
    await connected(reader);
    await reader.subscribeAsync('news/#', { qos: 1 });
    const back = await bare(two);
    back.socket.write(publishPacket('news/today', 'x', 2, 7, true));
    await back.next(PUBREC);
    back.socket.write(pubrelPacket(7));
    await until('it is released', () => second.keys('unreleased').length === 0);
    back.socket.write(publishPacket('news/tomorrow', 'y', 2, 8));
    await until('the next one', () => heard.includes('news/tomorrow'));
    expect(heard).toEqual(['news/tomorrow']);
  });

  it('a filter that was refused is not stored with those of its packet that were granted', async () => {
    const map = new TestMap();
    const one = await run(map);
    const client = one.connect({ clientId: 's', clean: false });
    await connected(client);
    const granted = await client.subscribeAsync([ERRORS, 'devices/b/errors'], { qos: 1 }).catch(() => null);
    expect(granted).toBeNull();
    expect(map.keys('subscription')).toEqual([`subscription/s/${ERRORS}`]);
  });

  it('a message waits once for a session, however many of its filters match', async () => {
    const map = new TestMap();
    const one = await run(map);
    const client = one.connect({ clientId: 's', clean: false });
    await connected(client);
    await client.subscribeAsync([ERRORS, 'devices/a/#'], { qos: 1 });
    await client.endAsync();
    await one.broker.publish(ERRORS, 'x', { qos: 1 });
    expect(map.keys('waiting')).toHaveLength(1);
  });

  it('bounds go on counting what waited before', async () => {
    const map = new TestMap();
    const one = await run(map, { maxQueuedMessages: 3 });
    const client = one.connect({ clientId: 's', clean: false });
    await connected(client);
    await client.subscribeAsync(ERRORS, { qos: 1 });
    await client.endAsync();
    for (const payload of ['1', '2', '3']) await one.broker.publish(ERRORS, payload, { qos: 1 });
    const two = await run(afterCrash(map), { maxQueuedMessages: 3 });
    await two.broker.publish(ERRORS, '4', { qos: 1 });
    expect(two.broker.counters().dropped).toBe(1);
    const back = two.connect({ clientId: 's', clean: false });
    const heard: string[] = [];
    back.on('message', (_topic, payload) => heard.push(payload.toString()));
    await connected(back);
    await until('what waited', () => heard.length === 3);
    expect(heard).toEqual(['1', '2', '3']);
  });

  it('a clean session writes nothing, and ends the one that lasted', async () => {
    const map = new TestMap();
    const one = await run(map);
    const fleeting = one.connect({ clientId: 'f', clean: true });
    await connected(fleeting);
    await fleeting.subscribeAsync(ERRORS, { qos: 1 });
    await fleeting.endAsync();
    expect(map.writes).toBe(0);
    const lasting = one.connect({ clientId: 's', clean: false });
    await connected(lasting);
    await lasting.subscribeAsync(ERRORS, { qos: 1 });
    await lasting.endAsync();
    await one.broker.publish(ERRORS, 'x', { qos: 1 });
    expect([...map.entries_.keys()]).toHaveLength(3);
    const clean = one.connect({ clientId: 's', clean: true });
    await connected(clean);
    await until('nothing is left', () => map.entries_.size === 0);
  });

  it('what can not be written is not promised, and goes on when it can', async () => {
    const map = new TestMap();
    const one = await run(map, { maxQueuedMessages: 2 });
    const client = one.connect({ clientId: 's', clean: false });
    await connected(client);
    await client.subscribeAsync([ERRORS, 'devices/a/#'], { qos: 1 });
    await client.endAsync();
    map.failure = new Error('no space left');
    await expect(one.broker.publish(ERRORS, 'lost', { qos: 1 })).rejects.toThrow('no space left');
    await expect(one.broker.publish(ERRORS, 'lost', { qos: 1 })).rejects.toThrow('no space left');
    expect(one.broker.sessionTrouble()).toBe('no space left');
    map.failure = null;
    await until('it is found out that there is room again', () => one.broker.sessionTrouble() === null);
    await one.broker.publish(ERRORS, 'kept', { qos: 1 });
    await one.broker.publish(ERRORS, 'kept too', { qos: 1 });
    expect(one.broker.counters().dropped, 'what was lost takes no room').toBe(0);
    expect(one.broker.sessionTrouble()).toBeNull();
    const two = await run(afterCrash(map));
    const back = two.connect({ clientId: 's', clean: false });
    const heard: string[] = [];
    back.on('message', (_topic, payload) => heard.push(payload.toString()));
    await connected(back);
    await until('what was kept', () => heard.length === 2);
    expect(heard).toEqual(['kept', 'kept too']);
  });

  it('a will that can not be kept refuses its connection with 3, is not published, and leaves the one before it', async () => {
    const map = new TestMap();
    const one = await run(map);
    const will = (payload: string) => ({
      clientId: 'w',
      will: { topic: 'devices/a/telemetry', payload: Buffer.from(payload), qos: 1 as const, retain: false },
    });
    const first = one.connect(will('first'));
    await connected(first);
    map.failure = new Error('no space left');
    const refused = one.connect(will('second'));
    const gone = closed(refused);
    expect(await refusalOf(refused)).toBe(3);
    await gone;
    expect(await refusalOf(one.connect({ clientId: 'no-will' })), 'nothing is to be kept of it').toBe(
      'let in',
    );
    expect(one.log.find(({ message }) => message.startsWith('login refused'))).toMatchObject({
      message: 'login refused: it could not be finished',
      fields: { userId: 'a', reason: 'no space left' },
    });
    expect(one.broker.counters().faults, 'the device did nothing wrong').toBe(0);
    expect(first.connected).toBe(true);

    let go: () => void = () => undefined;
    map.held = new Promise((resolve) => {
      go = resolve;
    });
    const removed = new BareClient(await one.raw());
    removed.socket.write(connectWithWill({ username: 'b', password: TOKEN, will: 'third' }));
    await until('its will is being written', () => map.writing.includes('will/b'));
    one.broker.disconnect('b');
    go();
    map.held = null;
    map.failure = null;
    await until('it is found out that there is room again', () => one.broker.sessionTrouble() === null);
    await until('nothing is left of what was written too late', () => !map.entries_.has('will/b'));
    expect(one.accepted, 'none of them was ever connected').toEqual([]);

    const two = await run(afterCrash(map));
    expect(two.accepted.map(({ payload }) => payload.toString())).toEqual(['first']);
    first.stream.destroy();
    await until('the will of what was connected', () => one.accepted.length > 0);
    const later = one.connect(will('later'));
    await connected(later);
    later.stream.destroy();
    await until('the will of what could connect again', () => one.accepted.length > 1);
    expect(one.accepted.map(({ payload }) => payload.toString())).toEqual(['first', 'later']);
  });

  it('nothing is left of a user who was removed while a subscription was on its way to the disk', async () => {
    const map = new TestMap();
    const one = await run(map);
    const client = await bare(one);
    await until('whose it is is written', () => map.entries_.has('owner/bare'));
    const { promise, resolve } = Promise.withResolvers<void>();
    map.held = promise;
    client.socket.write(subscribePacket(1, ERRORS, 1));
    await until('it is being written', () => map.writing.includes(`subscription/bare/${ERRORS}`));
    const forgotten = one.broker.forget('a');
    resolve();
    await forgotten;
    expect([...map.entries_.keys()]).toEqual([]);
    // In memory neither: a message finds nobody to wait for.
    await one.broker.publish(ERRORS, 'x', { qos: 1 });
    expect([...map.entries_.keys()]).toEqual([]);
  });

  /** A broker with a device `a`, and a service that is away and gets all when it is back. */
  async function withAbsentListener(): Promise<{ readonly one: RunningBroker; readonly map: TestMap }> {
    const map = new TestMap();
    const tokenHashes = [hashToken(TOKEN)];
    const users: Readonly<Record<string, Principal>> = {
      a: { kind: 'device', id: 'a' },
      archive: { kind: 'service', id: 'archive', publish: [], subscribe: ['devices/#'] },
    };
    const findUser = async (id: string) => {
      const principal = users[id];
      return principal === undefined ? null : { principal, tokenHashes };
    };
    const one = await runBroker({}, { sessions: map, findUser });
    running.push(one);
    const absent = one.connect({ clientId: 'away', username: 'archive', clean: false });
    await connected(absent);
    await absent.subscribeAsync('devices/#', { qos: 1 });
    await absent.endAsync();
    return { one, map };
  }

  it('a message of a user who was removed between its PUBACK and its publishing waits for nobody', async () => {
    const { one, map } = await withAbsentListener();
    const device = await bare(one, true);
    const kept = () => map.put.filter((key) => key.startsWith('waiting/away/')).length;
    device.socket.write(publishPacket('devices/a/telemetry', '{}', 1, 1));
    await until('what comes from who is there waits', () => kept() === 1);
    const accepted = one.accepted.length;
    one.hold();
    device.socket.write(publishPacket('devices/a/telemetry', '{}', 1, 2));
    await until('it is on its way to the journal', () => one.accepted.length > accepted);
    one.release();
    // Let in; Aedes goes on with it a turn of the event loop later.
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    await one.broker.forget('a');
    expect(kept()).toBe(1);
    expect(map.keys('waiting')).toEqual([]);
  });

  it('a message to a user who was removed while it was on its way to the disk waits for nobody', async () => {
    const { one, map } = await withAbsentListener();
    const { promise, resolve } = Promise.withResolvers<void>();
    map.held = promise;
    const published = one.broker.publish(ERRORS, 'x', { qos: 1 });
    await until('it is being written', () => map.writing.some((key) => key.startsWith('waiting/away/')));
    const forgotten = one.broker.forget('a');
    // Time enough to look through what waits, and to miss what does not wait yet.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
    resolve();
    await Promise.all([published, forgotten]);
    expect(map.keys('waiting')).toEqual([]);
  });

  it('retained messages are there again; an empty one removes them', async () => {
    const map = new TestMap();
    const one = await run(map);
    await one.broker.publish('devices/a/config', '{"version":1}', { qos: 1, retain: true });
    await one.broker.publish('devices/b/config', '{"version":1}', { qos: 1, retain: true });
    await one.broker.publish('devices/b/config', '', { qos: 1, retain: true });
    expect(map.keys('retained')).toEqual(['retained/devices/a/config']);
    const two = await run(afterCrash(map));
    const client = two.connect({ clientId: 's', clean: true });
    const heard: string[] = [];
    client.on('message', (_topic, payload, { retain }) => heard.push(`${retain} ${payload}`));
    await connected(client);
    await client.subscribeAsync('devices/a/config', { qos: 1 });
    await until('the configuration', () => heard.length === 1);
    expect(heard).toEqual(['true {"version":1}']);
  });
});
