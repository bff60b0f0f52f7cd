import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Page } from 'puppeteer-core';
import { afterEach, describe, expect, it } from 'vitest';
import { createPushService, type PushEvent } from '../../devices-sim/push-service/push-service.ts';
import { openRecords } from '../../gateway/records/open.ts';
import { type Firefox, firefoxPath, firefoxSkipped, startFirefox } from '../support/firefox.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
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
  readonly firefox: Firefox;
  readonly page: Page;
  readonly pushEvents: readonly PushEvent[];
  /** Ada's car publishes one position; the next is 5 s later. */
  drive(position: { readonly lat: number; readonly lon: number }): Promise<void>;
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
  const gateway = await startGateway({ env: { WAYSIDE_PUSH_HOSTS: origin } });
  open.push(() => gateway.stop());

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
  await made(gateway, 'PUT', '/api/v1/places/cafe', place);
  await made(gateway, 'POST', '/api/v1/consumers', { id: 'ada', attributes: {} });
  const car = await made(gateway, 'POST', '/api/v1/devices', { id: 'car-1', type: 'car', consumerId: 'ada' });
  await made(gateway, 'PUT', '/api/v1/rules/coffee?state=live', rule);
  const invitation = await made(gateway, 'POST', '/api/v1/consumers/ada/invitations', {});

  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'car-1',
    username: 'car-1',
    password: String(car.token),
  });
  open.push(() => client.endAsync());
  const firefox = await startFirefox(webSocketUrl);
  open.push(() => firefox.stop());
  const page = await firefox.browser.newPage();
  await page.goto(String(invitation.url));

  let at = Date.now() - 100_000;
  return {
    gateway,
    firefox,
    page,
    pushEvents,
    async drive({ lat, lon }) {
      at += 5_000;
      const reading = { at, position: { lat, lon, accuracy: 8 } };
      await client.publishAsync('devices/car-1/telemetry', JSON.stringify(reading), { qos: 1 });
    },
  };
}

async function made(
  gateway: GatewayProcess,
  method: string,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const answer = await gateway.api(method, path, body);
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
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

async function subscribeAndAgree({ gateway, page }: Setting): Promise<void> {
  await page.locator('::-p-aria([name="Turn on offers"][role="button"])').click();
  await page.locator('::-p-text(This device is ready)').wait();

  await page.locator('::-p-text(Offers near places)').click();
  await eventually('the consent', 10_000, async () => {
    const { body } = await gateway.api('GET', '/api/v1/consumers/ada');
    const given = body.consents.some(
      (consent: { purpose: string; granted: boolean }) =>
        consent.purpose === 'location_offers' && consent.granted,
    );
    return given || undefined;
  });
}

describe.skipIf(firefoxPath === null)(`an offer in a real browser${firefoxSkipped}`, () => {
  it('is subscribed to with the page, decrypted, shown, told of, and pressed', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);

    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const shown = await delivery(gateway, 'shown');
    expect(shown).toMatchObject({ rule: 'coffee', consumer: 'ada', channel: 'web-push', attempts: 1 });
    expect(await shownNotifications(page)).toEqual([{ ...OFFER, tag: shown.id }]);
    // Firefox told the push service that it could decrypt the message.
    await expect.poll(() => pushEvents).toContainEqual({ kind: 'acked', id: expect.any(String), code: 100 });

    await eventually(
      'a notification to press',
      10_000,
      async () => (await firefox.pressNotification()) || undefined,
    );
    const clicked = await delivery(gateway, 'clicked');
    expect(clicked.id).toBe(shown.id);
    expect(clicked.shownAt).toBe(shown.shownAt);
    expect(await shownNotifications(page)).toEqual([]);
    await page.locator(`::-p-text(${OFFER.title})`).wait();
  });

  it('sent a second time, as after a crash, it is not shown again, though the first was put away', async () => {
    const setting = await begin();
    const { gateway, firefox, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const first = await delivery(gateway, 'shown');
    await eventually(
      'a notification to press',
      10_000,
      async () => (await firefox.pressNotification()) || undefined,
    );
    await delivery(gateway, 'clicked');

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
    await expect.poll(acked, { timeout: 10_000 }).toBe(3);
    expect(await shownNotifications(page)).toEqual([{ ...OFFER, tag: second.id }]);
    const { body } = await gateway.api('GET', '/api/v1/deliveries?consumer=ada');
    expect(body.items[1]).toMatchObject({ id: first.id, state: 'sent', attempts: 2 });
  });

  it('ends at once with one press on the page', async () => {
    const setting = await begin();
    const { gateway, page, drive, pushEvents } = setting;
    await subscribeAndAgree(setting);
    await page.locator('::-p-aria([name="Stop everything"][role="button"])').click();
    await page.locator('::-p-text(Everything is stopped.)').wait();
    for (const position of way(NORTH, CAFE, 5)) await drive(position);
    const decision = await eventually('the decision', 10_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/decisions?consumer=ada');
      return body.items[0];
    });
    expect(decision).toMatchObject({ rule: 'coffee', outcome: 'suppressed', reason: 'no_consent' });
    expect(pushEvents.filter((event) => event.kind === 'message')).toEqual([]);
  });
});
