import { afterEach, describe, expect, it } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import { connectPacket } from './packets.ts';
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
let running: RunningBroker;

afterEach(() => running.stop());

describe('telemetry', () => {
  it('is acknowledged when it is kept, and not before', async () => {
    running = await runBroker();
    running.hold();
    const client = running.connect();
    await connected(client);
    let acknowledged = false;
    const done = client.publishAsync(TOPIC, '{"metrics":{"n":1}}', { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await until('it was let in', () => running.accepted.length === 1);
    // A round trip behind the PUBLISH: had the PUBACK been sent, it would be here by now.
    await client.subscribeAsync('devices/a/commands', { qos: 1 });
    expect(acknowledged).toBe(false);
    running.settleNext();
    await done;
    expect(running.accepted[0]).toMatchObject({
      topic: TOPIC,
      userId: 'a',
      clientId: 'client-a',
      qos: 1,
      dup: false,
      truncatedFrom: 0,
      span: 1,
      receivedAt: 1_763_756_400_000,
    });
    expect(running.accepted[0]?.packetId).toBeGreaterThan(0);
  });

  it('keeps the order of a client, whatever the quality of service', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    const sent = Array.from({ length: 300 }, (_, n) =>
      client.publishAsync(TOPIC, `${n}`, { qos: (n % 3) as 0 | 1 | 2 }),
    );
    await Promise.all(sent);
    await until('all were let in', () => running.accepted.length === 300);
    expect(running.accepted.map(({ payload }) => Buffer.from(payload).toString())).toEqual(
      Array.from({ length: 300 }, (_, n) => `${n}`),
    );
  });

  it('closes the connection without PUBACK when it could not be kept, and goes on for others', async () => {
    running = await runBroker();
    running.hold();
    const client = running.connect();
    await connected(client);
    let acknowledged = false;
    client.publish(TOPIC, '{}', { qos: 1 }, (error) => {
      acknowledged = error === undefined || error === null;
    });
    await until('it was let in', () => running.accepted.length === 1);
    const gone = closed(client);
    running.settleNext(new Error('disk full'));
    await gone;
    expect(acknowledged).toBe(false);
    expect(running.broker.counters()).toMatchObject({ unkept: 1, accepted: 0, inFlightBytes: 0 });
    running.release();
    const other = running.connect({ clientId: 'other' });
    await connected(other);
    await other.publishAsync(TOPIC, '{}', { qos: 1 });
    expect(running.broker.counters().accepted).toBe(1);
  });

  it('sets a thousand sequence numbers aside for an array', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    await client.publishAsync(TOPIC, ' [{"event":"x"}]', { qos: 1 });
    expect(running.accepted[0]?.span).toBe(1000);
  });

  it('never becomes a retained message, and is heard by a device that subscribed to it', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    await client.publishAsync(TOPIC, 'before', { qos: 1, retain: true });
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    await client.subscribeAsync(TOPIC, { qos: 1 });
    await client.publishAsync(TOPIC, 'after', { qos: 1 });
    await until('it was heard', () => heard.length > 0);
    expect(heard).toEqual(['after']);
  });
});

describe('sessions', () => {
  it('queue a command while the device is away', async () => {
    running = await runBroker();
    const first = running.connect({ clean: false });
    await connected(first);
    await first.subscribeAsync('devices/a/commands', { qos: 1 });
    await first.endAsync();
    await running.broker.publish('devices/a/commands', '{"id":"1"}', { qos: 1 });
    const second = running.connect({ clean: false });
    const heard = new Promise((resolve) =>
      second.once('message', (topic, payload) => resolve([topic, payload.toString()])),
    );
    expect((await connected(second)).sessionPresent).toBe(true);
    expect(await heard).toEqual(['devices/a/commands', '{"id":"1"}']);
  });

  it('get the retained configuration', async () => {
    running = await runBroker();
    await running.broker.publish('devices/a/config', '{"version":7}', { qos: 1, retain: true });
    const client = running.connect();
    const heard = new Promise((resolve) =>
      client.once('message', (_topic, payload) => resolve(payload.toString())),
    );
    await connected(client);
    await client.subscribeAsync('devices/a/config', { qos: 1 });
    expect(await heard).toBe('{"version":7}');
  });

  it('take replies to commands', async () => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    await client.publishAsync('devices/a/commands/c-1/reply', '{"status":"ok"}', { qos: 1 });
    expect(running.accepted).toEqual([]);
    expect(client.connected).toBe(true);
  });

  it('end when their user is disconnected', async () => {
    running = await runBroker();
    const a = running.connect();
    const b = running.connect({ username: 'b', clientId: 'client-b' });
    await Promise.all([connected(a), connected(b)]);
    const gone = closed(a);
    running.broker.disconnect('a');
    await gone;
    expect(b.connected).toBe(true);
  });

  it('are not let in where their user was changed while they logged in', async () => {
    const lookUps: (() => void)[] = [];
    running = await runBroker(
      {},
      {
        findUser: async (name) => {
          // What the records say of the client id comes when the test lets it.
          if (name !== 'a') await new Promise<void>((resolve) => lookUps.push(resolve));
          return name === 'a'
            ? { principal: { kind: 'device', id: name }, tokenHashes: [hashToken(TOKEN)] }
            : null;
        },
      },
    );
    const logsIn = async (meanwhile: () => unknown) => {
      const outcome = refusalOf(running.connect());
      await until('the records are asked', () => lookUps.length === 1);
      const done = meanwhile();
      lookUps.shift()?.();
      await done;
      return outcome;
    };
    const used = ({ kind }: { kind: string }) => kind === 'token';
    expect(await logsIn(() => running.broker.disconnect('a'))).toBe(3);
    expect(await logsIn(() => running.broker.disconnect('a', used))).toBe(3);
    expect(await logsIn(() => running.broker.forget('a'))).toBe(3);
    // Others, and what it did not log in with, are no concern of it.
    const others = () => {
      running.broker.disconnect('b');
      running.broker.disconnect('a', (credential) => !used(credential));
      running.broker.disconnectFleet('fleet-1');
    };
    expect(await logsIn(others)).toBe('let in');
  });

  it('leave nothing open after stop', async () => {
    running = await runBroker();
    const clients = [running.connect(), running.connect({ username: 'b', clientId: 'b' })];
    await Promise.all(clients.map(connected));
    const stranger = await running.raw();
    const gone = Promise.all([...clients.map(closed), closed(stranger)]);
    await running.broker.stop();
    await gone;
    expect(running.broker.counters()).toMatchObject({ connections: 0, inFlightBytes: 0, paused: 0 });
    expect(await refusalOf(running.connect())).toBe('ECONNREFUSED');
  });
});

describe('login', () => {
  it('refuses a wrong token, an unknown device and a missing password with CONNACK 5, and logs no secret', async () => {
    running = await runBroker();
    expect(await refusalOf(running.connect({ password: 'guess-1' }))).toBe(5);
    expect(await refusalOf(running.connect({ username: 'nobody-knows' }))).toBe(5);
    expect(await refusalOf(running.connect({ username: TOKEN, password: '' }))).toBe(5);
    expect(await refusalOf(running.connect({ username: 'not an id' }))).toBe(5);
    expect(running.broker.counters().failedLogins).toBe(4);
    expect(JSON.stringify(running.log)).not.toMatch(/guess-1|nobody-knows|token-of-device/);
    expect(running.log.find(({ message }) => message.includes('wrong token'))?.fields).toEqual({
      userId: 'a',
    });
  });

  it('logs one line for many failures of a kind', async () => {
    running = await runBroker();
    for (let n = 0; n < 5; n += 1) expect(await refusalOf(running.connect({ password: 'x' }))).toBe(5);
    expect(running.log).toHaveLength(1);
  });

  it('takes a token as user name where the gateway can look it up', async () => {
    running = await runBroker({}, { findUserByToken: async (token) => (token === TOKEN ? 'a' : null) });
    const client = running.connect({ username: TOKEN, password: '' });
    await connected(client);
    await client.publishAsync(TOPIC, '{}', { qos: 1 });
    expect(running.accepted[0]?.userId).toBe('a');
  });

  it('says "server unavailable" while logins cannot be looked up', async () => {
    running = await runBroker({}, { findUser: () => Promise.reject(new Error('records are away')) });
    expect(await refusalOf(running.connect())).toBe(3);
  });

  it.each(['a b', 'a/b', 'a\u0001b', 'a+', 'ü', 'x'.repeat(129)])(
    'refuses the client id %j with CONNACK 2',
    async (clientId) => {
      running = await runBroker();
      expect(await refusalOf(running.connect({ clientId }))).toBe(2);
    },
  );

  it('takes a client id of 128 characters', async () => {
    running = await runBroker();
    await connected(running.connect({ clientId: 'x'.repeat(128) }));
  });

  it('gives a zero-length client id a name with a clean session, and refuses it without', async () => {
    running = await runBroker();
    const client = running.connect({ clientId: '', clean: true });
    await connected(client);
    await client.publishAsync(TOPIC, '{}', { qos: 1 });
    expect(running.accepted[0]?.clientId).toMatch(/^aedes_/);
    const socket = await running.raw();
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    // mqtt.js refuses to send this itself.
    socket.write(connectPacket({ clientId: '', username: 'a', password: TOKEN, clean: false }));
    expect([...(await answer)]).toEqual([0x20, 2, 0, 2]);
  });

  it('refuses a client id that is the name of another user, whoever comes first', async () => {
    running = await runBroker();
    expect(await refusalOf(running.connect({ username: 'a', clientId: 'b' }))).toBe(2);
    await connected(running.connect({ username: 'b', clientId: 'b' }));
  });

  it('refuses a client id that another user has', async () => {
    running = await runBroker();
    await connected(running.connect({ clientId: 'shared', clean: false }));
    expect(await refusalOf(running.connect({ username: 'b', clientId: 'shared', clean: false }))).toBe(2);
  });

  it('bounds the connections of one device', async () => {
    running = await runBroker({ maxClientsPerUser: 2 });
    await connected(running.connect({ clientId: '1' }));
    const second = running.connect({ clientId: '2' });
    await connected(second);
    expect(await refusalOf(running.connect({ clientId: '3' }))).toBe(3);
    await second.endAsync();
    await until('the broker noticed', () => running.broker.counters().connections === 1);
    await connected(running.connect({ clientId: '3' }));
  });

  it('refuses a will for a topic of another device', async () => {
    running = await runBroker();
    expect(
      await refusalOf(
        running.connect({ will: { topic: 'devices/b/telemetry', payload: Buffer.from('x'), qos: 1 } }),
      ),
    ).toBe(5);
  });

  it('keeps the will of a device that vanished', async () => {
    running = await runBroker();
    const client = running.connect({
      will: { topic: TOPIC, payload: Buffer.from('{"event":"gone"}'), qos: 1 },
    });
    await connected(client);
    client.stream.destroy();
    await until('the will was let in', () => running.accepted.length === 1);
    expect(Buffer.from(running.accepted[0]?.payload ?? []).toString()).toBe('{"event":"gone"}');
  });
});

describe('access', () => {
  it.each([
    'devices/b/telemetry',
    'devices/a/commands',
    'devices/a/config',
    'devices/a/errors',
    'devices/a/telemetry/more',
    'devices/a/telemetry\u0000',
    'devices/a\u0007/telemetry',
    'other',
    '$SYS/x',
    'devices/a/commands/a b/reply',
  ])('closes the connection for a publish to %j', async (topic) => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    const gone = closed(client);
    client.publish(topic, 'x', { qos: 1 }, () => undefined);
    await gone;
    expect(running.accepted).toEqual([]);
  });

  it.each([
    'devices/b/commands',
    '#',
    '+/a/commands',
    'devices/+/commands',
    '$SYS/#',
    'devices/a',
    'devices/a/x\u0001',
  ])('answers a subscription to %j with 0x80', async (filter) => {
    running = await runBroker();
    const client = running.connect();
    await connected(client);
    // mqtt.js itself throws for a granted 128.
    await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
    expect(client.connected).toBe(true);
    expect(running.broker.counters().denied).toBe(1);
  });

  it.each(['devices/a/commands', 'devices/a/config', 'devices/a/errors', 'devices/a/#', 'devices/a/+'])(
    'grants a subscription to %j',
    async (filter) => {
      running = await runBroker();
      const client = running.connect();
      await connected(client);
      expect(await client.subscribeAsync(filter, { qos: 1 })).toMatchObject([{ topic: filter, qos: 1 }]);
    },
  );
});
