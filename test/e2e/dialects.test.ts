import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { newClient } from 'sparkplug-client';
import { get } from 'sparkplug-payload';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 10_000;

let gateway: GatewayProcess;
const clients: MqttClient[] = [];

beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
});
afterAll(() => gateway.stop());

async function register(id: string, type: string, ...aliases: readonly string[]): Promise<string> {
  const { status, body } = await gateway.api('POST', '/api/v1/devices', { id, type });
  expect(status).toBe(201);
  for (const alias of aliases) {
    expect((await gateway.api('POST', `/api/v1/devices/${id}/aliases`, { alias })).status).toBe(201);
  }
  return body.token;
}

async function connect(options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(gateway.mqttUrl, { reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}

const as = (username: string, password: string) => connect({ clientId: `${username}-1`, username, password });

type Point = Record<string, unknown> & { at: number };

/** Whole readings, once there are that many. */
function readings(device: string, count: number): Promise<Point[]> {
  return eventually(`${count} readings of ${device}`, WITHIN_MS, async () => {
    const { body } = await gateway.api('GET', `/api/v1/telemetry/${device}`);
    return body.points.length >= count ? body.points : undefined;
  });
}

function quarantined(device: string): Promise<{ code: string; topic: string }[]> {
  return eventually(`quarantine of ${device}`, WITHIN_MS, async () => {
    const { body } = await gateway.api('GET', `/api/v1/quarantine?device=${device}`);
    return body.items.length > 0 ? body.items : undefined;
  });
}

/** Whether a publish is acknowledged; false where it closes the connection. */
async function isLetIn(client: MqttClient, topic: string, payload: string): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(false)));
  const kept = client.publishAsync(topic, payload, { qos: 1 }).then(
    () => true,
    () => false,
  );
  return Promise.race([kept, closed]);
}

describe('native readings', () => {
  it('come as CBOR, in gzip, and as SenML', async () => {
    const at = Date.now() - 1000;
    const client = await as('fridge-1', await register('fridge-1', 'fridge'));
    const topic = 'devices/fridge-1/telemetry';
    const send = (payload: string | Uint8Array) =>
      client.publishAsync(topic, Buffer.from(payload as Uint8Array), { qos: 1 });
    await send(encode({ at, metrics: { temperature: 4.5 } }));
    await send(
      gzipSync(
        JSON.stringify([
          { at: at + 1, metrics: { temperature: 4.6 } },
          { at: at + 2, metrics: { temperature: 4.7 } },
        ]),
      ),
    );
    await send(
      JSON.stringify([
        { bn: 'urn:dev:ow:10e2073a01080063:', bt: (at + 3) / 1000, n: 'temperature', u: 'degF', v: 41 },
      ]),
    );
    await send(
      encode([
        new Map<number, unknown>([
          [-2, 'urn:dev:ow:1:'],
          [-3, (at + 4) / 1000],
          [0, 'humidity'],
          [1, '%RH'],
          [2, 60],
        ]),
      ]),
    );
    const points = await readings('fridge-1', 5);
    expect(points.map((point) => [point.at, point.metrics])).toEqual([
      [at, { temperature: 4.5 }],
      [at + 1, { temperature: 4.6 }],
      [at + 2, { temperature: 4.7 }],
      [at + 3, { temperature: 5 }],
      [at + 4, { humidity: 0.6 }],
    ]);
    await send(gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')));
    expect(await quarantined('fridge-1')).toMatchObject([{ code: 'too_large' }]);
  });
});

describe('OwnTracks', () => {
  it('is taken where it is registered as the alias of the device, and nowhere else', async () => {
    const token = await register('phone-1', 'phone', 'owntracks/alice/phone');
    const client = await as('phone-1', token);
    const tst = Math.floor(Date.now() / 1000);
    const location = { _type: 'location', lat: 45.4642, lon: 9.19, acc: 8, vel: 36, batt: 80, tst };
    await client.publishAsync('owntracks/alice/phone', JSON.stringify(location), { qos: 1 });
    await client.publishAsync(
      'owntracks/alice/phone/event',
      JSON.stringify({ _type: 'transition', event: 'enter', desc: 'Home', acc: 5, tst: tst + 1, wtst: 1 }),
      { qos: 1 },
    );
    expect(await readings('phone-1', 2)).toMatchObject([
      {
        at: tst * 1000,
        position: { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 10 },
        metrics: { battery: 0.8 },
      },
      { at: (tst + 1) * 1000, event: 'region_enter', metrics: { region: 'Home' } },
    ]);
    await client.publishAsync('owntracks/alice/phone', JSON.stringify({ _type: 'encrypted', data: 'x' }), {
      qos: 1,
    });
    expect(await quarantined('phone-1')).toMatchObject([
      { code: 'bad_encoding', topic: 'owntracks/alice/phone' },
    ]);
    const granted = await client
      .subscribeAsync({ 'owntracks/alice/phone/cmd': { qos: 1 }, 'owntracks/+/+': { qos: 1 } })
      .catch(() => []);
    expect(granted.map(({ qos }) => qos)).not.toContain(2);
    expect(await isLetIn(client, 'owntracks/bob/phone', JSON.stringify(location))).toBe(false);
  });

  it('gives an alias to one device, at once, and takes it back at once', async () => {
    const token = await register('phone-2', 'phone', 'owntracks/carol/phone');
    await register('phone-3', 'phone');
    const taken = await gateway.api('POST', '/api/v1/devices/phone-3/aliases', {
      alias: 'owntracks/carol/phone',
    });
    expect(taken).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    for (const alias of [
      'owntracks/carol',
      'owntracks/+/phone',
      'owntracks/a/b/c',
      'devices/x',
      'v1/devices/me/telemetry',
      '',
    ]) {
      expect((await gateway.api('POST', '/api/v1/devices/phone-3/aliases', { alias })).body.code).toBe(
        'bad_alias',
      );
    }
    expect(
      (await gateway.api('POST', '/api/v1/devices/nobody/aliases', { alias: 'owntracks/x/y' })).status,
    ).toBe(404);
    const list = await gateway.api('GET', '/api/v1/devices/phone-2/aliases');
    expect(list.body.items).toEqual([{ alias: 'owntracks/carol/phone', dialect: 'OwnTracks' }]);
    const client = await as('phone-2', token);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const path = '/api/v1/devices/phone-2/aliases?alias=owntracks%2Fcarol%2Fphone';
    expect((await gateway.api('DELETE', path)).status).toBe(204);
    await closed;
    expect((await gateway.api('DELETE', path)).status).toBe(404);
    expect(await isLetIn(await as('phone-2', token), 'owntracks/carol/phone', '{}')).toBe(false);
  });
});

describe('Sparkplug B, from the client of Eclipse Tahu', () => {
  const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };

  it('is read from its births on, asks for a rebirth after a gap, and outlives a kill', async () => {
    const password = await register('node-7', 'car', 'spBv1.0/plant/node-7');
    await register('pump-1', 'car', 'spBv1.0/plant/node-7/pump');
    const node = newClient({
      serverUrl: gateway.mqttUrl,
      username: 'node-7',
      password,
      groupId: 'plant',
      edgeNode: 'node-7',
      clientId: 'tahu',
      version: 'spBv1.0',
      mqttOptions: { reconnectPeriod: 0 },
    });
    const timestamp = Date.now() - 1000;
    const asked: unknown[] = [];
    node.on('ncmd', (payload) => asked.push(payload.metrics));
    try {
      await new Promise<void>((resolve) => node.once('birth', () => resolve()));
      node.publishNodeBirth({ timestamp, metrics: [{ name: 'load', alias: 1, type: 'Int32', value: -5 }] });
      node.publishDeviceBirth('pump', {
        timestamp,
        metrics: [{ name: 'rpm', alias: 2, type: 'Int32', value: 900 }],
      });
      node.publishDeviceData('pump', {
        timestamp: timestamp + 1,
        metrics: [{ alias: 2, type: 'Int32', value: 950 }],
      });
      node.publishNodeData(
        { timestamp: timestamp + 2, metrics: [{ alias: 1, type: 'Int32', value: -7 }] },
        { compress: true },
      );
      expect((await readings('node-7', 2)).map(({ metrics }) => metrics)).toEqual([
        { load: -5 },
        { load: -7 },
      ]);
      expect((await readings('pump-1', 2)).map(({ metrics }) => metrics)).toEqual([
        { rpm: 900 },
        { rpm: 950 },
      ]);
      expect(asked).toEqual([]);
    } finally {
      node.stop();
    }
    await eventually('the end of the first connection', WITHIN_MS, async () => {
      const { body } = await gateway.api('GET', '/api/v1/devices/node-7');
      return body.presence.state === 'offline' ? true : undefined;
    });
    // Aliases are known after a kill, and a number that is left out is asked for.
    await gateway.kill('SIGKILL');
    const { dataDir } = gateway;
    gateway = await startGateway({ dataDir });
    const client = await as('node-7', password);
    const commands: string[] = [];
    client.on('message', (topic) => commands.push(topic));
    await client.subscribeAsync(['spBv1.0/plant/NCMD/node-7/#', 'spBv1.0/STATE/wayside']);
    await eventually('the primary host', WITHIN_MS, async () => commands.shift());
    const payload = tahu.encodePayload({
      timestamp: timestamp + 10,
      seq: 99,
      metrics: [{ alias: 1, type: 'Int32', value: 1 }],
    });
    await client.publishAsync('spBv1.0/plant/NDATA/node-7', Buffer.from(payload), { qos: 1 });
    await eventually('the reading by its alias', WITHIN_MS, async () => {
      const points = await readings('node-7', 3);
      return points.find(({ at }) => at === timestamp + 10)?.metrics;
    }).then((metrics) => expect(metrics).toEqual({ load: 1 }));
    await eventually('the question for a rebirth', WITHIN_MS, async () =>
      commands.length > 0 ? true : undefined,
    );
    expect(commands).toEqual(['spBv1.0/plant/NCMD/node-7']);
  });
});

it('a node that breaks off dies by its will, and takes the devices behind it along', async () => {
  const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };
  const bdSeq = { name: 'bdSeq', type: 'UInt64', value: 4 };
  const password = await register('node-8', 'car', 'spBv1.0/plant/node-8');
  await register('valve-8', 'car', 'spBv1.0/plant/node-8/valve');
  const client = await connect({
    clientId: 'node-8',
    username: 'node-8',
    password,
    will: {
      topic: 'spBv1.0/plant/NDEATH/node-8',
      payload: Buffer.from(tahu.encodePayload({ timestamp: Date.now(), metrics: [bdSeq] })),
      qos: 1,
      retain: false,
    },
  });
  const timestamp = Date.now() - 1000;
  const births = [
    ['NBIRTH/node-8', { timestamp, seq: 0, metrics: [bdSeq] }],
    ['DBIRTH/node-8/valve', { timestamp, seq: 1, metrics: [{ name: 'open', type: 'Boolean', value: true }] }],
  ] as const;
  for (const [topic, payload] of births)
    await client.publishAsync(`spBv1.0/plant/${topic}`, Buffer.from(tahu.encodePayload(payload)), { qos: 1 });
  const presence = (id: string, state: string) =>
    eventually(`${id} is ${state}`, WITHIN_MS, async () => {
      const { body } = await gateway.api('GET', `/api/v1/devices/${id}`);
      return body.presence.state === state ? true : undefined;
    });
  await presence('valve-8', 'online');
  client.stream.destroy();
  expect(await readings('node-8', 1)).toMatchObject([{ event: 'offline' }]);
  await presence('valve-8', 'offline');
});

describe('the device API of ThingsBoard', () => {
  it('takes telemetry from a device that sends its token as its user name', async () => {
    const token = await register('tb-1', 'fridge');
    const client = await connect({ clientId: 'tb', username: token });
    const ts = Date.now() - 1000;
    await client.publishAsync(
      'v1/devices/me/telemetry',
      JSON.stringify({ ts, values: { temperature: 4, latitude: 45.4642, longitude: 9.19 } }),
      { qos: 1 },
    );
    await client.publishAsync('v1/devices/me/telemetry', JSON.stringify({ door: true }), { qos: 1 });
    expect(await readings('tb-1', 2)).toMatchObject([
      { at: ts, metrics: { temperature: 4 }, position: { lat: 45.4642, lon: 9.19 } },
      { metrics: { door: true } },
    ]);
  });
});

it('a service account speaks in a dialect for whoever is registered there', async () => {
  await register('phone-9', 'phone', 'owntracks/zoe/phone');
  const made = await gateway.api('POST', '/api/v1/service-accounts', {
    id: 'recorder',
    publish: ['owntracks/#', 'v1/#'],
    subscribe: ['owntracks/#'],
  });
  const client = await as('recorder', made.body.token);
  const heard: string[] = [];
  client.on('message', (topic) => heard.push(topic));
  await client.subscribeAsync('owntracks/#', { qos: 1 });
  const tst = Math.floor(Date.now() / 1000) - 10;
  const send = (user: string, index: number) =>
    client.publishAsync(
      `owntracks/${user}/phone`,
      JSON.stringify({ _type: 'location', lat: 1, lon: 2, tst: tst + index }),
      { qos: 1 },
    );
  await Promise.all([0, 1, 2, 3, 4].map((index) => send('zoe', index)));
  await send('nobody', 5);
  const points = await readings('phone-9', 5);
  expect(points.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4].map((index) => (tst + index) * 1000));
  await eventually('all of it at the subscriber', WITHIN_MS, async () =>
    heard.length === 6 ? true : undefined,
  );
  // A topic that says `me` is every device's own.
  expect(await isLetIn(client, 'v1/devices/me/telemetry', '{"a":1}')).toBe(false);
});
