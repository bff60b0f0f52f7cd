import { connectAsync, type IClientOptions, type MqttClient, connect as startToConnect } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const MIB = 1024 * 1024;

let gateway: GatewayProcess;
let token: string;
const clients: MqttClient[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  token = (await gateway.api('POST', '/api/v1/devices', { id: 'car-1', type: 'car' })).body.token;
});
afterAll(async () => {
  for (const client of clients) await client.endAsync(true);
  await gateway.stop();
});

async function connect(options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(gateway.mqttUrl, { reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}

const asDevice = (clientId: string) => ({ clientId, username: 'car-1', password: token });
const asSession = () => ({ ...asDevice('session'), clean: false, reconnectPeriod: 0 });

async function quarantined(code: string): Promise<object> {
  return eventually(`a message in quarantine for ${code}`, 20_000, async () => {
    const { body } = await gateway.api('GET', `/api/v1/quarantine?device=car-1&reason=${code}`);
    return body.items[0];
  });
}

it('lets firmware in that sends its token as the user name, and no longer once it is replaced', async () => {
  const client = await connect({ clientId: 'by-token', username: token });
  await client.publishAsync('devices/car-1/telemetry', '{"metrics":{"fuel":0.5}}', { qos: 1 });
  await eventually('the reading', 20_000, async () => {
    const { body } = await gateway.api('GET', '/api/v1/telemetry/car-1?metric=fuel');
    return body.points[0]?.value === 0.5 ? true : undefined;
  });
  const before = token;
  token = (await gateway.api('POST', '/api/v1/devices/car-1/token', { overlapSeconds: 0 })).body.token;
  for (const username of [before, `${token}x`]) {
    await expect(connect({ clientId: 'refused', username })).rejects.toThrow('Not authorized');
  }
  await connect({ clientId: 'again', username: token });
});

it('tells a device that was away of what was refused meanwhile', async () => {
  const first = await connect(asSession());
  await first.subscribeAsync('devices/car-1/errors', { qos: 1 });
  await first.endAsync();
  const other = await connect(asDevice('other'));
  await other.publishAsync('devices/car-1/telemetry', 'nonsense', { qos: 1 });
  expect(await quarantined('bad_json')).toMatchObject({ topic: 'devices/car-1/telemetry', count: 1 });
  const told: string[] = [];
  // What waited comes right behind the CONNACK: who listens later has missed it.
  const back = startToConnect(gateway.mqttUrl, asSession());
  clients.push(back);
  back.on('message', (_topic, payload) => told.push(payload.toString()));
  const message = await eventually('word of it', 20_000, async () => told[0]);
  expect(JSON.parse(message)).toMatchObject({ code: 'bad_json', topic: 'devices/car-1/telemetry' });
});

it('acknowledges a message of 6 MiB, quarantines it, tells the device, and keeps the connection', async () => {
  const client = await connect(asDevice('large'));
  const told: string[] = [];
  client.on('message', (_topic, payload) => told.push(payload.toString()));
  await client.subscribeAsync('devices/car-1/errors', { qos: 1 });
  await client.publishAsync('devices/car-1/telemetry', Buffer.alloc(6 * MIB, ' '), { qos: 1 });
  expect(await quarantined('too_large')).toMatchObject({ message: expect.stringContaining('6,291,456') });
  await eventually('word of it', 20_000, async () => told.find((text) => text.includes('too_large')));
  await client.publishAsync('devices/car-1/telemetry', '{"metrics":{"fuel":0.4}}', { qos: 1 });
  expect(client.connected).toBe(true);
});
