import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, expect, it } from 'vitest';
import { eventually, type GatewayProcess, lastingPorts, startGateway } from '../support/gateway.ts';

const DEVICES = 5;
const KILLS = 3;
/** Commands that are to be accepted between two kills. */
const BETWEEN_KILLS = 40;
const RETRY_EVERY_MS = 1000;

let dataDir = '';
let gateway: GatewayProcess;
const clients: MqttClient[] = [];
const retries: NodeJS.Timeout[] = [];

afterAll(async () => {
  for (const retry of retries) clearInterval(retry);
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await gateway?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

it('no command that was accepted is lost over SIGKILLs, and none comes after its reply was acknowledged', async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wayside-downlink-crash-'));
  // The same port after each start, so that the devices come back by themselves.
  const env = await lastingPorts();
  gateway = await startGateway({ dataDir, env });
  const deliveries = new Map<string, number>();
  const acknowledged = new Set<string>();
  const tooLate: string[] = [];
  const ids = Array.from({ length: DEVICES }, (_, index) => `pump-${index}`);
  for (const [index, id] of ids.entries()) {
    const { body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
    const client = mqtt.connect(gateway.mqttUrl, {
      username: id,
      password: body.token,
      clientId: id,
      // Some sessions last, some do not: the commands are to be there either way.
      clean: index % 2 === 0,
      reconnectPeriod: 200,
    });
    clients.push(client);
    client.on('error', () => undefined);
    const own = new Set<string>();
    const reply = (command: string) =>
      client.publish(`devices/${id}/commands/${command}/reply`, '{"status":"ok"}', { qos: 1 }, (error) => {
        if (!error) acknowledged.add(command);
      });
    client.on('message', (_topic, payload) => {
      const command = JSON.parse(payload.toString()).id as string;
      deliveries.set(command, (deliveries.get(command) ?? 0) + 1);
      if (acknowledged.has(command)) tooLate.push(command);
      own.add(command);
      reply(command);
    });
    // What is published while mqtt.js sends again what it kept of the connection before, it may never send.
    retries.push(
      setInterval(() => {
        if (!client.connected) return;
        for (const command of own) if (!acknowledged.has(command)) reply(command);
      }, RETRY_EVERY_MS),
    );
    client.on('connect', () => client.subscribe(`devices/${id}/commands`, { qos: 1 }, () => undefined));
  }

  const accepted: { device: string; id: string }[] = [];
  async function giveUntil(count: number): Promise<void> {
    for (let turn = 0; accepted.length < count; turn += 1) {
      const device = ids[turn % DEVICES] as string;
      const answer = await gateway
        .api('POST', `/api/v1/devices/${device}/commands`, { name: 'pump', args: { turn } })
        .catch(() => null);
      if (answer?.status === 202 || answer?.status === 200) accepted.push({ device, id: answer.body.id });
      // The gateway is being killed: what was not answered was not accepted.
      else return;
    }
  }

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const giving = [1, 2, 3].map(() => giveUntil(accepted.length + BETWEEN_KILLS));
    await eventually('half of the commands', 20_000, async () =>
      accepted.length >= BETWEEN_KILLS * (kill - 0.5) ? true : undefined,
    );
    await gateway.kill('SIGKILL');
    await Promise.all(giving);
    gateway = await startGateway({ dataDir, env });
  }
  await giveUntil(accepted.length + BETWEEN_KILLS);

  const open = new Set(accepted.map(({ id }) => id));
  await eventually('every command is answered', 30_000, async () => {
    for (const { device, id } of accepted) {
      if (!open.has(id)) continue;
      const { body } = await gateway.api('GET', `/api/v1/devices/${device}/commands/${id}`);
      if (body.state === 'answered') open.delete(id);
    }
    return open.size === 0 ? true : undefined;
  });
  expect(accepted.length).toBeGreaterThanOrEqual(BETWEEN_KILLS * KILLS);
  expect(accepted.filter(({ id }) => !deliveries.has(id))).toEqual([]);
  expect(tooLate).toEqual([]);
});
