import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OutgoingOffer, Recipient } from '../../../../gateway/delivery/channels/channel.ts';
import { newWebhookSecret } from '../../../../gateway/delivery/channels/standard-webhooks.ts';
import { webhookChannel } from '../../../../gateway/delivery/channels/webhook.ts';
import { createOutboundAgent, type OutboundAgent } from '../../../../gateway/delivery/outbound.ts';
import { readReceipt } from '../../../../gateway/delivery/receipt-token.ts';
import { createServiceHolds } from '../../../../gateway/delivery/service-holds.ts';
import { createServices, type Services } from '../../../../gateway/delivery/services.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../../support/webhook-receiver.ts';

const RECEIPT_KEY = Buffer.alloc(32, 7);
const SECRET = newWebhookSecret();
const OFFER: OutgoingOffer = {
  id: 'd-1',
  consumer: 'ada',
  offer: {
    title: 'Caffè ☕',
    body: 'Half price',
    url: 'https://shop.example/x',
    image: 'https://shop.example/i.png',
    code: 'A1',
    codePool: 'pool',
    expiresAt: 5,
  },
  createdAt: Date.UTC(2026, 5, 1, 10),
  expiresAtReal: 1_900_000_000_000,
  isStillWanted: () => true,
};

let receiver: WebhookReceiver;
let agent: OutboundAgent;
let services: Services;
let refused: string[];
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  agent = createOutboundAgent({ trustedOrigins: [receiver.origin], timeoutMs: 1_000 });
  refused = [];
  services = createServices(
    createServiceHolds(() => 0),
    Date.now,
    (service, status) => refused.push(`${service} ${status}`),
  );
});
afterEach(async () => {
  await agent.stop();
  await receiver.stop();
});

const to = (url: string, secret: string | null = SECRET): Recipient => ({
  browsers: [],
  webhook: { id: 'crm', url, secret },
  email: null,
  hasApp: false,
});
const send = (recipient = to(`${receiver.origin}/in?shop=1`), offer = OFFER) =>
  webhookChannel({ agent, services, receiptKey: RECEIPT_KEY, realNow: Date.now }).send(offer, recipient);

test('an independent reader of Standard Webhooks takes the message, which holds the whole offer', async () => {
  expect(await send()).toEqual({ kind: 'sent', isDelivered: true });
  const [post] = receiver.received;
  const headers = post?.headers as Record<string, string>;
  const read = new Webhook(SECRET).verify(post?.body ?? '', headers) as { data: { token: string } };
  expect(read).toEqual({
    type: 'offer',
    timestamp: '2026-06-01T10:00:00.000Z',
    data: {
      id: 'd-1',
      consumer: 'ada',
      title: 'Caffè ☕',
      body: 'Half price',
      url: 'https://shop.example/x',
      image: 'https://shop.example/i.png',
      code: 'A1',
      expiresAt: 1_900_000_000_000,
      token: expect.any(String),
    },
  });
  expect(readReceipt(RECEIPT_KEY, read.data.token)).toBe('d-1');
  expect(post?.path).toBe('/in?shop=1');
  expect(headers).toMatchObject({ 'webhook-id': 'd-1', 'content-type': 'application/json' });
  expect(() => new Webhook(newWebhookSecret()).verify(post?.body ?? '', headers)).toThrow();
  expect(() => new Webhook(SECRET).verify(`${post?.body} `, headers)).toThrow();
});

test('a repetition is the same message, signed anew', async () => {
  await send();
  await send();
  const [first, again] = receiver.received;
  expect(again?.body).toBe(first?.body);
  expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
});

test.each([
  [429, { kind: 'retry', afterMs: 7_000, reason: 'http_429' }],
  [503, { kind: 'retry', afterMs: 7_000, reason: 'http_503' }],
  [302, { kind: 'retry', reason: 'http_302' }],
  [404, { kind: 'gone', reason: 'webhook_gone' }],
  [410, { kind: 'gone', reason: 'webhook_gone' }],
  [401, { kind: 'failed', reason: 'http_401' }],
])('an answer %i', async (status, outcome) => {
  const trap = await startWebhookReceiver();
  receiver.answer = { status, headers: { 'retry-after': '7', location: `${trap.origin}/` } };
  expect(await send()).toMatchObject(outcome);
  // Also where it names one, no other address is called.
  expect(trap.received).toEqual([]);
  await trap.stop();
  expect(refused).toEqual(status === 401 ? ['webhook:crm 401'] : []);
});

test.each(['https://127.0.0.1:1/', 'http://crm.example/', 'https://localhost:1/', 'https://[::1]:1/'])(
  '%s is not called, also where it was saved before it led there',
  async (url) => {
    expect(await send(to(url))).toEqual({ kind: 'failed', reason: 'address_not_allowed' });
  },
);

test('a secret that can not be read any more is told, and nothing goes out unsigned', async () => {
  expect(await send(to(`${receiver.origin}/`, null))).toEqual({
    kind: 'failed',
    reason: 'webhook_secret_lost',
  });
  expect(receiver.received).toEqual([]);
});
