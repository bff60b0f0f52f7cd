import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, startChromium } from '../support/chromium.ts';
import { invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { type ConsumerWorld, startConsumerWorld } from '../support/consumer-world.ts';
import { fetchesDone } from '../support/fetches.ts';
import { eventually } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
/** As `--bar-height` has it. */
const BAR_HEIGHT_PX = 60;

describe.skipIf(chromiumPath === null)(`the consumer's app in trouble, in Chromium${chromiumSkipped}`, () => {
  let world: ConsumerWorld;
  let browser: Browser;

  beforeAll(async () => {
    world = await startConsumerWorld();
    browser = await startChromium();
    // Who has never opened the app has no inbox that an offer could go to.
    const app = await openConsumerApp(browser, world.gateway);
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.see('Your offers');
    await app.context.close();
    await world.driveToCafe();
    await eventually('the offer', WITHIN_MS, async () =>
      (await world.gateway.api('GET', '/api/v1/deliveries?consumer=ada')).body.items[0]?.state === 'sent'
        ? true
        : undefined,
    );
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  it('asks to sign in as soon as anything is refused because the session is over', async () => {
    const app = await openConsumerApp(browser, world.gateway);
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.click('Settings', 'link');
    await app.see('What you agree to');
    await fetchesDone(app.page);
    await app.page.deleteCookie(...(await app.page.cookies()));
    await app.click('My data', 'link');
    await app.see('There is no password to remember');
    expect(await app.page.evaluate('localStorage.getItem("wayside-seen")')).toBeNull();
    await app.context.close();
  });

  it('keeps what was begun of signing in while it looks whether somebody has signed in elsewhere', async () => {
    const app = await openConsumerApp(browser, world.gateway);
    await app.open('/');
    await app.see('There is no password to remember');
    const heading = await app.page.$('h1');
    let answers = 0;
    app.page.on('response', (answer) => {
      if (answer.url().endsWith('/api/v1/me')) answers += 1;
    });
    // Who comes back from their mailbox within five seconds is not asked about.
    await eventually('another question', WITHIN_MS, async () => {
      await app.page.evaluate(`document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
      return answers > 0 ? true : undefined;
    });
    expect(await heading?.evaluate(({ isConnected }) => isConnected)).toBe(true);
    await app.context.close();
  });

  it.each([390, 1_280])('takes a double tap on "Fewer like this" for one, %i px wide', async (width) => {
    const { items } = (await world.gateway.api('GET', '/api/v1/deliveries?consumer=ada')).body;
    const app = await openConsumerApp(browser, world.gateway);
    await app.page.setViewport({ width, height: 844 });
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.see('Your offers');
    await app.open(`/offers/${items[0].id}`);
    const button = await app.page.waitForSelector('.fewer button');
    await button?.evaluate((one) => one.scrollIntoView({ block: 'center', behavior: 'instant' }));
    await app.see('Why did I get this?');
    const box = await button?.boundingBox();
    if (box == null) throw new Error('the button is not on the page');
    const [x, y] = [box.x + box.width / 2, box.y + box.height - 2];
    await app.page.mouse.click(x, y);
    await app.see('at most once a week now');
    await app.page.mouse.click(x, y);
    await fetchesDone(app.page);
    const wanted = `fetch('/api/v1/me/fewer').then((answer) => answer.json())`;
    expect(await app.page.evaluate(wanted)).toMatchObject([{ level: 1 }]);
    await app.page.evaluate(`fetch('/api/v1/me/fewer/coffee', { method: 'DELETE' })`);
    await app.context.close();
  });

  it('shows what is in force where a decision could not be saved', async () => {
    const app = await openConsumerApp(browser, world.gateway);
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.click('Settings', 'link');
    await app.see('What you agree to');
    await fetchesDone(app.page);
    await app.page.setOfflineMode(true);
    const isOn = (name: string) =>
      app.page.$eval(
        `::-p-aria([name="${name}"][role="switch"])`,
        (one) => (one as { checked: boolean }).checked,
      );
    for (const name of ['Offers near places', 'Quiet hours']) {
      expect(await isOn(name), name).toBe(true);
      await app.click(name, 'switch');
      await eventually(`${name} on again`, WITHIN_MS, async () => ((await isOn(name)) ? true : undefined));
    }
    await app.see('That was not saved. What you see is in force.');
    await app.context.close();
  });

  it('says by which clock the quiet hours go, and takes that of this browser on demand', async () => {
    const timezone = async () => (await world.gateway.api('GET', '/api/v1/consumers/ada')).body.timezone;
    const app = await openConsumerApp(browser, world.gateway);
    await app.page.emulateTimezone('Europe/Rome');
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.click('Settings', 'link');
    await app.see('by the clock of the place that an offer is for');
    expect(await timezone()).toBeNull();
    await world.gateway.api('PATCH', '/api/v1/consumers/ada', { timezone: 'America/New_York' });
    await app.open('/settings');
    await app.see('No offers between these times, America/New York.');
    await app.click('Go by the clock of Europe/Rome', 'button');
    await app.see('No offers between these times, Europe/Rome.');
    await eventually('the zone', WITHIN_MS, async () =>
      (await timezone()) === 'Europe/Rome' ? true : undefined,
    );
    await app.context.close();
  });

  it('lets a device go only after a second press, and its rows look as they did before other pages were seen', async () => {
    const app = await openConsumerApp(browser, world.gateway);
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.click('Settings', 'link');
    await app.see('Your devices');
    const heights = `[...document.querySelectorAll('#devices li')].map((row) => row.offsetHeight)`;
    const before = await app.page.evaluate(heights);
    await app.click('My data', 'link');
    await app.see('What your devices reported');
    await app.click('Settings', 'link');
    await app.see('Your devices');
    expect(await app.page.evaluate(heights)).toEqual(before);
    await app.click('Unlink fridge-1', 'button');
    await app.see('What it reported so far is then not yours to see any more');
    expect(await axeViolations(app.page)).toEqual([]);
    expect(await app.page.evaluate('document.activeElement.textContent')).toBe('Keep it');
    await app.click('Keep it', 'button');
    expect((await world.gateway.api('GET', '/api/v1/devices/fridge-1')).body.consumerId).toBe('ada');
    await app.context.close();
  });

  it('has nothing of a map above the bar at the bottom', async () => {
    const app = await openConsumerApp(browser, world.gateway);
    await app.open(await invitationTo(world.gateway, 'ada'));
    await app.see('Your offers');
    await app.open('/data/car-1');
    const zoom = await app.page.waitForSelector('.maplibregl-ctrl-zoom-in', { timeout: WITHIN_MS });
    const box = await zoom?.boundingBox();
    if (box == null) throw new Error('the map has no buttons');
    const [x, y] = [box.x + box.width / 2, Math.round(box.y + box.height / 2)];
    // On a screen that ends here the bar lies over the button.
    await app.page.setViewport({ width: 390, height: y + BAR_HEIGHT_PX / 2 });
    expect(await app.page.$eval('.ways', (bar) => bar.getBoundingClientRect().top)).toBeLessThan(y);
    const onTop = `document.elementFromPoint(${x}, ${y}).closest('.ways, .maplibregl-ctrl').className`;
    expect(await app.page.evaluate(onTop)).toBe('ways');
    await app.context.close();
  });
});
