import { createECDH } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import webPush from 'web-push';
import { WebSocket } from 'ws';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService, type PushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';

type Frame = Readonly<Record<string, unknown>>;

/** A browser by hand, so that the frames on the wire are seen. */
class RawBrowser {
  readonly #socket: WebSocket;
  readonly frames: Frame[] = [];
  closeCode: number | null = null;

  constructor(url: string) {
    this.#socket = new WebSocket(url, 'push-notification');
    this.#socket.on('message', (data) => this.frames.push(JSON.parse(String(data))));
    this.#socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  async say(frame: object | string): Promise<void> {
    await expect.poll(() => this.#socket.readyState).toBe(WebSocket.OPEN);
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  async hears(messageType: string): Promise<Frame> {
    await expect.poll(() => this.frames.some((frame) => frame.messageType === messageType)).toBe(true);
    const index = this.frames.findIndex((frame) => frame.messageType === messageType);
    const [frame] = this.frames.splice(index, 1);
    return frame ?? {};
  }

  async hello(uaid = ''): Promise<string> {
    await this.say({ messageType: 'hello', broadcasts: {}, use_webpush: true, uaid });
    return String((await this.hears('hello')).uaid);
  }

  close(): void {
    this.#socket.terminate();
  }
}

const vapidKeys = webPush.generateVAPIDKeys();
const CHANNEL = '6f8b1f5e-0000-4000-8000-000000000001';

let service: PushService;
let origin: string;
let url: string;
let now: number;
let browsers: RawBrowser[];

beforeEach(async () => {
  now = Date.now();
  browsers = [];
  service = createPushService({ host: '127.0.0.1', port: 0, now: () => now });
  const started = await service.start();
  origin = started.origin;
  url = started.webSocketUrl;
});
afterEach(async () => {
  for (const browser of browsers) browser.close();
  await service.stop();
});

function openBrowser(): RawBrowser {
  const browser = new RawBrowser(url);
  browsers.push(browser);
  return browser;
}

async function register(browser: RawBrowser, key?: string, channelID = CHANNEL): Promise<string> {
  await browser.say({ messageType: 'register', channelID, ...(key === undefined ? {} : { key }) });
  const answer = await browser.hears('register');
  expect(answer).toMatchObject({ status: 200, channelID });
  return String(answer.pushEndpoint);
}

function post(
  endpoint: string,
  headers: Record<string, string> = {},
  body: Uint8Array<ArrayBuffer> | null = null,
) {
  return fetch(endpoint, { method: 'POST', headers: { ttl: '60', ...headers }, body });
}

const sealed = (text: string): { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> } => {
  const key = createECDH('prime256v1').generateKeys('base64url');
  const { cipherText } = webPush.encrypt(key, Buffer.alloc(16).toString('base64url'), text, 'aes128gcm');
  return { headers: { 'content-encoding': 'aes128gcm' }, body: new Uint8Array(cipherText) };
};

function vapidHeader(audience = origin, keys = vapidKeys, expiresInSeconds = 3600): string {
  const expiration = Math.floor(Date.now() / 1000) + expiresInSeconds;
  return webPush.getVapidHeaders(
    audience,
    'mailto:a@b.example',
    keys.publicKey,
    keys.privateKey,
    'aes128gcm',
    expiration,
  ).Authorization;
}

test('a message goes from POST to the browser, and is forgotten once acknowledged', async () => {
  const browser = openBrowser();
  await browser.hello();
  const { headers, body } = sealed('an offer');
  const answer = await post(await register(browser), headers, body);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toMatch(`${origin}/m/`);
  expect(answer.headers.get('ttl')).toBe('60');
  const note = await browser.hears('notification');
  expect(note).toMatchObject({ channelID: CHANNEL, headers: { encoding: 'aes128gcm' } });
  expect(note.data).toBe(Buffer.from(body).toString('base64url'));
  await browser.say({
    messageType: 'ack',
    updates: [{ channelID: CHANNEL, version: note.version, code: 100 }],
  });
  await expect.poll(() => service.counts.pending).toBe(0);
});

test('a message waits for a browser that is away, and comes again until it is acknowledged', async () => {
  const first = openBrowser();
  const uaid = await first.hello();
  const endpoint = await register(first);
  first.close();
  await expect.poll(() => first.closeCode).not.toBeNull();
  await post(endpoint);
  for (let round = 0; round < 2; round += 1) {
    const again = openBrowser();
    expect(await again.hello(uaid)).toBe(uaid);
    expect(await again.hears('notification')).toMatchObject({ channelID: CHANNEL });
    again.close();
  }
  expect(service.counts.pending).toBe(1);
});

test('a message past its TTL is not delivered', async () => {
  const first = openBrowser();
  const uaid = await first.hello();
  const endpoint = await register(first);
  first.close();
  await expect.poll(() => first.closeCode).not.toBeNull();
  await post(endpoint, { ttl: '5' });
  now += 6_000;
  const again = openBrowser();
  await again.hello(uaid);
  await again.say({});
  await expect.poll(() => again.frames).toEqual([{}]);
});

test('a Topic replaces the message that waits under it, for the same subscription only', async () => {
  const first = openBrowser();
  const uaid = await first.hello();
  const endpoint = await register(first);
  const other = await register(first, undefined, 'other-channel');
  first.close();
  await expect.poll(() => first.closeCode).not.toBeNull();
  for (const target of [endpoint, endpoint, other]) await post(target, { topic: 'lunch' });
  await post(endpoint);
  expect(service.counts.pending).toBe(3);
  const again = openBrowser();
  await again.hello(uaid);
  await expect.poll(() => again.frames.length).toBe(3);
});

test('a waiting message can be cancelled at its Location', async () => {
  const browser = openBrowser();
  await browser.hello();
  const location = (await post(await register(browser))).headers.get('location') ?? '';
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(404);
  expect(service.counts.pending).toBe(0);
});

test('unsubscribed is 410, unknown is 404', async () => {
  const browser = openBrowser();
  await browser.hello();
  const endpoint = await register(browser);
  await browser.say({ messageType: 'unregister', channelID: CHANNEL, code: 200 });
  await browser.hears('unregister');
  expect((await post(endpoint)).status).toBe(410);
  expect((await post(endpoint.slice(0, -2).concat('zz'))).status).toBe(404);
  expect((await fetch(`${origin}/elsewhere`)).status).toBe(404);
});

test.each([
  ['no TTL', { ttl: '' }, 0, 400],
  ['a TTL that is no number', { ttl: '1.5' }, 0, 400],
  ['a Topic of 33 characters', { topic: 'x'.repeat(33) }, 0, 400],
  ['a Topic with a space', { topic: 'a b' }, 0, 400],
  ['an unknown Urgency', { urgency: 'urgent' }, 0, 400],
  ['a body without its encoding', {}, 10, 400],
  ['4,096 bytes', { 'content-encoding': 'aes128gcm' }, 4096, 201],
  ['4,097 bytes', { 'content-encoding': 'aes128gcm' }, 4097, 413],
  ['2 MB', { 'content-encoding': 'aes128gcm' }, 2_000_000, 413],
])('a POST with %s', async (_, headers, bytes, status) => {
  const browser = openBrowser();
  await browser.hello();
  const endpoint = await register(browser);
  expect((await post(endpoint, headers, bytes === 0 ? null : new Uint8Array(bytes))).status).toBe(status);
});

test('a subscription that named a key takes that key alone', async () => {
  const browser = openBrowser();
  await browser.hello();
  const endpoint = await register(browser, vapidKeys.publicKey);
  const good = vapidHeader();
  const [token = '', key = ''] = good.replace('vapid t=', '').split(', k=');
  const tampered = token.replace(/\.[^.]+\./, `.${Buffer.from('{"aud":"x"}').toString('base64url')}.`);
  const cases: readonly [string, string | null, number][] = [
    ['good', good, 201],
    ['the same again', good, 201],
    ['parameters the other way round', `vapid k=${key}, t=${token}`, 201],
    ['none', null, 401],
    ['another scheme', `Bearer ${token}`, 403],
    ['another key', vapidHeader(origin, webPush.generateVAPIDKeys()), 403],
    ['another audience', vapidHeader('https://elsewhere.example'), 403],
    ['expired', vapidHeader(origin, vapidKeys, -10), 403],
    ['changed claims', `vapid t=${tampered}, k=${key}`, 403],
    ['no key', `vapid t=${token}`, 403],
    ['a key that is none', `vapid t=${token}, k=AAAA`, 403],
  ];
  for (const [name, authorization, status] of cases) {
    const answer = await post(endpoint, authorization === null ? {} : { authorization });
    expect([name, answer.status]).toEqual([name, status]);
  }
  now += 25 * 3_600_000;
  expect((await post(endpoint, { authorization: good })).status).toBe(403);
});

test('ping, in both forms, is answered', async () => {
  const browser = openBrowser();
  await browser.hello();
  await browser.say({});
  await browser.say({ messageType: 'ping' });
  await expect.poll(() => browser.frames).toEqual([{}, { messageType: 'ping' }]);
});

test.each([
  ['no JSON', 'hello'],
  ['a list', '[]'],
  ['register before hello', { messageType: 'register', channelID: CHANNEL }],
  ['an unknown type', { messageType: 'dance' }],
  ['a null', 'null'],
])('%s closes the connection, and no other', async (_, frame) => {
  const bystander = openBrowser();
  await bystander.hello();
  const browser = openBrowser();
  await browser.say(frame);
  await expect.poll(() => browser.closeCode).toBe(1002);
  expect(bystander.closeCode).toBeNull();
});

test('the same browser connecting again cuts off its old connection', async () => {
  const first = openBrowser();
  const uaid = await first.hello();
  const second = openBrowser();
  await second.hello(uaid);
  await expect.poll(() => first.closeCode).toBe(1000);
  const endpoint = await register(second);
  await post(endpoint);
  await second.hears('notification');
});

test('an unknown browser name gets a new one', async () => {
  expect(await openBrowser().hello('deadbeef')).not.toBe('deadbeef');
});

test('200 simulated browsers share a connection, and each reads its own messages, also after an outage', async () => {
  const connection = createPushConnection({ url, reconnectAfterMs: 10 });
  await connection.start();
  const read = new Map<number, unknown[]>();
  const subscriptions = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const onPayload = (payload: unknown) => read.set(index, [...(read.get(index) ?? []), payload]);
      return createSubscriber({
        connection,
        applicationServerKey: vapidKeys.publicKey,
        onPayload,
      }).subscribe();
    }),
  );
  const sendAll = () =>
    Promise.all(
      subscriptions.map(async ({ endpoint, keys }, index) => {
        const { cipherText } = webPush.encrypt(
          keys.p256dh,
          keys.auth,
          JSON.stringify({ to: index }),
          'aes128gcm',
        );
        const headers = { 'content-encoding': 'aes128gcm', authorization: vapidHeader() };
        expect((await post(endpoint, headers, new Uint8Array(cipherText))).status).toBe(201);
      }),
    );
  await sendAll();
  await expect.poll(() => read.size).toBe(200);
  await connection.stop();
  await sendAll();
  await connection.start();
  await expect.poll(() => [...read.values()].flat().length).toBe(400);
  for (const [index, payloads] of read) expect(payloads).toEqual([{ to: index }, { to: index }]);
  await expect.poll(() => service.counts.pending).toBe(0);
  await connection.stop();
});

test('a message for somebody else is answered as not readable', async () => {
  const acked: number[] = [];
  const strict = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    onEvent: (event) => {
      if (event.kind === 'acked') acked.push(event.code);
    },
  });
  const started = await strict.start();
  const connection = createPushConnection({ url: started.webSocketUrl });
  await connection.start();
  const problems: unknown[] = [];
  const { endpoint } = await createSubscriber({
    connection,
    applicationServerKey: vapidKeys.publicKey,
    onPayload: () => acked.push(0),
    onUndecryptable: (error) => problems.push(error),
  }).subscribe();
  const { headers, body } = sealed('not for you');
  await post(endpoint, { ...headers, authorization: vapidHeader(started.origin) }, body);
  await expect.poll(() => acked).toEqual([101]);
  expect(problems).toHaveLength(1);
  await connection.stop();
  await strict.stop();
});

test('a sender that goes away in mid-body is told of, and the others go on', async () => {
  const told: string[] = [];
  const own = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: () => now,
    onEvent: ({ kind }) => told.push(kind),
  });
  const { port, origin: ownOrigin } = await own.start();
  connect(port, '127.0.0.1').end(
    `POST /wpush/v2/${'a'.repeat(43)} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nx`,
  );
  await expect.poll(() => told).toContain('broken');
  expect((await fetch(ownOrigin)).status).toBe(200);
  await own.stop();
});
