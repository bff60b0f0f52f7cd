import mqtt from 'mqtt';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import type { PushPayload } from '../../gateway/delivery/push-payload.ts';
import type { GatewayProcess } from './gateway.ts';

/** Somebody with a browser at one push service and a card whose purchases bring offers. */
export interface PushPerson {
  readonly id: string;
  /** Ids of the deliveries that the browser decrypted, as often as they came. */
  readonly received: readonly string[];
  /** Endpoint of the browser. */
  readonly endpoint: string;
  /** Says with the card that this happened; resolves with the PUBACK. */
  report(event: string): Promise<void>;
}

/** Where people subscribe. */
export interface PushPlace {
  readonly webSocketUrl: string;
  /** PEM of the push service, where it speaks TLS. */
  readonly ca?: string;
}

/** Makes people in a running gateway; what they agreed to is all, and they have no quiet hours. */
export interface PushPeople {
  moveIn(id: string, place: PushPlace): Promise<PushPerson>;
  /** A live rule: this event brings an offer that holds for so long. */
  rule(event: string, expires: string): Promise<void>;
  stop(): Promise<void>;
}

export function pushPeople(gateway: GatewayProcess): PushPeople {
  const { must } = gateway;
  const closing: (() => Promise<unknown>)[] = [];

  return {
    async moveIn(id, { webSocketUrl, ca }) {
      await must('POST', '/api/v1/consumers', { id, attributes: {}, quietHours: null });
      await must('PUT', `/api/v1/consumers/${id}/consents/device_offers`, { granted: true, source: 'test' });
      const { vapidPublicKey } = await must('GET', '/api/v1/push-key');
      const connection = createPushConnection({ url: webSocketUrl, ...(ca === undefined ? {} : { ca }) });
      await connection.start();
      closing.push(() => connection.stop());
      const received: string[] = [];
      const browser = createSubscriber({
        connection,
        applicationServerKey: vapidPublicKey,
        onPayload: (payload) => received.push((payload as PushPayload).notification.data.id),
      });
      const subscription = await browser.subscribe();
      await must('POST', `/api/v1/consumers/${id}/push-subscriptions`, subscription);
      const card = `card-${id}`;
      const { token } = await must('POST', '/api/v1/devices', {
        id: card,
        type: 'card',
        consumerId: id,
      });
      const client = await mqtt.connectAsync(gateway.mqttUrl, {
        clientId: card,
        username: card,
        password: token,
      });
      closing.push(() => client.endAsync());
      return {
        id,
        received,
        endpoint: subscription.endpoint,
        async report(event) {
          await client.publishAsync(`devices/${card}/telemetry`, JSON.stringify({ event }), { qos: 1 });
        },
      };
    },
    async rule(event, expires) {
      await must('PUT', `/api/v1/rules/on-${event}?state=live`, {
        id: `on-${event}`,
        name: `On ${event}`,
        trigger: { event },
        offer: { title: 'Thank you', body: 'Half a coffee', expires },
      });
    },
    async stop() {
      for (const close of closing.reverse()) await close();
    },
  };
}
