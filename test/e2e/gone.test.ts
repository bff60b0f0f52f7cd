import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import { eventually, startGateway } from '../support/gateway.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

it('somebody whose browser ended the subscription is found out once, and then has no channel', async () => {
  const push = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const { origin, webSocketUrl } = await push.start();
  open.push(() => push.stop());
  const browser = createPushConnection({ url: webSocketUrl });
  await browser.start();
  open.push(() => browser.stop());
  const gateway = await startGateway({ env: { WAYSIDE_PUSH_HOSTS: origin } });
  open.push(() => gateway.stop());
  await gateway.must('PUT', '/api/v1/rules/thanks?state=live', {
    id: 'thanks',
    name: 'Thanks',
    trigger: { event: 'purchase' },
    offer: { title: 'Thanks', body: 'Come again', expires: 'PT30M' },
  });
  await gateway.must('POST', '/api/v1/consumers', { id: 'ann', attributes: {}, quietHours: null });
  await gateway.must('PUT', '/api/v1/consumers/ann/consents/device_offers', {
    granted: true,
    source: 'test',
  });
  const { token } = await gateway.must('POST', '/api/v1/devices', {
    id: 'card1',
    type: 'card',
    consumerId: 'ann',
  });
  const { vapidPublicKey } = await gateway.must('GET', '/api/v1/push-key');
  const subscriber = createSubscriber({
    connection: browser,
    applicationServerKey: vapidPublicKey,
    onPayload: () => undefined,
  });
  await gateway.must('POST', '/api/v1/consumers/ann/push-subscriptions', await subscriber.subscribe());
  await subscriber.unsubscribe();

  const card = await connectAsync(gateway.mqttUrl, { clientId: 'card1', username: 'card1', password: token });
  open.push(() => card.endAsync());
  const buy = () => card.publishAsync('devices/card1/telemetry', '{"event":"purchase"}', { qos: 1 });
  await buy();
  await eventually('the delivery is gone', 20_000, async () => {
    const { items } = await gateway.must('GET', '/api/v1/deliveries?state=gone');
    return items.length === 1 ? true : undefined;
  });
  const suppressed = await eventually('a decision says that there is no channel', 20_000, async () => {
    await buy();
    const { items } = await gateway.must('GET', '/api/v1/decisions?reason=no_channel');
    return items[0];
  });
  expect(suppressed).toMatchObject({ rule: 'thanks', consumer: 'ann', outcome: 'suppressed' });
});
