import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import webPush from 'web-push';
import {
  createPushConnection,
  type PushConnection,
} from '../../../devices-sim/push-service/push-connection.ts';
import {
  createPushService,
  type PushEvent,
  type PushService,
} from '../../../devices-sim/push-service/push-service.ts';
import { createSubscriber, type Subscriber } from '../../../devices-sim/push-service/subscriber.ts';
import { freshMessageSecrets } from '../../../gateway/delivery/content-encryption.ts';
import { buildPushRequest, type PushRequest, topicOf } from '../../../gateway/delivery/push-request.ts';
import { createPushSender, outcomeOf, type PushSender } from '../../../gateway/delivery/push-sender.ts';
import { createVapidTokens } from '../../../gateway/delivery/vapid-tokens.ts';
import { hasOpenssl, selfSignedCertificate } from '../../support/self-signed.ts';

const vapidKeys = webPush.generateVAPIDKeys();
const vapid = createVapidTokens(vapidKeys, 'mailto:ops@example.com', Date.now);

let service: PushService;
let connection: PushConnection;
let browser: Subscriber;
let sender: PushSender;
let origin: string;
let received: unknown[];
let events: PushEvent[];
let target: { endpoint: string; p256dh: string; auth: string };

beforeEach(async () => {
  received = [];
  events = [];
  service = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    onEvent: (event) => events.push(event),
  });
  const started = await service.start();
  origin = started.origin;
  connection = createPushConnection({ url: started.webSocketUrl });
  await connection.start();
  browser = createSubscriber({
    connection,
    applicationServerKey: vapidKeys.publicKey,
    onPayload: (payload) => received.push(payload),
  });
  const { endpoint, keys } = await browser.subscribe();
  target = { endpoint, ...keys };
  sender = createPushSender({ extraOrigins: [origin], realNow: Date.now, timeoutMs: 500 });
});

afterEach(async () => {
  await sender.stop();
  await connection.stop();
  await service.stop();
});

function request(payload = '{"id":"d1"}', deliveryId = 'd1'): PushRequest {
  const authorization = vapid.authorizationFor(new URL(target.endpoint).origin);
  const message = { deliveryId, payload, ttlSeconds: 60, urgency: 'high' } as const;
  return buildPushRequest(target, message, authorization, freshMessageSecrets());
}

test('a message that is taken is sent, and the browser reads it', async () => {
  expect(await sender.send(request('{"title":"5 ct off"}'))).toEqual({ kind: 'sent' });
  await expect.poll(() => received).toEqual([{ title: '5 ct off' }]);
  await expect.poll(() => service.counts.pending).toBe(0);
  const [message] = events.filter((event) => event.kind === 'message');
  expect(message).toMatchObject({ topic: topicOf('d1'), ttlSeconds: 60, urgency: 'high' });
});

test('an ended subscription is gone, and so is one that never was', async () => {
  const before = request();
  await browser.unsubscribe();
  expect(await sender.send(before)).toEqual({ kind: 'gone' });
  target = { ...target, endpoint: `${origin}/wpush/v2/${'x'.repeat(43)}` };
  expect(await sender.send(request())).toEqual({ kind: 'gone' });
});

test.each([
  [
    '429 with Retry-After',
    { kind: 'status', status: 429, retryAfter: '7' },
    { afterMs: 7_000, reason: 'http_429' },
  ],
  ['503 without', { kind: 'status', status: 503 }, { afterMs: null, reason: 'http_503' }],
  ['500', { kind: 'status', status: 500 }, { afterMs: null, reason: 'http_500' }],
  ['no answer', { kind: 'hang' }, { afterMs: null, reason: 'network_timeout' }],
  ['a closed connection', { kind: 'reset' }, { afterMs: null }],
] as const)('%s is worth another try, which then gets through', async (_, fault, expected) => {
  service.faults.plan(fault);
  expect(await sender.send(request())).toMatchObject({ kind: 'retry', ...expected });
  expect(await sender.send(request())).toEqual({ kind: 'sent' });
});

test('a host that does not listen is worth another try', async () => {
  const sent = request();
  await connection.stop();
  await service.stop();
  expect(await sender.send(sent)).toEqual({ kind: 'retry', afterMs: null, reason: 'network_econnrefused' });
  service = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  await service.start();
});

test('another key than the one subscribed with fails, with the reason', async () => {
  const other = createVapidTokens(webPush.generateVAPIDKeys(), 'mailto:ops@example.com', Date.now);
  const sent = {
    ...request(),
    headers: { ...request().headers, authorization: other.authorizationFor(origin) },
  };
  expect(await sender.send(sent)).toEqual({ kind: 'failed', reason: 'http_403', status: 403 });
});

test('a host that is not allowed is not called', async () => {
  const strict = createPushSender({ extraOrigins: [], realNow: Date.now });
  expect(await strict.send(request())).toEqual({ kind: 'failed', reason: 'push_host_not_allowed' });
  await strict.stop();
  expect(events.filter((event) => event.kind === 'message')).toEqual([]);
});

test('a redirect is not followed', async () => {
  const trap = createServer((_, response) => response.writeHead(307, { location: target.endpoint }).end());
  await new Promise<void>((resolve) => {
    trap.listen(0, '127.0.0.1', resolve);
  });
  const trapOrigin = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  const lax = createPushSender({ extraOrigins: [trapOrigin, origin], realNow: Date.now });
  const sent = { ...request(), endpoint: new URL(`${trapOrigin}/x`) };
  expect(await lax.send(sent)).toEqual({ kind: 'retry', afterMs: null, reason: 'http_307' });
  expect(received).toEqual([]);
  await lax.stop();
  await new Promise((resolve) => {
    trap.close(resolve);
  });
});

const openssl = await hasOpenssl();
test.skipIf(!openssl)(
  `speaks HTTP/2 over TLS${openssl ? '' : ' (skipped: there is no openssl)'}`,
  async () => {
    const tls = await selfSignedCertificate();
    const seen: PushEvent[] = [];
    const secure = createPushService({
      host: '127.0.0.1',
      port: 0,
      now: Date.now,
      tls,
      onEvent: (event) => seen.push(event),
    });
    const started = await secure.start();
    const link = createPushConnection({ url: started.webSocketUrl, ca: tls.cert });
    await link.start();
    const payloads: unknown[] = [];
    const onPayload = (payload: unknown): number => payloads.push(payload);
    const { endpoint, keys } = await createSubscriber({
      connection: link,
      applicationServerKey: vapidKeys.publicKey,
      onPayload,
    }).subscribe();
    target = { endpoint, ...keys };

    const extraOrigins = [started.origin];
    const trusting = createPushSender({
      extraOrigins,
      realNow: Date.now,
      tls: { ca: tls.cert },
      timeoutMs: 500,
    });
    expect(await trusting.send(request())).toEqual({ kind: 'sent' });
    await expect.poll(() => payloads).toEqual([{ id: 'd1' }]);
    expect(seen.find((event) => event.kind === 'message')).toMatchObject({ httpVersion: '2.0' });

    secure.faults.plan({ kind: 'hang' });
    expect(await trusting.send(request())).toMatchObject({ kind: 'retry', afterMs: null });
    secure.faults.plan({ kind: 'status', status: 503, retryAfter: '9' });
    expect(await trusting.send(request())).toMatchObject({ kind: 'retry', afterMs: 9_000 });
    secure.faults.plan({ kind: 'reset' });
    expect(await trusting.send(request())).toMatchObject({ kind: 'retry', afterMs: null });
    expect(await trusting.send(request())).toEqual({ kind: 'sent' });

    const strict = createPushSender({ extraOrigins, realNow: Date.now });
    expect(await strict.send(request())).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('self_signed'),
    });
    await trusting.stop();
    await strict.stop();
    await link.stop();
    await secure.stop();
  },
);

test.each([
  [201, 'sent'],
  [202, 'sent'],
  [404, 'gone'],
  [410, 'gone'],
  [408, 'retry'],
  [429, 'retry'],
  [502, 'retry'],
  [301, 'retry'],
  [308, 'retry'],
  [400, 'failed'],
  [401, 'failed'],
  [403, 'failed'],
  [413, 'failed'],
])('status %i means %s', (status, kind) => {
  expect(outcomeOf(status, undefined, 0).kind).toBe(kind);
});

test('the same delivery always has the same Topic, of at most 32 characters of base64url', () => {
  expect(topicOf('d1')).toBe(topicOf('d1'));
  expect(topicOf('d1')).not.toBe(topicOf('d2'));
  expect(topicOf('x'.repeat(500))).toMatch(/^[A-Za-z0-9_-]{32}$/);
});

test('one VAPID token serves an origin for 12 h, and stays valid while it is used', () => {
  // In the past, for web-push checks by the real clock that no token is valid for more than 24 h.
  const start = Date.now() - 24 * 3_600_000;
  let now = start;
  const tokens = createVapidTokens(vapidKeys, 'mailto:ops@example.com', () => now);
  const first = tokens.authorizationFor('https://a.example');
  now = start + 12 * 3_600_000 - 1;
  expect(tokens.authorizationFor('https://a.example')).toBe(first);
  const claims = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ aud: 'https://a.example', sub: 'mailto:ops@example.com' });
  expect(claims.exp * 1000).toBeGreaterThan(now);
  expect(claims.exp * 1000).toBeLessThan(start + 24 * 3_600_000);
  now = start + 12 * 3_600_000;
  expect(tokens.authorizationFor('https://a.example')).not.toBe(first);
  expect(tokens.authorizationFor('https://b.example')).not.toBe(first);
});
