import { connectAsync, type MqttClient } from 'mqtt';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService, type PushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const WITHIN_MS = 20_000;
const open: (() => Promise<unknown>)[] = [];
let gateway: GatewayProcess;
let smtp: TestSmtp;
let receiver: WebhookReceiver;
let push: PushService;
let webSocketUrl: string;

beforeAll(async () => {
  smtp = await startSmtp();
  open.push(() => smtp.stop());
  receiver = await startWebhookReceiver();
  open.push(() => receiver.stop());
  push = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const started = await push.start();
  webSocketUrl = started.webSocketUrl;
  open.push(() => push.stop());
  gateway = await startGateway({
    env: {
      WAYSIDE_PUSH_HOSTS: `${started.origin},${receiver.origin}`,
      WAYSIDE_SMTP_URL: smtp.url,
      WAYSIDE_MAIL_FROM: 'Shop <offers@shop.example>',
    },
  });
  open.push(() => gateway.stop());
  await gateway.must('PUT', '/api/v1/rules/thanks?state=live', {
    id: 'thanks',
    name: 'Thanks',
    trigger: { event: 'purchase' },
    offer: { title: 'Thanks', body: 'Come again', expires: 'PT30M' },
  });
});
afterAll(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

/** A person who agreed, with a card; pays with it. */
async function moveIn(id: string, more: object): Promise<() => Promise<void>> {
  await gateway.must('POST', '/api/v1/consumers', { id, quietHours: null, ...more });
  await gateway.must('PUT', `/api/v1/consumers/${id}/consents/device_offers`, {
    granted: true,
    source: 'test',
  });
  const { token } = await gateway.must('POST', '/api/v1/devices', {
    id: `card-${id}`,
    type: 'card',
    consumerId: id,
  });
  const card: MqttClient = await connectAsync(gateway.mqttUrl, {
    clientId: `card-${id}`,
    username: `card-${id}`,
    password: token,
  });
  open.push(() => card.endAsync());
  return async () => {
    await card.publishAsync(`devices/card-${id}/telemetry`, '{"event":"purchase"}', { qos: 1 });
  };
}

const deliveryOf = (consumer: string, state: string) =>
  eventually(`a delivery of ${consumer} is ${state}`, WITHIN_MS, async () => {
    const { items } = await gateway.must('GET', `/api/v1/deliveries?consumer=${consumer}&state=${state}`);
    return items[0];
  });

it('an offer reaches a webhook, signed, and is known to have arrived', async () => {
  const { secret } = await gateway.must('PUT', '/api/v1/webhooks/crm', { url: `${receiver.origin}/in` });
  const buy = await moveIn('wanda', { webhook: 'crm' });
  await buy();
  const { id } = await deliveryOf('wanda', 'sent');
  expect(await gateway.must('GET', `/api/v1/deliveries/${id}`)).toMatchObject({
    id,
    channel: 'webhook',
    attempts: 1,
    deliveredAt: expect.any(Number),
  });
  const [post] = receiver.received;
  const { data } = new Webhook(secret).verify(post?.body ?? '', post?.headers as Record<string, string>) as {
    data: { id: string; token: string };
  };
  expect(data.id).toBe(id);
  // Whoever brought the offer may say what became of it.
  await gateway.must('POST', '/api/v1/receipts', { token: data.token, kind: 'shown', at: Date.now() });
  expect(await gateway.must('GET', `/api/v1/deliveries/${id}`)).toMatchObject({ state: 'shown' });
});

it('an offer comes by e-mail, and one press in the mailbox ends them all', async () => {
  const buy = await moveIn('mia', { email: 'Mia@example.org' });
  await buy();
  const { id } = await deliveryOf('mia', 'sent');
  const [mail] = smtp.received;
  expect(mail).toMatchObject({ from: 'offers@shop.example', to: ['mia@example.org'] });
  const { headers, body } = readMail(mail?.raw ?? '');
  expect(headers.get('message-id')).toBe(`<${id}@shop.example>`);
  expect(body).toContain('Come again');
  const link = /<([^>]+)>/.exec(headers.get('list-unsubscribe') ?? '')?.[1] ?? '';
  const pressed = await fetch(link, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  });
  expect(pressed.status).toBe(200);
  const { consents } = await gateway.must('GET', '/api/v1/consumers/mia');
  expect(consents).toMatchObject([{ purpose: 'device_offers', granted: false }]);
  await buy();
  const { items } = await eventually('the next purchase is decided on', WITHIN_MS, async () => {
    const answer = await gateway.must('GET', '/api/v1/decisions?consumer=mia&reason=no_consent');
    return answer.items.length > 0 ? answer : undefined;
  });
  expect(items).toHaveLength(1);
  expect(smtp.received).toHaveLength(1);
});

it('who has no channel is told so when it is decided, and one that is added counts from the next decision', async () => {
  const buy = await moveIn('nora', {});
  await buy();
  await eventually('a decision says that there is no channel', WITHIN_MS, async () => {
    const { items } = await gateway.must('GET', '/api/v1/decisions?consumer=nora&reason=no_channel');
    return items[0];
  });
  await gateway.must('PATCH', '/api/v1/consumers/nora', { email: 'nora@example.org' });
  await buy();
  expect((await deliveryOf('nora', 'sent')).channel).toBe('email');
});

it('consent that is withdrawn while an offer waits for its next try: not sent', async () => {
  const buy = await moveIn('carla', { webhook: 'crm' });
  receiver.answer = { status: 503, headers: { 'retry-after': '2' } };
  const before = receiver.received.length;
  await buy();
  await deliveryOf('carla', 'retrying');
  receiver.answer = { status: 204 };
  await gateway.must('PUT', '/api/v1/consumers/carla/consents/device_offers', {
    granted: false,
    source: 'test',
  });
  // By the time of the answer, and not at the next try.
  const { items } = await gateway.must('GET', '/api/v1/deliveries?consumer=carla');
  expect(items).toMatchObject([{ state: 'withdrawn', reason: 'no_consent', attempts: 1 }]);
  const probe = await moveIn('paola', { webhook: 'crm' });
  await probe();
  await deliveryOf('paola', 'sent');
  expect(receiver.received.slice(before).map(({ body }) => JSON.parse(body).data.consumer)).toEqual([
    'carla',
    'paola',
  ]);
});

it('all sending stops at once, /readyz says so, and what was withdrawn does not go out later', async () => {
  const buy = await moveIn('sara', { webhook: 'crm' });
  await gateway.must('PUT', '/api/v1/sending', { stopped: true, note: 'wrong prices' });
  const ready = await gateway.api('GET', '/readyz');
  expect(ready).toMatchObject({
    status: 200,
    body: {
      degraded: ['delivery'],
      parts: { delivery: { detail: expect.stringContaining('wrong prices') } },
    },
  });
  await buy();
  expect(await deliveryOf('sara', 'withdrawn')).toMatchObject({ reason: 'sending_stopped', attempts: 0 });
  await gateway.must('PUT', '/api/v1/sending', { stopped: false });
  await buy();
  await deliveryOf('sara', 'sent');
  const { items } = await gateway.must('GET', '/api/v1/deliveries?consumer=sara');
  expect(items.map(({ state }: { state: string }) => state)).toEqual(['sent', 'withdrawn']);
});

it('a marketer’s own browser gets a trial, also over a rotation of the key; services are reported', async () => {
  const connection = createPushConnection({ url: webSocketUrl });
  await connection.start();
  open.push(() => connection.stop());
  const subscribe = async (received: unknown[]) => {
    const { publicKey } = await gateway.must('GET', '/api/v1/push-key');
    const browser = createSubscriber({
      connection,
      applicationServerKey: publicKey,
      onPayload: (payload) => received.push(payload),
    });
    return { ...(await browser.subscribe()), vapidKey: publicKey };
  };
  const first: unknown[] = [];
  const early = await subscribe(first);
  const buy = await moveIn('bea', {});
  await gateway.must('POST', '/api/v1/consumers/bea/push-subscriptions', early);
  await gateway.must('POST', '/api/v1/push-key/rotate');
  await buy();
  // Signed with the pair that this browser subscribed with, or this push service would refuse it.
  expect((await deliveryOf('bea', 'sent')).channel).toBe('web-push');
  await eventually('the browser has it', WITHIN_MS, async () => (first.length === 1 ? true : undefined));

  const second: unknown[] = [];
  const late = await subscribe(second);
  expect(late.vapidKey).not.toBe(early.vapidKey);
  const offer = { title: 'Only a trial', body: 'Nobody counts it' };
  expect(await gateway.must('POST', '/api/v1/trial-pushes', { subscription: late, offer })).toEqual({
    outcome: 'sent',
  });
  await eventually('the trial is there', WITHIN_MS, async () => (second.length === 1 ? true : undefined));
  expect(second).toMatchObject([{ notification: { title: 'Only a trial' } }]);

  const { items } = await gateway.must('GET', '/api/v1/push-services');
  const bySender = Object.fromEntries(items.map((item: { origin: string }) => [item.origin, item]));
  expect(bySender[new URL(early.endpoint).origin]).toMatchObject({ subscriptions: 1, sent: 2, refused: [] });
  expect(bySender['webhook:crm'].sent).toBeGreaterThan(0);
  expect(bySender.email.sent).toBeGreaterThan(0);
});
