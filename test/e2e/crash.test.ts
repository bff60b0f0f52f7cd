import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPushConnection, type PushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService, type PushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const DEVICES = 20;
const KILLS = 4;
/** Unacknowledged messages a device may have under way. */
const WINDOW = 30;
/** Each device is this long outside, then as long inside. */
const PHASE_MS = 2_000;

/** A circle of 50 m, and a point 130 m from its middle: beyond the exit margin, and reached at less than 90 m/s. */
const PLACE = { lat: 45.46, lon: 9.19 };
const OUTSIDE = { lat: 45.46117, lon: 9.19 };

interface LoadedDevice {
  readonly id: string;
  readonly client: MqttClient;
  readonly acknowledged: Set<number>;
}

describe('SIGKILL under load', () => {
  let dataDir = '';
  let gateway: GatewayProcess;
  let push: PushService;
  let pushOrigin = '';
  let browser: PushConnection;
  /** Ids of the notifications that each consumer's browser was sent, as often as they came. */
  const received = new Map<string, string[]>();
  const devices: LoadedDevice[] = [];
  let sending = true;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wayside-crash-'));
    push = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
    const { origin, webSocketUrl } = await push.start();
    pushOrigin = origin;
    browser = createPushConnection({ url: webSocketUrl });
    await browser.start();
    gateway = await startGateway({ dataDir, env: { WAYSIDE_PUSH_HOSTS: origin } });
    await setUp();
  });

  afterAll(async () => {
    sending = false;
    await Promise.allSettled(devices.map(({ client }) => client.endAsync(true)));
    await gateway?.stop();
    await browser?.stop();
    await push?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function must(method: string, path: string, body?: unknown): Promise<Record<string, string>> {
    const answer = await gateway.api(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async function setUp(): Promise<void> {
    await must('PUT', '/api/v1/places/stop', {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [PLACE.lon, PLACE.lat] },
      properties: { name: 'Stop', radiusMetres: 50 },
    });
    await must('PUT', '/api/v1/rules/hello', {
      id: 'hello',
      name: 'Hello',
      trigger: { place: { id: 'stop' }, on: 'enter' },
      offer: { title: 'Hello', body: 'You are at the stop', expires: 'PT30M' },
    });
    await must('POST', '/api/v1/rules/hello/state', { state: 'live' });
    const { vapidPublicKey } = await must('GET', '/api/v1/push-key');
    for (let index = 0; index < DEVICES; index++) {
      const consumer = `person${index}`;
      const ids: string[] = [];
      received.set(consumer, ids);
      await must('POST', '/api/v1/consumers', { id: consumer, attributes: {}, quietHours: null });
      await must('PUT', `/api/v1/consumers/${consumer}/consents/location_offers`, {
        granted: true,
        source: 'test',
      });
      const subscriber = createSubscriber({
        connection: browser,
        applicationServerKey: vapidPublicKey ?? '',
        onPayload: (payload) => ids.push((payload as { id: string }).id),
      });
      await must('POST', `/api/v1/consumers/${consumer}/push-subscriptions`, await subscriber.subscribe());
      const id = `car${index}`;
      const { token } = await must('POST', '/api/v1/devices', { id, type: 'car', consumerId: consumer });
      const client = await connectAsync(gateway.mqttUrl, {
        clientId: id,
        username: id,
        password: token ?? '',
        reconnectPeriod: 100,
      });
      client.on('error', () => undefined);
      devices.push({ id, client, acknowledged: new Set() });
    }
  }

  /** Publishes numbered readings as fast as the window lets it; notes what was acknowledged. */
  async function load({ id, client, acknowledged }: LoadedDevice): Promise<void> {
    const underWay = new Set<Promise<void>>();
    let lastAt = 0;
    for (let n = 0; sending; n++) {
      lastAt = Math.max(Date.now(), lastAt + 1);
      const position = Math.floor(lastAt / PHASE_MS) % 2 === 0 ? PLACE : OUTSIDE;
      const payload = JSON.stringify({ at: lastAt, position: { ...position, accuracy: 5 }, metrics: { n } });
      const publish = client
        .publishAsync(`devices/${id}/telemetry`, payload, { qos: 1 })
        .then(() => void acknowledged.add(n))
        .finally(() => underWay.delete(publish));
      underWay.add(publish);
      if (underWay.size >= WINDOW) await Promise.race(underWay);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(underWay);
  }

  const acknowledgedInAll = () => devices.reduce((sum, device) => sum + device.acknowledged.size, 0);

  it(`${KILLS} times loses nothing that was acknowledged, stores nothing twice, and doubles no offer`, async () => {
    const work = devices.map(load);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = acknowledgedInAll();
      // Any moment will do; this one moves with what was acknowledged, which no two runs share.
      const more = 2_000 + (before % 3_000);
      await eventually(`${more} more are acknowledged`, 30_000, async () =>
        acknowledgedInAll() > before + more ? true : undefined,
      );
      await gateway.kill('SIGKILL');
      gateway = await startGateway({
        dataDir,
        env: {
          WAYSIDE_PUSH_HOSTS: pushOrigin,
          WAYSIDE_HTTP_PORT: String(gateway.httpPort),
          WAYSIDE_MQTT_PORT: String(gateway.mqttPort),
        },
      });
    }
    await eventually('everybody came in, and some again', 60_000, async () =>
      (await allOf('/api/v1/deliveries')).length > DEVICES ? true : undefined,
    );
    sending = false;
    await Promise.all(work);
    expect(acknowledgedInAll()).toBeGreaterThan(KILLS * 2_000);
    await allIsStored();

    for (const { id, acknowledged } of devices) {
      const { points } = (await gateway.api('GET', `/api/v1/telemetry/${id}?metric=n&limit=100000`)).body;
      const stored: number[] = points.map((point: { value: number }) => point.value);
      const once = new Set(stored);
      expect(
        [...acknowledged].filter((n) => !once.has(n)),
        `${id}: acknowledged and lost`,
      ).toEqual([]);
      expect(stored.length - once.size, `${id}: stored twice`).toBe(0);
    }

    const deliveries = await allOf('/api/v1/deliveries');
    const decisions = (await allOf('/api/v1/decisions')).filter(({ outcome }) => outcome === 'sent');
    expect(deliveries.length, 'offers were made').toBeGreaterThan(DEVICES);
    const causes = decisions.map(({ rule, consumer, cause }) => `${rule} ${consumer} ${cause}`);
    expect(new Set(causes).size, 'one decision to send for a cause').toBe(causes.length);
    expect(new Set(decisions.map(({ deliveryId }) => deliveryId)).size).toBe(deliveries.length);
    await eventually('every offer has arrived', 20_000, async () => {
      const arrived = new Set([...received.values()].flat());
      return deliveries.every(({ id }) => arrived.has(id as string)) ? true : undefined;
    });
    for (const [consumer, ids] of received) {
      const own = deliveries.filter((delivery) => delivery.consumer === consumer);
      expect(new Set(ids).size, `${consumer}: notifications that a browser shows, by id`).toBe(own.length);
    }
  });

  async function allIsStored(): Promise<void> {
    await eventually('the engine and the telemetry store have everything', 30_000, async () => {
      const { body } = await gateway.api('GET', '/metrics');
      const value = (name: string) =>
        Number(new RegExp(`^${name} (\\d+)`, 'm').exec(body)?.[1] ?? Number.NaN);
      return value('wayside_engine_backlog') === 0 && value('wayside_telemetry_backlog') === 0
        ? true
        : undefined;
    });
  }

  async function allOf(path: string): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let cursor = '';
    for (;;) {
      const separator = path.includes('?') ? '&' : '?';
      const { body } = await gateway.api('GET', `${path}${separator}limit=1000${cursor}`);
      items.push(...body.items);
      if (body.next === null) return items;
      cursor = `&cursor=${encodeURIComponent(body.next)}`;
    }
  }
});
