import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPacket } from '../broker/packets.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { metricOf } from '../support/gateway-metrics.ts';

const CONNECTIONS = 10_000;
const DEVICES = 500;
/**
 * Unanswered at any moment: as many as the system holds for the gateway (its listen backlog is 4,096). The SYN of one more is dropped, and
 * comes again after 1, 2, 4, 8 and 16 s: that is time of the client's TCP, and tells nothing of the gateway.
 */
const AT_ONCE = 4_000;
const WITHIN_MS = 60_000;
const WITNESS_EVERY_MS = 100;

let gateway: GatewayProcess;
let tokens: ReadonlyMap<string, string>;

beforeAll(async () => {
  gateway = await startGateway();
  const ids = ['witness', ...Array.from({ length: DEVICES }, (_, n) => `burst-${n}`)];
  const csv = ['id,type', ...ids.map((id) => `${id},fridge`)].join('\n');
  const { status, body } = await gateway.api('POST', '/api/v1/devices/import', csv, 'text/csv');
  expect(status).toBe(200);
  tokens = new Map((body.rows as { id: string; token: string }[]).map(({ id, token }) => [id, token]));
});
afterAll(() => gateway.stop());

it(`${CONNECTIONS} devices that connect at once are all let in, and hold up nobody who was there before`, async () => {
  const witness = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'witness',
    username: 'witness',
    password: tokens.get('witness') ?? '',
  });
  let longestMs = 0;
  let underWay: Promise<void> = Promise.resolve();
  const publishing = setInterval(() => {
    const sentAt = performance.now();
    underWay = witness
      .publishAsync('devices/witness/telemetry', '{"metrics":{"temperature":4}}', { qos: 1 })
      .then(() => {
        longestMs = Math.max(longestMs, performance.now() - sentAt);
      });
  }, WITNESS_EVERY_MS);
  const sockets: Socket[] = [];
  let letIn = 0;
  const openOne = () => {
    const n = sockets.length;
    if (n === CONNECTIONS) return;
    const id = `burst-${n % DEVICES}`;
    const socket = connect(gateway.mqttPort, '127.0.0.1');
    sockets.push(socket);
    socket.write(
      connectPacket({ clientId: `c-${n}`, username: id, password: tokens.get(id) ?? '', clean: true }),
    );
    socket.once('data', (connack: Buffer) => {
      if (connack[0] === 0x20 && connack[3] === 0) letIn += 1;
      openOne();
    });
  };
  for (let n = 0; n < AT_ONCE; n += 1) openOne();
  await eventually('all are let in', WITHIN_MS, async () => (letIn === CONNECTIONS ? true : undefined));
  clearInterval(publishing);
  await underWay;
  expect(longestMs).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(5000);
  expect((await gateway.api('GET', '/healthz')).status).toBe(200);
  const closed = sockets.map((socket) => once(socket, 'close'));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  await eventually('all are gone', 30_000, async () =>
    (await metricOf(gateway, 'wayside_broker_connections')) === 1 ? true : undefined,
  );
  await witness.endAsync();
});
