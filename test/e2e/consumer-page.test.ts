import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  hasText,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { countFetches, fetchesDone } from '../support/fetches.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, startOfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 12;

interface Consumer {
  readonly consents: readonly { readonly purpose: string; readonly granted: boolean }[];
}

/** The worker's registration as DevTools knows it, once the worker is active. */
async function activeRegistration(session: CDPSession): Promise<string> {
  let active: string | undefined;
  session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    active = versions.find(({ status }) => status === 'activated')?.registrationId ?? active;
  });
  await session.send('ServiceWorker.enable');
  return eventually('an active service worker', WITHIN_MS, async () => active);
}

describe.skipIf(chromiumPath === null)(`the consumer page in Chromium${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let browser: Browser;
  let page: Page;
  let url: string;
  const pageErrors: string[] = [];

  beforeAll(async () => {
    world = await startOfferWorld();
    browser = await startChromium();
    await browser.defaultBrowserContext().overridePermissions(world.gateway.httpUrl, ['notifications']);
    page = await browser.newPage();
    await countFetches(page);
    await page.setViewport({ width: 390, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    page.on('pageerror', (error) => pageErrors.push(String(error)));
    const invitation = await world.gateway.api('POST', '/api/v1/consumers/ada/invitations');
    // The page is reached where the gateway listens, whatever its public URL says.
    url = `${world.gateway.httpUrl}/me${new URL(invitation.body.url as string).hash}`;
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  const see = (text: string, where: Page = page) =>
    eventually(`"${text}" on the page`, WITHIN_MS, async () =>
      (await hasText(where, text)) ? true : undefined,
    );
  const press = (name: string, role: string) =>
    page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
  const goTo = (path: string) => page.goto(`${world.gateway.httpUrl}/me${path}`);
  const granted = async () => {
    const { body } = (await world.gateway.api('GET', '/api/v1/consumers/ada')) as { body: Consumer };
    return body.consents
      .filter((consent) => consent.granted)
      .map(({ purpose }) => purpose)
      .sort();
  };
  const grantedIs = (...wanted: string[]) =>
    eventually(`consents: ${wanted.join(', ') || 'none'}`, WITHIN_MS, async () =>
      String(await granted()) === String(wanted) ? true : undefined,
    );

  it('opens with an invitation, and takes the code out of the address', async () => {
    await page.goto(url);
    await see('Your offers');
    await see('No offer has come yet');
    expect(page.url()).toBe(`${world.gateway.httpUrl}/me`);
  });

  it('says so when the link was used before', async () => {
    const stranger = await browser.createBrowserContext();
    const second = await stranger.newPage();
    await second.goto(url);
    await see('This link no longer works', second);
    expect(await axeViolations(second)).toEqual([]);
    await stranger.close();
  });

  it('grants and withdraws a consent with one press each', async () => {
    await press('Settings', 'link');
    await see('car-1');
    await grantedIs('device_offers', 'location_offers');
    await press('Health-related offers', 'switch');
    await grantedIs('device_offers', 'health_offers', 'location_offers');
    await press('Health-related offers', 'switch');
    await grantedIs('device_offers', 'location_offers');
  });

  it('keeps quiet hours', async () => {
    const quietHours = async () =>
      (await world.gateway.api('GET', '/api/v1/consumers/ada')).body.quietHours as unknown;
    const isOn = (await quietHours()) !== null;
    await press('Quiet hours', 'switch');
    await eventually('the other setting', WITHIN_MS, async () =>
      ((await quietHours()) !== null) === isOn ? undefined : true,
    );
  });

  it.each(['light', 'dark'] as const)(
    'lists an offer with how long it holds, without accessibility violation, %s',
    async (scheme) => {
      if (world.pushed.length === 0) {
        for (const position of way(NORTH_OF_CAFE, CAFE, STEPS)) await world.drive(position);
        await eventually('the push', WITHIN_MS, async () => (world.pushed.length === 1 ? true : undefined));
      }
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await goTo('');
      await see('A coffee at Corner Coffee');
      await see('left');
      await screenshot(page, `consumer-${scheme}`);
      expect(await axeViolations(page)).toEqual([]);
    },
  );

  it('shows a pushed offer once, also after it was dismissed, and tells the gateway', async () => {
    const [payload] = world.pushed;
    if (payload === undefined) throw new Error('nothing was pushed');
    const session = await page.createCDPSession();
    const registrationId = await activeRegistration(session);
    const deliver = (data: object) =>
      session.send('ServiceWorker.deliverPushMessage', {
        origin: world.gateway.httpUrl,
        registrationId,
        data: JSON.stringify(data),
      });
    const shown = async () =>
      (await page.evaluate(
        `navigator.serviceWorker.getRegistration('/me').then((registration) => registration.getNotifications()).then((all) => all.map(({ title }) => title))`,
      )) as string[];
    const other = (title: string, data: object) => {
      const { notification } = payload;
      return {
        ...payload,
        notification: { ...notification, title, data: { ...notification.data, ...data } },
      };
    };

    await deliver(payload);
    await eventually('the notification', WITHIN_MS, async () =>
      (await shown()).length === 1 ? true : undefined,
    );
    await eventually('the receipt', WITHIN_MS, async () => {
      const { body } = await world.gateway.api('GET', '/api/v1/deliveries?consumer=ada');
      return body.items[0].state === 'shown' ? true : undefined;
    });

    await page.evaluate(
      `navigator.serviceWorker.getRegistration('/me').then((registration) => registration.getNotifications()).then((all) => all.forEach((one) => one.close()))`,
    );
    await eventually('no notification', WITHIN_MS, async () =>
      (await shown()).length === 0 ? true : undefined,
    );
    await deliver(payload);
    await deliver(other('Too late', { id: 'too-late', expiresAt: Date.now() - 1 }));
    await deliver({ title: 'Not of the gateway' });
    // Pushes are worked off in order: when the marker is there, the ones before it had their turn.
    await deliver(other('Marker', { id: 'marker-1' }));
    await eventually('the marker', WITHIN_MS, async () =>
      (await shown()).includes('Marker') ? true : undefined,
    );
    expect(await shown()).toEqual(['Marker']);
  });

  it('shows an offer in the open page as it comes, in the language of the app on the notification', async () => {
    const session = await page.createCDPSession();
    const registrationId = await activeRegistration(session);
    const deliver = (data: object) =>
      session.send('ServiceWorker.deliverPushMessage', {
        origin: world.gateway.httpUrl,
        registrationId,
        data: JSON.stringify(data),
      });
    await goTo('/settings');
    await press('Deutsch', 'radio');
    await see('Worin Sie einwilligen');
    await press('Angebote', 'link');
    await see('A coffee at Corner Coffee');
    const [payload] = world.pushed;
    await fetchesDone(page);
    const asked = page.waitForRequest((request) => request.url().includes('/api/v1/me/offers?'), {
      timeout: 10_000,
    });
    const notification = { ...payload?.notification, title: 'In German' };
    await deliver({
      ...payload,
      notification: { ...notification, data: { ...notification.data, id: 'german' } },
    });
    await asked;
    const { token: _token, ...trial } = { ...notification.data, id: 'trial' };
    await deliver({ ...payload, notification: { ...notification, title: 'A trial', data: trial } });
    const actions = () =>
      page.evaluate(`navigator.serviceWorker.getRegistration('/me')
        .then((registration) => registration.getNotifications())
        .then((all) => Object.fromEntries(all.map(({ title, actions }) => [title, actions.map(({ title }) => title)])))`);
    await eventually('the trial', WITHIN_MS, async () =>
      Object.hasOwn((await actions()) as object, 'A trial') ? true : undefined,
    );
    expect(await actions()).toMatchObject({
      'In German': ['Öffnen', 'Alles stoppen'],
      'A trial': ['Öffnen'],
    });
    await goTo('/settings');
    await press('English', 'radio');
    await see('What you agree to');
  });

  it('can be installed', async () => {
    const session = await page.createCDPSession();
    await session.send('Page.enable');
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    expect(installabilityErrors).toEqual([]);
    const { errors, data } = await session.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    expect(data).toContain('Wayside');
  });

  it('stops everything with one press', async () => {
    await press('Stop everything', 'button');
    await see('Everything is stopped');
    await grantedIs();
    const { body } = await world.gateway.api('GET', '/api/v1/consumers/ada');
    expect(body.consents.length).toBeGreaterThan(0);
    await screenshot(page, 'consumer-stopped');
    expect(await axeViolations(page)).toEqual([]);
  });

  it('says what to do where notifications are blocked', async () => {
    const session = await browser.target().createCDPSession();
    await session.send('Browser.setPermission', {
      origin: world.gateway.httpUrl,
      permission: { name: 'notifications' },
      setting: 'denied',
    });
    await page.reload();
    await see('Notifications are blocked');
    expect(await axeViolations(page)).toEqual([]);
  });

  it('asks for a link where there is none, and raised no error in the page', async () => {
    const stranger = await browser.createBrowserContext();
    const blank = await stranger.newPage();
    await blank.goto(`${world.gateway.httpUrl}/me`);
    await see('Sign in', blank);
    await stranger.close();
    expect(pageErrors).toEqual([]);
  });
});
