import mqtt, { type MqttClient } from 'mqtt';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import type { PushPayload } from '../../gateway/delivery/push-payload.ts';
import { type GatewayProcess, startGateway } from './gateway.ts';

interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** The middle of the place "Corner Coffee", a circle of 150 m. */
export const CAFE = { lat: 45.4642, lon: 9.19 } satisfies LatLon;
/** 650 m north of it. */
export const NORTH_OF_CAFE = { lat: 45.47, lon: 9.19 } satisfies LatLon;

export interface OfferWorld {
  readonly gateway: GatewayProcess;
  /** What consumer `ada`'s simulated browser received and decrypted, oldest first. */
  readonly pushed: readonly PushPayload[];
  /** Publishes one position of `ada`'s car; resolves with the PUBACK. Time goes on by five seconds with each. */
  drive(position: LatLon): Promise<void>;
  stop(): Promise<void>;
}

const STEP_MS = 5_000;
/** The first reading is this old: 20 steps back, and not late. */
const BEGINS_BEFORE_MS = 100_000;

/**
 * A gateway with one place, one consumer with a browser, one car, and two rules on arriving at the place: one that offers
 * a coffee, one that asks for a fuel level that the car never tells.
 */
export async function startOfferWorld(): Promise<OfferWorld> {
  const pushService = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const { origin, webSocketUrl } = await pushService.start();
  const gateway = await startGateway({ env: { WAYSIDE_PUSH_HOSTS: origin } });
  const connection = createPushConnection({ url: webSocketUrl });
  await connection.start();
  const pushed: PushPayload[] = [];

  const place = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat] },
    properties: { name: 'Corner Coffee', radiusMetres: 150 },
  };
  await gateway.must('PUT', '/api/v1/places/cafe', place);
  await gateway.must('POST', '/api/v1/consumers', { id: 'ada', attributes: {} });
  for (const purpose of ['location_offers', 'device_offers']) {
    await gateway.must('PUT', `/api/v1/consumers/ada/consents/${purpose}`, {
      granted: true,
      source: 'test',
    });
  }
  const { body: key } = await gateway.api('GET', '/api/v1/push-key');
  const browser = createSubscriber({
    connection,
    applicationServerKey: key.vapidPublicKey,
    onPayload: (payload) => pushed.push(payload as PushPayload),
  });
  await gateway.must('POST', '/api/v1/consumers/ada/push-subscriptions', await browser.subscribe());
  const { token } = await gateway.must('POST', '/api/v1/devices', {
    id: 'car-1',
    type: 'car',
    consumerId: 'ada',
  });
  const rule = { trigger: { place: { id: 'cafe' }, on: 'enter' }, limits: { quietHours: 'ignore' } };
  const offer = {
    title: 'A coffee at {{ place.name }}',
    body: 'The second cup is on us.',
    url: 'https://example.com/coffee',
    expires: 'PT30M',
  };
  await gateway.must('PUT', '/api/v1/rules/coffee?state=live', {
    ...rule,
    id: 'coffee',
    name: 'Coffee on arrival',
    offer,
  });
  await gateway.must('PUT', '/api/v1/rules/fuel?state=live', {
    ...rule,
    id: 'fuel',
    name: 'Fuel when low',
    when: 'metrics.fuel < 0.15',
    offer,
  });

  const car: MqttClient = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'car-1',
    username: 'car-1',
    password: token,
  });
  let at = Date.now() - BEGINS_BEFORE_MS;
  return {
    gateway,
    pushed,
    async drive({ lat, lon }) {
      at += STEP_MS;
      const reading = { at, position: { lat, lon, accuracy: 8, speed: 11, heading: 180 } };
      await car.publishAsync('devices/car-1/telemetry', JSON.stringify(reading), { qos: 1 });
    },
    async stop() {
      await car.endAsync();
      await connection.stop();
      await gateway.stop();
      await pushService.stop();
    },
  };
}

/** The way from `from` to `to` in equal steps, both ends included. */
export function way(from: LatLon, to: LatLon, steps: number): LatLon[] {
  return Array.from({ length: steps + 1 }, (_, step) => ({
    lat: from.lat + ((to.lat - from.lat) * step) / steps,
    lon: from.lon + ((to.lon - from.lon) * step) / steps,
  }));
}
