import {
  createPushConnection,
  type PushConnection,
} from '../../../devices-sim/push-service/push-connection.ts';
import { createPushService, type PushService } from '../../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../../devices-sim/push-service/subscriber.ts';
import type { PushPayload } from '../../../gateway/delivery/push-payload.ts';
import type { GatewayProcess } from '../gateway.ts';
import type { CrashDevice } from './load.ts';

/** A circle of 50 m, and a point 130 m from its middle: beyond the exit margin, and reached at less than 90 m/s. */
export const INSIDE = { lat: 45.46, lon: 9.19 } as const;
export const OUTSIDE = { lat: 45.46117, lon: 9.19 } as const;
export const RULE = 'hello';

const CALLS_AT_ONCE = 8;

/** People with a browser each: what their browsers were sent is told to them alone, however often it comes. */
export interface People {
  /** Origin of the push service, for WAYSIDE_PUSH_HOSTS. */
  readonly pushOrigin: string;
  /** By consumer: ids of the notifications that came, each as often as it came. */
  readonly received: ReadonlyMap<string, readonly string[]>;
  /** Makes the place, the rule, and so many people with a car each. */
  moveIn(gateway: GatewayProcess, count: number): Promise<readonly CrashDevice[]>;
  stop(): Promise<void>;
}

export async function startPeople(): Promise<People> {
  const push: PushService = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const { origin, webSocketUrl } = await push.start();
  const browsers: PushConnection = createPushConnection({ url: webSocketUrl });
  await browsers.start();
  const received = new Map<string, string[]>();

  async function moveInOne(gateway: GatewayProcess, index: number, key: string): Promise<CrashDevice> {
    const consumer = `person${index}`;
    const ids: string[] = [];
    received.set(consumer, ids);
    await gateway.must('POST', '/api/v1/consumers', { id: consumer, attributes: {}, quietHours: null });
    await gateway.must('PUT', `/api/v1/consumers/${consumer}/consents/location_offers`, {
      granted: true,
      source: 'test',
    });
    const subscriber = createSubscriber({
      connection: browsers,
      applicationServerKey: key,
      onPayload: (payload) => ids.push((payload as PushPayload).notification.data.id),
    });
    const subscription = await subscriber.subscribe();
    await gateway.must('POST', `/api/v1/consumers/${consumer}/push-subscriptions`, subscription);
    const id = `car${index}`;
    const device = await gateway.must('POST', '/api/v1/devices', { id, type: 'car', consumerId: consumer });
    return { id, token: device.token, consumer };
  }

  return {
    pushOrigin: origin,
    received,
    async moveIn(gateway, count) {
      await gateway.must('PUT', '/api/v1/places/stop', {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [INSIDE.lon, INSIDE.lat] },
        properties: { name: 'Stop', radiusMetres: 50 },
      });
      await gateway.must('PUT', `/api/v1/rules/${RULE}`, {
        id: RULE,
        name: 'Hello',
        trigger: { place: { id: 'stop' }, on: 'enter' },
        offer: { title: 'Hello', body: 'You are at the stop', expires: 'PT30M' },
      });
      await gateway.must('POST', `/api/v1/rules/${RULE}/state`, { state: 'live' });
      const { vapidPublicKey } = await gateway.must('GET', '/api/v1/push-key');
      const devices: CrashDevice[] = [];
      for (let from = 0; from < count; from += CALLS_AT_ONCE) {
        const some = Array.from({ length: Math.min(CALLS_AT_ONCE, count - from) }, (_, n) =>
          moveInOne(gateway, from + n, vapidPublicKey),
        );
        devices.push(...(await Promise.all(some)));
      }
      return devices;
    },
    async stop() {
      await browsers.stop();
      await push.stop();
    },
  };
}
