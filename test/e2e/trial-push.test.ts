import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterEach, describe, expect, it } from 'vitest';
import { createPushService, type PushEvent } from '../../devices-sim/push-service/push-service.ts';
import { firefoxPath, firefoxSkipped, startFirefox } from '../support/firefox.ts';
import { eventually, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
const RULE = {
  id: 'coffee',
  name: 'Coffee on arrival',
  trigger: { event: 'arrived' },
  offer: { title: 'A coffee for you', body: 'The second cup is on us.', expires: 'PT30M' },
};

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

const titles = (page: Page) =>
  page.evaluate(`navigator.serviceWorker.getRegistration('/trial/')
    .then((registration) => registration?.getNotifications() ?? [])
    .then((all) => all.map(({ title }) => title))`) as Promise<string[]>;

describe.skipIf(firefoxPath === null)(`"Send to this browser"${firefoxSkipped}`, () => {
  it('brings an offer of the rule editor to the marketer, by the way of all offers, and counts nothing', async () => {
    const events: PushEvent[] = [];
    const pushService = createPushService({
      host: '127.0.0.1',
      port: 0,
      now: Date.now,
      onEvent: (event) => events.push(event),
    });
    const { origin, webSocketUrl } = await pushService.start();
    open.push(() => pushService.stop());
    const gateway = await startGateway({ env: { WAYSIDE_PUSH_HOSTS: origin } });
    open.push(() => gateway.stop());
    expect((await gateway.api('PUT', '/api/v1/rules/coffee', RULE)).status).toBe(201);
    const firefox = await startFirefox(webSocketUrl);
    open.push(() => firefox.stop());

    const page = await firefox.browser.newPage();
    await page.goto(gateway.httpUrl);
    const password = (await readFile(join(gateway.dataDir, 'admin-password'), 'utf8')).trim();
    const signedIn = await page.evaluate(
      `fetch('/api/v1/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: ${JSON.stringify(JSON.stringify({ name: 'admin', password }))},
      }).then(({ status }) => status)`,
    );
    expect(signedIn).toBeLessThan(300);
    await page.goto(`${gateway.httpUrl}/rules/coffee/edit`);
    const button = page
      .locator('::-p-aria([name="Send to this browser"][role="button"])')
      .setTimeout(WITHIN_MS);
    await button.click();
    await eventually('the notification', WITHIN_MS, async () =>
      (await titles(page)).includes('A coffee for you') ? true : undefined,
    );
    await eventually('the word of it', WITHIN_MS, async () =>
      (await page.evaluate(`document.body.innerText.includes('It is on its way.')`)) ? true : undefined,
    );
    // The next one goes to a subscription of its own, and the last one does not pile up.
    await button.click();
    await eventually('the second', WITHIN_MS, async () =>
      events.filter((event) => event.kind === 'acked' && event.code === 100).length === 2 ? true : undefined,
    );
    expect(pushService.counts.subscriptions).toBe(1);
    expect((await gateway.api('GET', '/api/v1/deliveries')).body.items).toEqual([]);
    expect((await gateway.api('GET', '/api/v1/consumers')).body.items).toEqual([]);
  });
});
