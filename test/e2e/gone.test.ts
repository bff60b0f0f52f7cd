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
  const must = async (method: string, path: string, body?: unknown) => {
    const answer = await gateway.api(method, `/api/v1${path}`, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.body;
  };

  await must('PUT', '/rules/thanks?state=live', {
    id: 'thanks',
    name: 'Thanks',
    trigger: { event: 'purchase' },
    offer: { title: 'Thanks', body: 'Come again', expires: 'PT30M' },
  });
  await must('POST', '/consumers', { id: 'ann', attributes: {}, quietHours: null });
  await must('PUT', '/consumers/ann/consents/device_offers', { granted: true, source: 'test' });
  const { token } = await must('POST', '/devices', { id: 'card1', type: 'card', consumerId: 'ann' });
  const { vapidPublicKey } = await must('GET', '/push-key');
  const subscriber = createSubscriber({
    connection: browser,
    applicationServerKey: vapidPublicKey,
    onPayload: () => undefined,
  });
  await must('POST', '/consumers/ann/push-subscriptions', await subscriber.subscribe());
  await subscriber.unsubscribe();

  const card = await connectAsync(gateway.mqttUrl, { clientId: 'card1', username: 'card1', password: token });
  open.push(() => card.endAsync());
  const buy = () => card.publishAsync('devices/card1/telemetry', '{"event":"purchase"}', { qos: 1 });
  await buy();
  await eventually('the delivery is gone', 15_000, async () => {
    const { items } = await must('GET', '/deliveries?state=gone');
    return items.length === 1 ? true : undefined;
  });
  const suppressed = await eventually('a decision says that there is no channel', 15_000, async () => {
    await buy();
    const { items } = await must('GET', '/decisions?reason=no_channel');
    return items[0];
  });
  expect(suppressed).toMatchObject({ rule: 'thanks', consumer: 'ann', outcome: 'suppressed' });
});
