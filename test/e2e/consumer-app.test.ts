import type { Browser } from 'puppeteer-core';
import { encode } from 'uqr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { appUrl, type ConsumerPage, invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { type ConsumerWorld, startConsumerWorld } from '../support/consumer-world.ts';
import { fetchesDone } from '../support/fetches.ts';
import { eventually, type GatewayProcess } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
/** Nothing moves by itself; what is left is rounding. */
const STILL = 0.005;
/** WCAG 2.2, 2.5.8 (AA); links within a sentence are exempt. */
const SMALLEST_TARGET_PX = 24;
const CODE = 'CUP-7F3K-Q29X';
const TITLE = 'A coffee at Corner Coffee';

describe.skipIf(chromiumPath === null)(`the consumer's app in Chromium${chromiumSkipped}`, () => {
  let world: ConsumerWorld;
  let gateway: GatewayProcess;
  let browser: Browser;
  let app: ConsumerPage;
  let offer: string;

  beforeAll(async () => {
    world = await startConsumerWorld();
    ({ gateway } = world);
    await gateway.must('PUT', '/api/v1/code-pools/cups', { id: 'cups', name: 'Cups' });
    await gateway.must('POST', '/api/v1/code-pools/cups/codes', [CODE]);
    const { body: rule } = await gateway.api('GET', '/api/v1/rules/coffee');
    const image = `${appUrl(gateway)}/icons/icon-512.png`;
    await gateway.must('PUT', '/api/v1/rules/coffee?state=live', {
      ...rule.rule,
      offer: { ...rule.rule.offer, code: 'cups', image },
    });
    browser = await startChromium();
    app = await openConsumerApp(browser, gateway);
    await app.context.overridePermissions(appUrl(gateway), ['clipboard-read', 'clipboard-sanitized-write']);
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  const delivery = async () => (await gateway.api('GET', '/api/v1/deliveries?consumer=ada')).body.items[0];
  const isDelivery = (state: string) =>
    eventually(`a delivery that is ${state}`, WITHIN_MS, async () =>
      (await delivery())?.state === state ? true : undefined,
    );
  const inPage = (script: string) => app.page.evaluate(script) as Promise<unknown>;
  const checked = async (name: string) => {
    expect(await app.layoutShift(), name).toBeLessThan(STILL);
    await screenshot(app.page, name);
    expect(await axeViolations(app.page), name).toEqual([]);
    expect(await inPage(SMALL_TARGETS), name).toEqual([]);
  };

  it.each(['light', 'dark'] as const)('tells what it takes while no offer has come, %s', async (scheme) => {
    if (scheme === 'light') await app.open(await invitationTo(gateway, 'ada'));
    else await app.open('/');
    await app.theme(scheme);
    await app.see('No offer has come yet');
    await app.see('Turn on offers');
    await checked(`me-inbox-empty-${scheme}`);
  });

  it.each(['light', 'dark'] as const)('lists an offer and tells that it was seen, %s', async (scheme) => {
    if (scheme === 'light') {
      await world.driveToCafe();
      await isDelivery('sent');
      offer = (await delivery()).id;
    }
    await app.open('/');
    await app.theme(scheme);
    await app.see(TITLE);
    await app.see('left');
    await isDelivery('shown');
    await checked(`me-inbox-${scheme}`);
  });

  it.each(['light', 'dark'] as const)(
    'shows an offer with its code, why it came and how long it holds, %s',
    async (scheme) => {
      await app.open(`/offers/${offer}`);
      await app.theme(scheme);
      await app.see(CODE);
      await app.see('Why did I get this?');
      await isDelivery('clicked');
      await fetchesDone(app.page);
      await checked(`me-offer-${scheme}`);
    },
  );

  it('has the code as a QR code, and copies it', async () => {
    const { data } = encode(CODE, { ecc: 'M', border: 4 });
    const dark = data.flat().filter(Boolean).length;
    expect(await inPage(`document.querySelector('.qr path').getAttribute('d').match(/M/g).length`)).toBe(
      dark,
    );
    expect(await inPage(`document.querySelector('.qr').getAttribute('aria-label')`)).toContain(CODE);
    await app.page.bringToFront();
    await app.click('Copy code', 'button');
    await app.see('Copied');
    expect(await inPage('navigator.clipboard.readText()')).toBe(CODE);
  });

  it('sends fewer like this, then none, until that is undone', async () => {
    const wanted = async () =>
      inPage(`fetch('/api/v1/me/fewer').then((answer) => answer.json())`) as Promise<{ level: number }[]>;
    await app.click('Fewer like this', 'button');
    await app.see('at most once a week now');
    expect(await wanted()).toMatchObject([{ level: 1 }]);
    await app.click('None like this', 'button');
    await app.see('no offers like this any more');
    expect(await wanted()).toMatchObject([{ level: 2 }]);
    await app.click('Change it in the settings', 'link');
    await app.see('Less of these');
    await app.click('Undo for Coffee on arrival', 'button');
    await eventually('nothing', WITHIN_MS, async () => ((await wanted()).length === 0 ? true : undefined));
  });

  it.each(['light', 'dark'] as const)('has all settings on one page, %s', async (scheme) => {
    await app.open('/settings');
    await app.theme(scheme);
    await app.see('Stop everything');
    await app.see('Use where my devices are');
    await checked(`me-settings-${scheme}`);
  });

  it('notes to which words a person agreed, and asks again when they change', async () => {
    await app.click('Health-related offers', 'switch');
    const consent = async (purpose: string) =>
      (await gateway.api('GET', '/api/v1/consumers/ada')).body.consents.find(
        (one: { purpose: string }) => one.purpose === purpose,
      );
    await eventually(
      'the consent',
      WITHIN_MS,
      async () => (await consent('health_offers'))?.granted || undefined,
    );
    const { body: policy } = await gateway.api('GET', '/api/v1/consent-policy');
    expect(await consent('health_offers')).toMatchObject({
      policyVersion: policy.version,
      wording: policy.wordings.health_offers.en,
    });
    const health_offers = { ...policy.wordings.health_offers, en: 'Use my heart rate, in other words.' };
    await gateway.must('PUT', '/api/v1/consent-policy', {
      version: policy.version + 1,
      wordings: { ...policy.wordings, health_offers },
    });
    await app.open('/settings');
    await app.see('in other words');
    expect(await axeViolations(app.page)).toEqual([]);
    // One of three asks for each purpose that was agreed to in earlier words.
    await app.page.$$eval('.outdated button', (buttons) => {
      for (const button of buttons) (button as unknown as { click(): void }).click();
    });
    await eventually('the new words', WITHIN_MS, async () => {
      const { policyVersion } = await consent('health_offers');
      return policyVersion === policy.version + 1 ? true : undefined;
    });
  });

  it('tells the gateway of a yes and a no in haste in their order', async () => {
    await gateway.must('PUT', '/api/v1/consumers/ada/consents/health_offers', {
      granted: false,
      source: 'paper',
    });
    const other = await openConsumerApp(browser, gateway);
    await other.page.setRequestInterception(true);
    const held: (() => void)[] = [];
    let isHeld = true;
    other.page.on('request', (request) => {
      const isConsent = request.method() === 'PUT' && request.url().endsWith('/consents/health_offers');
      if (isConsent && isHeld) held.push(() => void request.continue());
      else void request.continue();
    });
    await other.open(await invitationTo(gateway, 'ada'));
    await other.click('Settings', 'link');
    const health = `[...document.querySelectorAll('#purposes [role=switch]')].at(-1)?.checked`;
    const isOn = (wanted: boolean) =>
      eventually(`the switch at ${wanted}`, WITHIN_MS, async () =>
        (await other.page.evaluate(health)) === wanted ? true : undefined,
      );
    await isOn(false);
    await other.click('Health-related offers', 'switch');
    await isOn(true);
    await other.click('Health-related offers', 'switch');
    await isOn(false);
    expect(held).toHaveLength(1);
    isHeld = false;
    for (const go of held) go();
    await eventually('the last word', WITHIN_MS, async () => {
      const { body } = await gateway.api('GET', '/api/v1/consumers/ada');
      const log = body.consents.filter(({ purpose }: { purpose: string }) => purpose === 'health_offers');
      return log.length === 1 && log[0].granted === false ? true : undefined;
    });
    await other.context.close();
  });

  it('links a device from a QR code, but only once the person has said so', async () => {
    const device = await gateway.api('POST', '/api/v1/devices', { id: 'phone-1', type: 'phone' });
    expect(device.status).toBe(201);
    const { body: claim } = await gateway.api('POST', '/api/v1/devices/phone-1/claim-code');
    await app.open(`#claim=${claim.code}`);
    await app.see('Link this device?');
    expect(app.page.url()).not.toContain(claim.code);
    expect((await gateway.api('GET', '/api/v1/devices/phone-1')).body.consumerId).toBeNull();
    expect(await axeViolations(app.page)).toEqual([]);
    await app.click('Link the device', 'button');
    await app.see('phone-1 is linked to you now');
    expect((await gateway.api('GET', '/api/v1/devices/phone-1')).body.consumerId).toBe('ada');
  });

  it('speaks German and Italian, and remembers it', async () => {
    await app.open('/settings');
    await app.click('Deutsch', 'radio');
    await app.see('Worin Sie einwilligen');
    await app.see('Nutzt, wo meine Geräte sind');
    expect(await inPage('document.documentElement.lang')).toBe('de');
    await app.open(`/offers/${offer}`);
    await app.see('Ihr Code');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.open('/settings');
    await screenshot(app.page, 'me-settings-de');
    await app.click('Italiano', 'radio');
    await app.see('A che cosa acconsenti');
    await app.open('/');
    await app.see('Le tue offerte');
    expect(await app.layoutShift()).toBeLessThan(STILL);
    await app.open('/settings');
    await app.click('English', 'radio');
    await app.see('What you agree to');
  });

  it('speaks the browser’s language to who has chosen none', async () => {
    const italian = await openConsumerApp(browser, gateway, { language: 'it-CH' });
    await italian.open('/');
    await eventually('Italian', WITHIN_MS, async () =>
      (await italian.page.evaluate('document.documentElement.lang')) === 'it' ? true : undefined,
    );
    await italian.page.waitForSelector('h1');
    expect(await axeViolations(italian.page)).toEqual([]);
    expect(italian.errors).toEqual([]);
    await italian.context.close();
  });

  it('is used by keyboard, and moves nothing for whom that makes unwell', async () => {
    await app.open('/settings');
    await app.see('What you agree to');
    await app.page.keyboard.press('Tab');
    expect(await inPage('document.activeElement.textContent')).toBe('Skip to content');
    await app.page.keyboard.press('Enter');
    expect(await inPage('document.activeElement.id')).toBe('main');
    await app.click('My data', 'link');
    await app.see('What your devices reported');
    expect(await inPage('document.activeElement.tagName')).toBe('H1');
    await app.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await app.open('/settings');
    await app.see('What you agree to');
    const moving = `[...document.querySelectorAll('*')].filter((one) => {
      const { transitionDuration, animationName } = getComputedStyle(one);
      return animationName !== 'none' || transitionDuration.split(',').some((span) => parseFloat(span) > 0);
    }).map(({ className }) => String(className))`;
    expect(await inPage(moving)).toEqual([]);
    await app.page.emulateMediaFeatures([]);
  });

  it.each([
    ['the narrowest phone', 320],
    ['a desk', 1_280],
  ])('fits %s', async (_name, width) => {
    await app.page.setViewport({ width, height: 800 });
    const pages = { '/': TITLE, [`/offers/${offer}`]: 'Why did I get this?', '/settings': 'Stop everything' };
    for (const [path, text] of Object.entries(pages)) {
      await app.open(path);
      await app.see(text);
      // WCAG 2.2, 1.4.10: nothing is scrolled sideways.
      expect(await inPage('document.documentElement.scrollWidth - innerWidth'), path).toBeLessThanOrEqual(0);
      await screenshot(app.page, `me-${width}${path.replaceAll('/', '-').slice(0, 10)}`);
      expect(await axeViolations(app.page), path).toEqual([]);
      expect(await app.layoutShift(), path).toBeLessThan(STILL);
    }
    await app.page.setViewport({ width: 390, height: 844 });
  });

  it('says that an offer is not there which is none of theirs', async () => {
    await app.open('/offers/of-somebody-else');
    await app.see('This offer is not here');
    for (const path of ['/nonsense', '/data/100%25']) {
      await app.open(path);
      await app.see('There is nothing here');
    }
    expect(await axeViolations(app.page)).toEqual([]);
    expect(app.errors).toEqual([]);
  });

  it('keeps the way to other pages where the part with this one cannot be fetched', async () => {
    const other = await openConsumerApp(browser, gateway);
    await other.page.setBypassServiceWorker(true);
    await other.page.setRequestInterception(true);
    other.page.on('request', (request) => {
      const isGone = /\/assets\/AccessPage-.*\.js$/.test(request.url());
      void (isGone ? request.respond({ status: 404 }) : request.continue());
    });
    await other.open(await invitationTo(gateway, 'ada'));
    await other.click('Access', 'link');
    await other.see('That did not work');
    await other.click('Offers', 'link');
    await other.see(TITLE);
    await other.context.close();
  });

  it('ends in all tabs with the session', async () => {
    const other = await openConsumerApp(browser, gateway);
    await other.open(await invitationTo(gateway, 'ada'));
    await other.see(TITLE);
    const tab = await other.context.newPage();
    await tab.goto(`${appUrl(gateway)}/me/access`);
    await tab.locator('::-p-aria([name="Sign out here"][role="button"])').click();
    await other.see('There is no password to remember');
    await other.context.close();
  });

  it('opens with what it last saw where there is no network and no gateway', async () => {
    await app.open('/');
    await app.see(TITLE);
    await eventually('the worker in charge', WITHIN_MS, async () =>
      (await inPage('navigator.serviceWorker.controller !== null')) ? true : undefined,
    );
    await gateway.kill('SIGKILL');
    await app.open('/');
    await app.see(TITLE);
    await app.see('Wayside cannot be reached just now');
    await app.page.setOfflineMode(true);
    await app.see('You are offline');
    await screenshot(app.page, 'me-offline');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.click(TITLE);
    await app.see(CODE);
    await app.open('/settings');
    await app.see('What you agree to');
    expect(app.errors).toEqual([]);
  });
});

/** What can be pressed and is smaller than a finger needs, with its size. */
const SMALL_TARGETS = `[...document.querySelectorAll('button, a, input, summary')]
  .filter((one) => one.checkVisibility() && getComputedStyle(one).clipPath === 'none' && one.closest('p, li > span') === null)
  .map((one) => [one.textContent || one.getAttribute('aria-label') || one.type, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < ${SMALLEST_TARGET_PX} || box.height < ${SMALLEST_TARGET_PX}))
  .map(([name, box]) => name + ': ' + Math.round(box.width) + ' x ' + Math.round(box.height))`;
