import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { hasOpenssl, selfSignedCertificate } from '../support/self-signed.ts';

let gateway: GatewayProcess;
const clients: MqttClient[] = [];

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  for (const client of clients) client.end(true);
  await gateway.stop();
});

async function connect(username: string, password: string, options: IClientOptions & { url?: string } = {}) {
  const { url = gateway.mqttUrl, ...rest } = options;
  const client = mqtt.connect(url, {
    username,
    password,
    clientId: `${username}-${clients.length}`,
    reconnectPeriod: 0,
    ...rest,
  });
  clients.push(client);
  return new Promise<MqttClient>((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.on('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });
}

/** CONNACK code, or 0 where it is let in. */
const codeOf = (username: string, password: string) =>
  connect(username, password).then(
    (client) => client.endAsync().then(() => 0),
    (error: { code?: number }) => error.code,
  );
const closing = (client: MqttClient) =>
  new Promise<void>((resolve) => (client.connected ? client.once('close', () => resolve()) : resolve()));
const register = async (id: string, type = 'car') =>
  (await gateway.api('POST', '/api/v1/devices', { id, type })).body.token as string;
const pointsOf = async (id: string) =>
  (await gateway.api('GET', `/api/v1/telemetry/${id}`)).body.points ?? [];

describe('tokens', () => {
  it('overlap: both are good, then the old one is out, and so is who used it', async () => {
    const old = await register('rotates');
    const byOld = await connect('rotates', old);
    const { token } = (await gateway.api('POST', '/api/v1/devices/rotates/token', { overlapSeconds: 3 }))
      .body;
    const byNew = await connect('rotates', token);
    expect(await codeOf('rotates', old)).toBe(0);
    expect(byOld.connected).toBe(true);
    await closing(byOld);
    expect(await codeOf('rotates', old)).toBe(5);
    expect(byNew.connected).toBe(true);
    await byNew.publishAsync('devices/rotates/telemetry', '{"event":"still"}', { qos: 1 });
  });

  it('that were replaced too often are out at once, and so is who used them', async () => {
    const first = await register('replaced');
    const byFirst = await connect('replaced', first);
    const replace = async () =>
      (await gateway.api('POST', '/api/v1/devices/replaced/token')).body.token as string;
    const second = await replace();
    const bySecond = await connect('replaced', second);
    for (let n = 0; n < 4; n += 1) await replace();
    await closing(byFirst);
    expect(await codeOf('replaced', first)).toBe(5);
    expect(await codeOf('replaced', second)).toBe(0);
    expect(bySecond.connected).toBe(true);
  });

  it('that are revoked are out at once, over TCP and WebSocket', async () => {
    const token = await register('revoked');
    const tcp = await connect('revoked', token);
    const ws = await connect('revoked', token, { url: `ws://127.0.0.1:${gateway.httpPort}/mqtt` });
    const gone = Promise.all([closing(tcp), closing(ws)]);
    expect((await gateway.api('DELETE', '/api/v1/devices/revoked/token')).status).toBe(204);
    await gone;
    expect(await codeOf('revoked', token)).toBe(5);
  });
});

describe('first contact', () => {
  it('brings a device in over MQTT, and its telemetry is there', async () => {
    const { key } = (
      await gateway.api('POST', '/api/v1/fleet-keys', {
        id: 'vans',
        type: 'car',
        idPrefix: 'van-',
        maxDevices: 5,
      })
    ).body;
    const first = await connect('van-1', key);
    await first.publishAsync('devices/van-1/telemetry', '{"metrics":{"fuel":0.5}}', { qos: 1 });
    const told = new Promise<string>((resolve) =>
      first.once('message', (_, payload) => resolve(JSON.parse(payload.toString()).token)),
    );
    await first.subscribeAsync('devices/van-1/token', { qos: 1 });
    const token = await told;
    await first.endAsync();
    expect(await codeOf('van-1', key)).toBe(0);
    const second = await connect('van-1', token);
    await second.publishAsync('devices/van-1/telemetry', '{"metrics":{"fuel":0.4}}', { qos: 1 });
    expect(await codeOf('van-1', key)).toBe(5);
    expect(await codeOf('bus-1', key)).toBe(5);
    const points = await eventually('both readings are stored', 20_000, async () => {
      const all = await pointsOf('van-1');
      return all.length === 2 ? all : undefined;
    });
    expect(points).toHaveLength(2);
    expect((await gateway.api('GET', '/api/v1/devices/van-1')).body).toMatchObject({
      type: 'car',
      awaitsToken: false,
    });
  });
});

describe('service accounts', () => {
  it('hear devices, speak for them, and are out when they are removed', async () => {
    const token = await register('heard');
    const made = await gateway.api('POST', '/api/v1/service-accounts', {
      id: 'node-red',
      publish: ['devices/heard/telemetry'],
      subscribe: ['devices/+/telemetry'],
    });
    expect(made.status).toBe(201);
    const device = await connect('heard', token);
    const service = await connect('node-red', made.body.token);
    const heard: string[] = [];
    service.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await service.subscribeAsync('devices/+/telemetry', { qos: 1 });
    await device.publishAsync('devices/heard/telemetry', '{"event":"one"}', { qos: 1 });
    await service.publishAsync('devices/heard/telemetry', '{"event":"two"}', { qos: 1 });
    await eventually('both are stored', 20_000, async () =>
      (await pointsOf('heard')).length === 2 ? true : undefined,
    );
    await eventually('both are heard', 20_000, async () => (heard.length === 2 ? true : undefined));
    expect(heard).toEqual([
      'devices/heard/telemetry {"event":"one"}',
      'devices/heard/telemetry {"event":"two"}',
    ]);
    const gone = closing(service);
    expect((await gateway.api('DELETE', '/api/v1/service-accounts/node-red')).status).toBe(204);
    await gone;
    expect(await codeOf('node-red', made.body.token)).toBe(5);
  });
});

describe('device types', () => {
  it('are in force at once, for what comes from then on', async () => {
    await gateway.api('PUT', '/api/v1/device-types/scooter', {
      name: 'Scooter',
      metrics: { charge: { kind: 'number', min: 0, max: 1 } },
      unknownMetrics: 'drop',
    });
    const device = await connect('scooter-1', await register('scooter-1', 'scooter'));
    const say = (metrics: object) =>
      device.publishAsync('devices/scooter-1/telemetry', JSON.stringify({ metrics }), { qos: 1 });
    await say({ charge: 0.5, extra: 1 });
    await eventually('the first is stored', 20_000, async () =>
      (await pointsOf('scooter-1')).length === 1 ? true : undefined,
    );
    await gateway.api('PUT', '/api/v1/device-types/scooter', {
      name: 'Scooter',
      metrics: { charge: { kind: 'number', min: 0, max: 100 } },
      unknownMetrics: 'keep',
    });
    await say({ charge: 50, extra: 2 });
    const points = await eventually('the second is stored', 20_000, async () => {
      const all = await pointsOf('scooter-1');
      return all.length === 2 ? all : undefined;
    });
    const metrics = points.map((point: { metrics?: object; value?: { metrics?: object } }) =>
      JSON.stringify(point),
    );
    expect(metrics[0]).not.toContain('extra');
    expect(metrics[1]).toContain('"charge":50');
    expect(metrics[1]).toContain('"extra":2');
    expect((await gateway.api('DELETE', '/api/v1/device-types/scooter')).status).toBe(409);
  });
});

const withOpenssl = await hasOpenssl();
describe.skipIf(!withOpenssl)(`MQTTS${withOpenssl ? '' : ' (skipped: openssl is not there)'}`, () => {
  it('is told in the ready line, and takes devices', async () => {
    const { key, cert } = await selfSignedCertificate();
    const files = { cert: join(gateway.dataDir, 'cert.pem'), key: join(gateway.dataDir, 'key.pem') };
    await writeFile(files.cert, cert);
    await writeFile(files.key, key);
    const other = await startGateway({
      env: { WAYSIDE_MQTTS_PORT: '0', WAYSIDE_TLS_CERT: files.cert, WAYSIDE_TLS_KEY: files.key },
    });
    try {
      const ready = JSON.parse(other.logLines.find((line) => line.includes('"msg":"ready"')) ?? '{}');
      expect(ready.mqttsPort).toBeGreaterThan(0);
      const { token } = (await other.api('POST', '/api/v1/devices', { id: 'tls-1', type: 'car' })).body;
      const client = await connect('tls-1', token, {
        url: `mqtts://127.0.0.1:${ready.mqttsPort}`,
        ca: cert,
      });
      await client.publishAsync('devices/tls-1/telemetry', '{"event":"x"}', { qos: 1 });
      await client.endAsync();
    } finally {
      await other.stop();
    }
    await expect(
      startGateway({
        env: { WAYSIDE_MQTTS_PORT: '0', WAYSIDE_TLS_CERT: files.key, WAYSIDE_TLS_KEY: files.key },
      }),
    ).rejects.toThrow('WAYSIDE_TLS_CERT');
  });
});
