import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 10_000;
const RPC = 'v1/devices/me/rpc/request/';

interface Heard {
  readonly topic: string;
  readonly body: Record<string, unknown>;
}

let gateway: GatewayProcess;
const tokens = new Map<string, string>();
const clients: MqttClient[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  for (const id of ['tb-1', 'tb-2']) {
    const { body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'fridge' });
    tokens.set(id, body.token);
  }
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
});
afterAll(() => gateway.stop());

/** As ThingsBoard's firmware connects: its token is the user name, and it subscribes to what comes down. */
async function connect(id: string, clean = true): Promise<{ client: MqttClient; heard: Heard[] }> {
  const heard: Heard[] = [];
  const client = await connectAsync(gateway.mqttUrl, {
    clientId: `client of ${id}`.replaceAll(' ', '-'),
    username: tokens.get(id) ?? '',
    clean,
    reconnectPeriod: 0,
  });
  clients.push(client);
  client.on('message', (topic, payload) => heard.push({ topic, body: JSON.parse(payload.toString()) }));
  const granted = await client.subscribeAsync(
    [`${RPC}+`, 'v1/devices/me/attributes', 'v1/devices/me/attributes/response/+', `devices/${id}/errors`],
    { qos: 1 },
  );
  expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1, 1]);
  return { client, heard };
}

const hear = (heard: readonly Heard[], topic: string) =>
  eventually(`something on ${topic}`, WITHIN_MS, async () =>
    heard.find((one) => one.topic.startsWith(topic)),
  );

it('takes a command as RPC to one device alone, and its answer as the reply', async () => {
  const { client, heard } = await connect('tb-1');
  const other = await connect('tb-2');
  const given = await gateway.api('POST', '/api/v1/devices/tb-1/commands', {
    name: 'setLight',
    args: { on: true },
  });
  expect(given.status).toBe(202);
  const { topic, body } = await hear(heard, RPC);
  expect(body).toEqual({ method: 'setLight', params: { on: true } });
  const requestId = topic.slice(RPC.length);
  expect(Number(requestId)).toBeLessThan(2 ** 31);
  await client.publishAsync(`v1/devices/me/rpc/response/${requestId}`, '{"light":"on"}', { qos: 1 });
  const command = await gateway.api('GET', `/api/v1/devices/tb-1/commands/${given.body.id}`);
  expect(command.body).toMatchObject({ state: 'answered', reply: { status: 'ok', result: { light: 'on' } } });
  // The same again, and one that nobody asked for: the device is told.
  await client.publishAsync('v1/devices/me/rpc/response/7', '{}', { qos: 1 });
  expect((await hear(heard, 'devices/tb-1/errors')).body).toMatchObject({ code: 'unknown_command' });
  expect(other.heard).toEqual([]);
});

it('keeps a command for a device that is away', async () => {
  const given = await gateway.api('POST', '/api/v1/devices/tb-1/commands', { name: 'reboot', args: null });
  const { client, heard } = await connect('tb-1');
  const { topic } = await hear(heard, RPC);
  await client.publishAsync(topic.replace('request', 'response'), '{"error":"no power"}', { qos: 1 });
  const { body } = await gateway.api('GET', `/api/v1/devices/tb-1/commands/${given.body.id}`);
  expect(body.reply).toEqual({ status: 'error', result: { error: 'no power' } });
});

it('has shared attributes as the desired configuration, and client attributes as the reported one', async () => {
  const { client, heard } = await connect('tb-1');
  const other = await connect('tb-2');
  expect((await gateway.api('PUT', '/api/v1/devices/tb-1/config', { target: 4 })).status).toBeLessThan(300);
  expect((await hear(heard, 'v1/devices/me/attributes')).body).toMatchObject({ target: 4 });
  await client.publishAsync('v1/devices/me/attributes', '{"firmware":"1.2"}', { qos: 1 });
  const before = await gateway.api('GET', '/api/v1/devices/tb-1/config');
  expect(before.body).toMatchObject({ reported: { firmware: '1.2' }, inSync: false });
  await client.publishAsync('v1/devices/me/attributes', '{"target":4}', { qos: 1 });
  const after = await gateway.api('GET', '/api/v1/devices/tb-1/config');
  expect(after.body).toMatchObject({ reported: { firmware: '1.2', target: 4 }, inSync: true });
  await client.publishAsync(
    'v1/devices/me/attributes/request/1',
    '{"clientKeys":"firmware","sharedKeys":"target,other"}',
    { qos: 1 },
  );
  expect((await hear(heard, 'v1/devices/me/attributes/response/1')).body).toEqual({
    client: { firmware: '1.2' },
    shared: { target: 4 },
  });
  expect(other.heard).toEqual([]);
});

it('answers a call of the server with an error, to who called, and goes on', async () => {
  const { client, heard } = await connect('tb-1');
  const other = await connect('tb-2');
  await client.subscribeAsync('v1/devices/me/rpc/response/+', { qos: 1 });
  await client.publishAsync(`${RPC}5`, '{"method":"getCurrentTime","params":{}}', { qos: 1 });
  expect((await hear(heard, 'v1/devices/me/rpc/response/5')).body).toEqual({
    error: 'this server has no methods for devices; "getCurrentTime" was called',
  });
  await client.publishAsync(`${RPC}6`, 'rubbish', { qos: 1 });
  expect((await hear(heard, 'devices/tb-1/errors')).body).toMatchObject({
    code: 'bad_json',
    topic: `${RPC}6`,
  });
  expect(client.connected).toBe(true);
  expect(other.heard).toEqual([]);
});

it('refuses what no device may have: the topics of others, and what only the gateway says', async () => {
  for (const topic of [
    'v1/devices/me/attributes/response/1',
    'v1/devices/tb-2/telemetry',
    'v1/gateway/telemetry',
  ]) {
    const { client } = await connect('tb-1');
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, '{}', { qos: 1 });
    await closed;
  }
  const { client } = await connect('tb-1');
  for (const filter of ['v1/devices/me/#', 'v1/#', 'v1/devices/me/telemetry', 'v1/devices/+/attributes']) {
    const granted = await client.subscribeAsync(filter).catch((error: Error) => error.message);
    expect(granted).toMatch(/Unspecified error/);
  }
});

it('keeps every attribute of a device that does not wait for acknowledgements', async () => {
  const { client } = await connect('tb-2');
  const sent = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`sensor-${n}`, n]));
  await Promise.all(
    Object.entries(sent).map(([name, value]) =>
      client.publishAsync('v1/devices/me/attributes', JSON.stringify({ [name]: value }), { qos: 1 }),
    ),
  );
  const { body } = await gateway.api('GET', '/api/v1/devices/tb-2/config');
  expect(body.reported).toMatchObject(sent);
});
