import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Page } from 'puppeteer-core';
import { afterEach, describe, expect, it } from 'vitest';
import { createPushService, type PushEvent } from '../../devices-sim/push-service/push-service.ts';
import { openRecords } from '../../gateway/records/open.ts';
import { type Firefox, firefoxPath, firefoxSkipped, startFirefox } from '../support/firefox.ts';
import { eventually, type GatewayProcess, lastingPorts, startGateway } from '../support/gateway.ts';
import { way } from '../support/offer-world.ts';

const CAFE = { lat: 45.4642, lon: 9.19 };
/** 410 m away: five steps of 5 s at 16 m/s. */
const NORTH = { lat: 45.4679, lon: 9.19 };
const OFFER = { title: 'A coffee at Corner Coffee', body: 'The second cup is on us.' };

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

interface Setting {
  readonly gateway: GatewayProcess;
  /** Kills the gateway at once. */
  kill(): Promise<void>;
  /** Starts it anew on its data, with its ports. */
  restart(): Promise<GatewayProcess>;
  readonly firefox: Firefox;
  readonly page: Page;
  readonly pushEvents: readonly PushEvent[];
  /** Ada's car publishes one position; the next is 5 s later. */
  drive(position: { readonly lat: number; readonly lon: number }): Promise<void>;
  /** Ada's car publishes an event; resolves with the PUBACK, which comes from the next gateway where one died. */
  tell(event: string, metrics: Readonly<Record<string, number>>): Promise<void>;
}

/** A gateway with a place, a rule and Ada with her car; and Ada's Firefox, on the page of her invitation. */
async function begin(): Promise<Setting> {
  const pushEvents: PushEvent[] = [];
  const pushService = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    onEvent: (event) => pushEvents.push(event),
  });
  const { origin, webSocketUrl } = await pushService.start();
  open.push(() => pushService.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'wayside-firefox-'));
  open.push(() => rm(dataDir, { recursive: true }));
  const start = { dataDir, env: { WAYSIDE_PUSH_HOSTS: origin, ...(await lastingPorts()) } };
  const gateway = await startGateway(start);
  let running = gateway;
  open.push(() => running.stop());

  const place = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat] },
    properties: { name: 'Corner Coffee', radiusMetres: 150 },
  };
  const rule = {
    id: 'coffee',
    trigger: { place: { id: 'cafe' }, on: 'enter' },
    limits: { quietHours: 'ignore' },
    offer: { ...OFFER, title: 'A coffee at {{ place.name }}', expires: 'PT30M' },
  };
  const ping = {
    id: 'ping',
    trigger: { event: 'ping' },
    limits: { quietHours: 'ignore' },
    offer: { title: 'Offer {{ metrics.amount }}', body: 'One of many.', expires: 'PT30M' },
  };
  await gateway.must('PUT', '/api/v1/places/cafe', place);
  await gateway.must('POST', '/api/v1/consumers', { id: 'ada', attributes: {} });
  const car = await gateway.must('POST', '/api/v1/devices', { id: 'car-1', type: 'car', consumerId: 'ada' });
  await gateway.must('PUT', '/api/v1/rules/coffee?state=live', rule);
  await gateway.must('PUT', '/api/v1/rules/ping?state=live', ping);
  const invitation = await gateway.must('POST', '/api/v1/consumers/ada/invitations', {});

  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'car-1',
    username: 'car-1',
    password: car.token,
  });
  open.push(() => client.endAsync());
  const firefox = await startFirefox(webSocketUrl);
  open.push(() => firefox.stop());
  const page = await firefox.browser.newPage();
  await page.goto(invitation.url);

  let at = Date.now() - 100_000;
  return {
    gateway,
    firefox,
    page,
    pushEvents,
    kill: () => running.kill('SIGKILL'),
    async restart() {
      running = await startGateway(start);
      return running;
    },
    async tell(event, metrics) {
      at = Math.max(at + 1, Date.now());
      await client.publishAsync('devices/car-1/telemetry', JSON.stringify({ at, event, metrics }), {
        qos: 1,
      });
    },
    async drive({ lat, lon }) {
      at += 5_000;
      const reading = { at, position: { lat, lon, accuracy: 8 } };
      await client.publishAsync('devices/car-1/telemetry', JSON.stringify(reading), { qos: 1 });
    },
  };
}

/** Waits until Ada's newest delivery is in a state, of as many as there have to be. */
async function delivery(gateway: GatewayProcess, state: string, count = 1): Promise<Record<string, unknown>> {
  let last: unknown;
  const look = async () => {
    const { body } = await gateway.api('GET', '/api/v1/deliveries?consumer=ada');
    last = body.items;
    return body.items.length === count && body.items[0].state === state ? body.items[0] : undefined;
  };
  return eventually(`${count} deliveries, the newest ${state}`, 30_000, look).catch((error: Error) => {
    throw new Error(`${error.message}; there is ${JSON.stringify(last)}`);
  });
}

/** What the browser shows at this moment. */
async function shownNotifications(page: Page): Promise<{ title: string; body: string; tag: string }[]> {
  return (await page.evaluate(`navigator.serviceWorker.getRegistration('/me')
    .then((registration) => registration.getNotifications())
    .then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })))`)) as never;
}

async function subscribeAndAgree({ gateway, page }: Setting, purpose = LOCATION): Promise<void> {
  await page.locator('::-p-aria([name="Turn on offers"][role="button"])').click();
  await page.locator('::-p-aria([name="Choose what you agree to"][role="link"])').click();
  await page.locator(`::-p-aria([name="${purpose.name}"][role="switch"])`).click();
  await eventually('the consent', 20_000, async () => {
    const { body } = await gateway.api('GET', '/api/v1/consumers/ada');
    const given = body.consents.some(
      (consent: { purpose: string; granted: boolean }) => consent.purpose === purpose.id && consent.granted,
    );
    return given || undefined;
  });
}

const LOCATION = { id: 'location_offers', name: 'Offers near places' };
const DEVICE = { id: 'device_offers', name: 'Offers from your devices' };

/** Does something with a notification as soon as one is shown. */
async function withNotification(act: () => Promise<boolean>): Promise<void> {
  await eventually('a notification', 20_000, async () => (await act()) || undefined);
}

describe.skipIf(firefoxPath === null)(`an offer in a real browser${firefoxSkipped}`, () => {
  it('is subscribed to with the page, decrypted, shown, told of, and pressed', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);

    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const shown = await delivery(gateway, 'shown');
    expect(shown).toMatchObject({ rule: 'coffee', consumer: 'ada', channel: 'web-push' });
    expect(await shownNotifications(page)).toEqual([{ ...OFFER, tag: shown.id }]);
    // Firefox told the push service that it could decrypt the message.
    await expect.poll(() => pushEvents).toContainEqual({ kind: 'acked', id: expect.any(String), code: 100 });

    await withNotification(() => firefox.pressNotification());
    const clicked = await delivery(gateway, 'clicked');
    // What the push service answered is written behind its receipt, which may be faster.
    expect(clicked).toMatchObject({ id: shown.id, attempts: 1 });
    expect(clicked.shownAt).toBe(shown.shownAt);
    await eventually(
      'its own page in the app',
      20_000,
      async () => page.url().endsWith(`/me/offers/${shown.id}`) || undefined,
    );
    await page.locator(`::-p-aria([name="${OFFER.title}"][role="heading"])`).wait();
    expect(await shownNotifications(page)).toEqual([]);
  });

  it('is put away, which is told too', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive } = setting;
    await subscribeAndAgree(setting);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const shown = await delivery(gateway, 'shown');
    await withNotification(() => firefox.closeNotification());
    expect(await delivery(gateway, 'dismissed')).toMatchObject({ id: shown.id, shownAt: shown.shownAt });
    expect(await shownNotifications(page)).toEqual([]);
  });

  it('goes on after the gateway has changed its key: the next visit subscribes anew', async () => {
    const setting = await begin();
    const { gateway, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    const key = () =>
      page.evaluate(`navigator.serviceWorker.ready
      .then(({ pushManager }) => pushManager.getSubscription())
      .then((subscription) => subscription && btoa(String.fromCharCode(...new Uint8Array(subscription.options.applicationServerKey)))
        .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))`);
    const before = await key();
    const { publicKey } = await gateway.must('POST', '/api/v1/push-key/rotate', {});
    expect(before).not.toBe(publicKey);

    // Until the next visit the old pair is signed with, and the push service takes it.
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    await delivery(gateway, 'shown');
    await page.reload();
    await eventually('the new key', 20_000, async () => ((await key()) === publicKey ? true : undefined));
    expect(pushEvents.filter(({ kind }) => kind === 'registered')).toHaveLength(2);
    await eventually('one subscription', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/consumers/ada/push-subscriptions');
      const live = body.items.filter(({ goneAt }: { goneAt: number | null }) => goneAt === null);
      return live.length === 1 ? true : undefined;
    });
    for (const position of way(CAFE, NORTH, 5)) await drive(position);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    await delivery(gateway, 'shown', 2);
    await expect.poll(() => pushEvents.filter(({ kind }) => kind === 'acked').length).toBe(2);
  });

  it('comes 20 times in a row, none lost and none shown twice, though the gateway is killed on the way', async () => {
    const setting = await begin();
    const { firefox, pushEvents, tell } = setting;
    let { gateway } = setting;
    await subscribeAndAgree(setting, DEVICE);
    await firefox.noteNotifications();
    const told: Promise<void>[] = [];
    const sent = () => pushEvents.filter(({ kind }) => kind === 'message').length;
    for (let n = 1; n <= 20; n++) {
      told.push(tell('ping', { amount: n }));
      // In the midst of it: some offers are out, others are on their way, and a few were not decided yet.
      if (n !== 12) continue;
      await eventually('some of them', 20_000, async () => sent() >= 6 || undefined);
      await setting.kill();
      gateway = await setting.restart();
    }
    await Promise.all(told);
    await eventually('all of them shown', 60_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/deliveries?consumer=ada');
      const shown = body.items.filter(({ shownAt }: { shownAt?: number }) => shownAt !== undefined);
      return shown.length === 20 ? true : undefined;
    });
    const wanted = Array.from({ length: 20 }, (_, index) => `Offer ${index + 1}`);
    expect([...(await firefox.notedNotifications())].sort()).toEqual(wanted.sort());
  });

  it('tells later what was pressed while the gateway was away', async () => {
    const setting = await begin();
    const { firefox, page, tell } = setting;
    await subscribeAndAgree(setting, DEVICE);
    await tell('ping', { amount: 1 });
    const first = await delivery(setting.gateway, 'shown');
    await setting.kill();
    await withNotification(() => firefox.closeNotification());
    await eventually('it gone', 20_000, async () =>
      (await shownNotifications(page)).length === 0 ? true : undefined,
    );
    let gateway = await setting.restart();
    await page.reload();
    expect(await delivery(gateway, 'dismissed')).toMatchObject({ id: first.id });

    await tell('ping', { amount: 2 });
    await delivery(gateway, 'shown', 2);
    await setting.kill();
    await withNotification(() => firefox.pressAction('stop'));
    const says = (title: string) =>
      eventually(title, 20_000, async () =>
        String((await shownNotifications(page)).map((one) => one.title)) === title ? true : undefined,
      );
    await says('Offers are stopped here');
    gateway = await setting.restart();
    await page.reload();
    await says('Everything is stopped');
    const { body } = await gateway.api('GET', '/api/v1/consumers/ada');
    expect(body.consents).toMatchObject([{ granted: false, source: 'notification' }]);
  });

  it('ends everything with the button on the notification', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    await delivery(gateway, 'shown');
    await withNotification(() => firefox.pressAction('stop'));
    await eventually('no consent and no browser', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/consumers/ada');
      const { consents, subscriptions } = body as { consents: { granted: boolean }[]; subscriptions: number };
      return (consents.every(({ granted }) => !granted) && subscriptions === 0) || undefined;
    });
    await eventually('a word of it', 20_000, async () => {
      const titles = (await shownNotifications(page)).map(({ title }) => title);
      return String(titles) === 'Everything is stopped' ? true : undefined;
    });
    await page.locator('::-p-text(Everything is stopped.)').wait();
    expect(
      await page.evaluate(`navigator.serviceWorker.ready
        .then(({ pushManager }) => pushManager.getSubscription()).then((subscription) => subscription === null)`),
    ).toBe(true);
    for (const position of way(CAFE, NORTH, 5)) await drive(position);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    await eventually('the decision', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/decisions?consumer=ada');
      return body.items[0]?.reason === 'no_consent' ? true : undefined;
    });
    expect(pushEvents.filter(({ kind }) => kind === 'message')).toHaveLength(1);
  });

  it('sent a second time, as after a crash, it is not shown again, though the first was put away', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const first = await delivery(gateway, 'shown');
    await withNotification(() => firefox.pressNotification());
    await delivery(gateway, 'clicked');

    await firefox.noteNotifications();
    // As the row stands when a crash comes between push and record.
    const records = openRecords(join(gateway.dataDir, 'wayside.db'));
    const queued = { state: 'queued', next_attempt_at: 0, shown_at: null, clicked_at: null } as const;
    await records.updateTable('deliveries').set(queued).execute();
    await records.destroy();
    for (const position of way(CAFE, NORTH, 5)) await drive(position);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);

    // The next visit's offer shows that Firefox has worked through all that came before it.
    const second = await delivery(gateway, 'shown', 2);
    expect(second.id).not.toBe(first.id);
    const acked = () => pushEvents.filter((event) => event.kind === 'acked' && event.code === 100).length;
    await expect.poll(acked).toBe(3);
    expect(await shownNotifications(page)).toEqual([{ ...OFFER, tag: second.id }]);
    const { body } = await gateway.api('GET', '/api/v1/deliveries?consumer=ada');
    expect(body.items[1]).toMatchObject({ id: first.id, attempts: 2 });
    // Of the first nothing, not even for a moment.
    expect(await firefox.notedNotifications()).toEqual([OFFER.title]);
  });

  it('ends at once with one press on the page', async () => {
    const setting = await begin();
    const { gateway, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    await page.locator('::-p-aria([name="Stop everything"][role="button"])').click();
    await page.locator('::-p-text(Everything is stopped.)').wait();
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const decision = await eventually('the decision', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/decisions?consumer=ada');
      return body.items[0];
    });
    expect(decision).toMatchObject({ rule: 'coffee', outcome: 'suppressed', reason: 'no_consent' });
    expect(pushEvents.filter((event) => event.kind === 'message')).toEqual([]);
  });
});
