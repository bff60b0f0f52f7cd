import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

interface Heard {
  readonly topic: string;
  readonly body: Record<string, unknown>;
  readonly retain: boolean;
  readonly dup: boolean;
}

interface Device {
  readonly client: MqttClient;
  readonly heard: Heard[];
}

describe('what goes down to devices', () => {
  let dataDir = '';
  let gateway: GatewayProcess;
  const tokens = new Map<string, string>();
  const clients: MqttClient[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wayside-downlink-'));
    gateway = await startGateway({ dataDir });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  });

  afterAll(async () => {
    await gateway?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** No goodbye to anybody: what is promised must be on disk. */
  async function killAndStart(): Promise<void> {
    await gateway.kill('SIGKILL');
    gateway = await startGateway({ dataDir });
  }

  async function register(id: string): Promise<void> {
    const made = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
    expect(made.status).toBe(201);
    tokens.set(id, made.body.token);
  }

  /** Connects and listens from the first packet on, as what waits comes right behind CONNACK. */
  async function listen(id: string, options: IClientOptions = {}): Promise<Device> {
    const heard: Heard[] = [];
    const client = mqtt.connect(gateway.mqttUrl, {
      username: id,
      password: tokens.get(id) ?? '',
      clientId: `${id}-client`,
      clean: false,
      reconnectPeriod: 0,
      ...options,
    });
    clients.push(client);
    client.on('error', () => undefined);
    client.on('message', (topic, payload, { retain, dup }) => {
      const text = payload.toString();
      heard.push({ topic, body: text === '' ? {} : JSON.parse(text), retain, dup });
    });
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('close', () => reject(new Error('refused')));
    });
    return { client, heard };
  }

  /** Of a command that was heard, the id. */
  async function command(device: Device, name: string): Promise<string> {
    const found = await eventually(`command ${name}`, 20_000, async () =>
      device.heard.find(({ topic, body }) => topic.endsWith('/commands') && body.name === name),
    );
    return String(found.body.id);
  }

  /** A round trip behind all that was on its way down. */
  async function settled(device: Device, id: string): Promise<void> {
    await device.client.publishAsync(`devices/${id}/telemetry`, '{"event":"settled"}', { qos: 1 });
  }

  async function give(id: string, body: object, query = ''): Promise<Record<string, unknown>> {
    const given = await gateway.api('POST', `/api/v1/devices/${id}/commands${query}`, body);
    expect(given.status, JSON.stringify(given.body)).toBeLessThan(300);
    return given.body;
  }

  async function stateOf(id: string, commandId: unknown, state: string): Promise<Record<string, unknown>> {
    return eventually(`command is ${state}`, 20_000, async () => {
      const { body } = await gateway.api('GET', `/api/v1/devices/${id}/commands/${commandId}`);
      return body.state === state ? body : undefined;
    });
  }

  const reply = (device: Device, id: string, commandId: string, body: unknown) =>
    device.client.publishAsync(
      `devices/${id}/commands/${commandId}/reply`,
      typeof body === 'string' ? body : JSON.stringify(body),
      { qos: 1 },
    );

  it('commands wait for a device that is away, in order, and survive SIGKILL at every step', async () => {
    await register('away');
    const first = await listen('away');
    await first.client.subscribeAsync('devices/away/commands', { qos: 1 });
    await first.client.endAsync();
    const one = await give('away', { name: 'one', args: { seconds: 3 } });
    expect(one).toMatchObject({ device: 'away', name: 'one', args: { seconds: 3 }, state: 'queued' });
    await killAndStart();
    const two = await give('away', { name: 'two' });
    await killAndStart();

    // The session resumes without another SUBSCRIBE.
    const second = await listen('away');
    await command(second, 'two');
    expect(second.heard.map(({ body }) => body)).toEqual([
      { id: one.id, name: 'one', args: { seconds: 3 } },
      { id: two.id, name: 'two', args: {} },
    ]);
    await stateOf('away', one.id, 'delivered');
    await stateOf('away', two.id, 'delivered');
    await killAndStart();

    const third = await listen('away');
    await reply(third, 'away', String(one.id), { status: 'ok', result: { seconds: 3 } });
    await killAndStart();
    expect(await stateOf('away', one.id, 'answered')).toMatchObject({
      reply: { status: 'ok', result: { seconds: 3 } },
      createdAt: expect.any(Number),
      sentAt: expect.any(Number),
      deliveredAt: expect.any(Number),
      answeredAt: expect.any(Number),
    });
    const fourth = await listen('away');
    await settled(fourth, 'away');
    expect([...third.heard, ...fourth.heard], 'what was acknowledged does not come again').toEqual([]);
  });

  it('a command that was not acknowledged comes again, also over a clean session', async () => {
    await register('deaf');
    const deaf = await listen('deaf', { clean: true });
    // A client that takes messages and acknowledges none.
    deaf.client.handleMessage = (packet) => {
      const text = (packet as { payload: Buffer }).payload.toString();
      deaf.heard.push({ topic: 'devices/deaf/commands', body: JSON.parse(text), retain: false, dup: false });
    };
    await deaf.client.subscribeAsync('devices/deaf/#', { qos: 1 });
    const given = await give('deaf', { name: 'listen' });
    await command(deaf, 'listen');
    await stateOf('deaf', given.id, 'sent');
    await killAndStart();
    const hearing = await listen('deaf', { clean: true });
    await hearing.client.subscribeAsync('devices/deaf/commands', { qos: 1 });
    expect(await command(hearing, 'listen')).toBe(given.id);
    await stateOf('deaf', given.id, 'delivered');
  });

  it('an expired command is told as expired and never sent', async () => {
    await register('late');
    const soon = await give('late', { name: 'soon', expires: 'PT1S' });
    const later = await give('late', { name: 'later', expires: Date.now() + 60_000 });
    await killAndStart();
    await stateOf('late', soon.id, 'expired');
    const device = await listen('late');
    await device.client.subscribeAsync('devices/late/commands', { qos: 1 });
    await command(device, 'later');
    await settled(device, 'late');
    expect(device.heard.map(({ body }) => body.id)).toEqual([later.id]);
    for (const expires of ['yesterday', '2001-01-01T00:00:00Z', 'P100D', -5]) {
      const refused = await gateway.api('POST', '/api/v1/devices/late/commands', { name: 'x', expires });
      expect(refused.status, String(expires)).toBe(400);
    }
  });

  it('a caller may wait for the reply, and gets the state as it is when the time is up', async () => {
    await register('asked');
    const device = await listen('asked', { clean: true });
    device.client.on('message', (topic, payload) => {
      if (!topic.endsWith('/commands')) return;
      const { id, name } = JSON.parse(payload.toString());
      if (name === 'answer') void reply(device, 'asked', id, { status: 'error', result: 'no fuel' });
    });
    await device.client.subscribeAsync('devices/asked/commands', { qos: 1 });
    const answered = await gateway.api('POST', '/api/v1/devices/asked/commands?wait=PT10S', {
      name: 'answer',
    });
    expect(answered).toMatchObject({
      status: 200,
      body: { state: 'answered', reply: { status: 'error', result: 'no fuel' } },
    });
    const silent = await gateway.api('POST', '/api/v1/devices/asked/commands?wait=PT0.2S', {
      name: 'silence',
    });
    expect(silent.status).toBe(202);
    const path = `/api/v1/devices/asked/commands/${silent.body.id}`;
    expect((await gateway.api('GET', `${path}?wait=PT0.2S`)).body.state).toBe('delivered');
    expect((await gateway.api('GET', `${path}?wait=PT2M`)).status).toBe(400);
    expect((await gateway.api('GET', '/api/v1/devices/asked/commands/none')).status).toBe(404);
    expect((await gateway.api('POST', '/api/v1/devices/nobody/commands', { name: 'x' })).status).toBe(404);
    const list = await gateway.api('GET', '/api/v1/devices/asked/commands?limit=1');
    expect(list.body.items.map(({ id }: { id: string }) => id)).toEqual([silent.body.id]);
    expect(list.body.next).not.toBeNull();
  });

  it('a reply that is not understood is told to the device; the first reply stands', async () => {
    await register('odd');
    await register('other');
    const foreign = await give('other', { name: 'foreign' });
    const device = await listen('odd', { clean: true });
    await device.client.subscribeAsync(['devices/odd/commands', 'devices/odd/errors'], { qos: 1 });
    const given = await give('odd', { name: 'odd' });
    const id = await command(device, 'odd');
    const bad: readonly (readonly [string, unknown, string])[] = [
      [id, 'no json', 'bad_json'],
      [id, '[1]', 'bad_shape'],
      [id, { status: 'maybe' }, 'bad_shape'],
      [id, `{"status":"ok","result":${'['.repeat(200)}${']'.repeat(200)}}`, 'bad_shape'],
      [id, JSON.stringify({ status: 'ok', result: 'x'.repeat(70_000) }), 'too_large'],
      ['unknown', { status: 'ok' }, 'unknown_command'],
      [String(foreign.id), { status: 'ok' }, 'unknown_command'],
    ];
    for (const [commandId, body] of bad) await reply(device, 'odd', commandId, body);
    const errors = () => device.heard.filter(({ topic }) => topic === 'devices/odd/errors');
    await eventually('all errors', 20_000, async () => (errors().length === bad.length ? true : undefined));
    expect(errors().map(({ body }) => body.code)).toEqual(bad.map(([, , code]) => code));
    expect(errors()[0]?.body).toEqual({
      code: 'bad_json',
      message: expect.any(String),
      topic: `devices/odd/commands/${id}/reply`,
      receivedAt: expect.any(Number),
    });
    await reply(device, 'odd', id, { status: 'ok', result: '__proto__' });
    await reply(device, 'odd', id, { status: 'error', result: 'again' });
    expect(await stateOf('odd', given.id, 'answered')).toMatchObject({
      reply: { status: 'ok', result: '__proto__' },
    });
    expect((await gateway.api('GET', `/api/v1/devices/other/commands/${foreign.id}`)).body.state).toBe(
      'queued',
    );
  });

  it('a service account that subscribed sees commands, each once', async () => {
    await register('watched');
    const made = await gateway.api('POST', '/api/v1/service-accounts', {
      id: 'watcher',
      publish: [],
      subscribe: ['devices/+/commands'],
    });
    expect(made.status).toBe(201);
    tokens.set('watcher', made.body.token);
    const watcher = await listen('watcher');
    await watcher.client.subscribeAsync('devices/+/commands', { qos: 1 });
    const device = await listen('watched');
    await device.client.subscribeAsync(['devices/watched/#', 'devices/watched/commands'], { qos: 1 });
    await give('watched', { name: 'wave' });
    await command(device, 'wave');
    await command(watcher, 'wave');
    await settled(device, 'watched');
    expect(device.heard.filter(({ topic }) => topic.endsWith('/commands'))).toHaveLength(1);
    expect(watcher.heard).toHaveLength(1);
  });

  it('a service account gives commands over MQTT, kept before they are acknowledged', async () => {
    await register('asked-by-mqtt');
    const made = await gateway.api('POST', '/api/v1/service-accounts', {
      id: 'commander',
      publish: ['devices/+/commands'],
      subscribe: ['devices/+/commands/+/reply'],
    });
    tokens.set('commander', made.body.token);
    const commander = await listen('commander');
    await commander.client.subscribeAsync('devices/+/commands/+/reply', { qos: 1 });
    const order = (body: unknown) =>
      commander.client.publishAsync('devices/asked-by-mqtt/commands', JSON.stringify(body), { qos: 1 });
    await order({ id: 'by-mqtt', name: 'wave', args: { times: 2 } });
    for (const bad of [
      { id: 'a/b', name: 'x' },
      { name: '' },
      { name: 'x', expires: -1 },
      [1],
      { id: 'by-mqtt', name: 'x' },
    ])
      await order(bad);
    await killAndStart();
    const device = await listen('asked-by-mqtt', { clean: true });
    await device.client.subscribeAsync('devices/asked-by-mqtt/commands', { qos: 1 });
    expect(await command(device, 'wave')).toBe('by-mqtt');
    const again = await listen('commander');
    await reply(device, 'asked-by-mqtt', 'by-mqtt', { status: 'ok', result: 2 });
    await eventually('the reply', 20_000, async () => again.heard[0]);
    expect(again.heard).toMatchObject([
      { topic: 'devices/asked-by-mqtt/commands/by-mqtt/reply', body: { status: 'ok', result: 2 } },
    ]);
    expect(device.heard).toHaveLength(1);
  });

  it('a configuration is retained with its version, and the device tells what it applied', async () => {
    await register('tuned');
    const path = '/api/v1/devices/tuned/config';
    expect((await gateway.api('GET', path)).body).toMatchObject({
      desired: null,
      desiredVersion: 0,
      reported: null,
      inSync: false,
    });
    const put = await gateway.api('PUT', path, { interval: 30 });
    expect(put).toMatchObject({
      status: 200,
      body: { desired: { version: 1, interval: 30 }, inSync: false },
    });
    await killAndStart();
    const device = await listen('tuned');
    await device.client.subscribeAsync('devices/tuned/config', { qos: 1 });
    await eventually('the retained configuration', 20_000, async () => device.heard[0]);
    expect(device.heard).toMatchObject([
      { topic: 'devices/tuned/config', body: { version: 1, interval: 30 }, retain: true },
    ]);
    const report = (body: unknown) =>
      device.client.publishAsync('devices/tuned/config/reported', JSON.stringify(body), { qos: 1 });
    await report({ version: 1, interval: 30 });
    await killAndStart();
    expect((await gateway.api('GET', path)).body).toMatchObject({
      reported: { version: 1, interval: 30 },
      reportedVersion: 1,
      inSync: true,
    });

    expect((await gateway.api('PUT', path, { version: 1, interval: 5 })).status).toBe(409);
    expect((await gateway.api('PUT', path, { version: 1, interval: 30 })).status, 'the same again').toBe(200);
    expect((await gateway.api('PUT', path, { version: 7, interval: 5 })).body.desiredVersion).toBe(7);
    const ifMatch = async (tag: string) => {
      const answer = await fetch(`${gateway.httpUrl}${path}`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${gateway.adminToken}`,
          'content-type': 'application/json',
          'if-match': tag,
        },
        body: '{"interval":6}',
      });
      return { status: answer.status, etag: answer.headers.get('etag') };
    };
    expect((await ifMatch('"1"')).status).toBe(412);
    expect(await ifMatch('"7"')).toEqual({ status: 200, etag: '"8"' });
    for (const body of [[], 'text', { version: 'x' }, { version: 0 }])
      expect((await gateway.api('PUT', path, body)).status, JSON.stringify(body)).toBe(400);

    const again = await listen('tuned');
    await eventually('the newest configuration', 20_000, async () => {
      await again.client.subscribeAsync('devices/tuned/config', { qos: 1 });
      return again.heard.find(({ body }) => body.version === 8);
    });
  });

  it('what waits for a session, its subscriptions and its owner survive SIGKILL', async () => {
    await register('kept');
    await register('thief');
    const device = await listen('kept');
    await device.client.subscribeAsync('devices/kept/errors', { qos: 1 });
    const sender = await listen('kept', { clientId: 'kept-sender', clean: true });
    await device.client.endAsync();
    await sender.client.publishAsync('devices/kept/telemetry', 'no json', { qos: 1 });
    await eventually('the message in quarantine', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/quarantine?device=kept');
      return body.items.length > 0 ? true : undefined;
    });
    await killAndStart();
    await expect(listen('thief', { clientId: 'kept-client' })).rejects.toThrow();
    const back = await listen('kept');
    await eventually('the error that waited', 20_000, async () => back.heard[0]);
    expect(back.heard).toMatchObject([{ topic: 'devices/kept/errors', body: { code: 'bad_json' } }]);
    await settled(back, 'kept');
    await killAndStart();
    const clean = await listen('kept', { clean: true });
    await clean.client.endAsync();
    await killAndStart();
    // The clean session ended the one that lasted, and with it the claim to the client id.
    const taken = await listen('thief', { clientId: 'kept-client' });
    expect(taken.heard).toEqual([]);
  });

  it('the will of a device that was connected when the gateway was killed is published', async () => {
    await register('mortal');
    await listen('mortal', {
      will: {
        topic: 'devices/mortal/telemetry',
        payload: Buffer.from('{"event":"died"}'),
        qos: 1,
        retain: false,
      },
    });
    await killAndStart();
    await eventually('the will in the telemetry', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/telemetry/mortal');
      return JSON.stringify(body).includes('died') ? true : undefined;
    });
    await killAndStart();
    const { body } = await gateway.api('GET', '/api/v1/telemetry/mortal');
    expect(JSON.stringify(body).split('died'), 'published once').toHaveLength(2);
  });
});
