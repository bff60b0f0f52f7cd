import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  hasText,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { appUrl, type ConsumerPage, invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { type ConsumerWorld, startConsumerWorld } from '../support/consumer-world.ts';
import { type Firefox, firefoxPath, firefoxSkipped, startFirefox } from '../support/firefox.ts';
import { eventually, type GatewayProcess } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
/** Nothing moves by itself; what is left is rounding. */
const STILL = 0.005;

describe.skipIf(chromiumPath === null)(`my data in Chromium${chromiumSkipped}`, () => {
  let world: ConsumerWorld;
  let gateway: GatewayProcess;
  let browser: Browser;
  let app: ConsumerPage;

  beforeAll(async () => {
    world = await startConsumerWorld();
    ({ gateway } = world);
    browser = await startChromium();
    app = await openConsumerApp(browser, gateway);
    await app.open(await invitationTo(gateway, 'ada'));
    await app.see('Your offers');
    await world.driveToCafe();
    await eventually('the offer', WITHIN_MS, async () =>
      (await gateway.api('GET', '/api/v1/deliveries?consumer=ada')).body.items[0]?.state === 'sent'
        ? true
        : undefined,
    );
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  it.each(['light', 'dark'] as const)('shows devices, uses and what can be done, %s', async (scheme) => {
    await app.theme(scheme);
    await app.open('/data');
    await app.see('My data');
    await app.see('Fridge');
    await app.see('Coffee on arrival');
    // The test itself asked, as an administrator.
    await app.see('An administrator looked at the offers that you got');
    expect(await app.layoutShift()).toBeLessThan(STILL);
    await screenshot(app.page, `me-data-${scheme}`);
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'draws what a device told, with the same figures as a table, %s',
    async (scheme) => {
      await app.theme(scheme);
      await app.open('/data/fridge-1');
      await app.see('Door open');
      await app.page.waitForSelector('.metric canvas', { timeout: WITHIN_MS });
      await eventually('three charts with a line', WITHIN_MS, async () =>
        (await drawnCharts()) === 3 ? true : undefined,
      );
      expect(await app.layoutShift()).toBeLessThan(STILL);
      await screenshot(app.page, `me-device-${scheme}`);
      expect(await axeViolations(app.page)).toEqual([]);
    },
  );

  it('reads a chart by key, and lists its figures', async () => {
    await app.open('/data/fridge-1');
    const slider = await app.page.waitForSelector('[role=slider][aria-label^="Temperature"]');
    const said = async () =>
      (await app.page.evaluate('document.activeElement.getAttribute("aria-valuetext")')) as string;
    await slider?.focus();
    await app.page.keyboard.press('Home');
    const first = await said();
    await app.page.keyboard.press('ArrowRight');
    expect(await said()).not.toBe(first);
    expect(first).toMatch(/^\d\d:\d\d.*: \d+(\.\d)? °C$/);
    await app.click('As a table Temperature');
    await app.see('Averages of 10 minutes');
    const rows = await app.page.$$eval('.table-box tbody tr', (all) => all.length);
    expect(rows).toBeGreaterThan(5);
  });

  it('shows a week and a month, and the day before', async () => {
    await app.open('/data/fridge-1');
    await app.see('Temperature');
    for (const span of ['Week', 'Month']) {
      await app.click(span, 'radio');
      await eventually(`charts of a ${span}`, WITHIN_MS, async () =>
        (await drawnCharts()) === 3 ? true : undefined,
      );
    }
    await app.click('Day', 'radio');
    for (let day = 0; day < 3; day += 1) await app.click('The day before', 'button');
    await app.see('Nothing in this time.');
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'shows on a map where a device was, and lists it, %s',
    async (scheme) => {
      await app.theme(scheme);
      await app.open('/data/car-1');
      await app.see('Where it was');
      await app.page.waitForSelector('.track-map canvas', { timeout: WITHIN_MS });
      await app.see('Corner Coffee');
      await app.see('Positions are erased after 30 days');
      await eventually('the track on the map', WITHIN_MS, async () =>
        (await trackPixels()) > 30 ? true : undefined,
      );
      expect(await app.layoutShift()).toBeLessThan(STILL);
      await screenshot(app.page, `me-track-${scheme}`);
      await app.click('Positions as a list');
      await app.see('45.47');
      expect(await axeViolations(app.page)).toEqual([]);
    },
  );

  it('tells why an offer came, and what was not sent', async () => {
    await app.open('/');
    await app.see('A coffee at Corner Coffee');
    await app.page.locator('::-p-text(A coffee at Corner Coffee)').click();
    await app.see('Why did I get this?');
    await app.see('Your car arrived at Corner Coffee.');
    await app.see('You agreed to “Offers near places”');
    await app.see('It was sent by the rule “Coffee on arrival”');
    // Ids are nowhere but in the details.
    expect(await hasText(app.page, 'car-1')).toBe(false);
    await screenshot(app.page, 'me-why-light');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.open('/not-sent');
    await app.see('Your device had not reported what this offer needs to know.');
    await app.see('Milk on the way');
    await app.see('near Corner Coffee');
    expect(await app.layoutShift()).toBeLessThan(STILL);
    await screenshot(app.page, 'me-not-sent-light');
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it('tells when staff looked', async () => {
    await gateway.api('GET', '/api/v1/telemetry/fridge-1?metric=temperature');
    await app.open('/data');
    await app.see('An administrator looked at what fridge-1 reported');
  });

  it('speaks German and Italian', async () => {
    for (const [language, title, chart] of [
      ['de-DE', 'Meine Daten', 'Tür offen'],
      ['it-IT', 'I miei dati', 'Porta aperta'],
    ] as const) {
      const other = await openConsumerApp(browser, gateway, { language });
      await other.open(await invitationTo(gateway, 'ada'));
      await other.page.waitForSelector('nav');
      await other.open('/data');
      await other.see(title);
      await other.open('/data/fridge-1');
      await other.see(chart);
      expect(other.errors).toEqual([]);
      expect(await axeViolations(other.page)).toEqual([]);
      await other.context.close();
    }
  });

  it('keeps another person’s device to itself', async () => {
    await app.open('/data/car-of-bob');
    await app.see('This is no longer there');
  });

  it('hands everything out as a file, and the readings of a device as a table', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wayside-downloads-'));
    try {
      const session = await app.page.createCDPSession();
      await session.send('Browser.setDownloadBehavior', {
        behavior: 'allow',
        downloadPath: folder,
        browserContextId: app.context.id as string,
      });
      await app.open('/data');
      await app.click('Download everything (JSON)');
      const everything = await downloaded(folder, 'json');
      expect(JSON.parse(everything)).toBeTypeOf('object');
      expect(everything).toContain('fridge-1');
      await app.click('Fridge fridge-1 as a table (CSV)');
      const table = await downloaded(folder, 'csv');
      expect(table.split('\n').length).toBeGreaterThan(100);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('erases everything after two steps, and says farewell', async () => {
    await app.theme('light');
    await app.open('/data');
    await app.click('Erase my data', 'button');
    await app.see('This goes, and nobody can bring it back');
    await screenshot(app.page, 'me-erase-light');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.click('Keep my data', 'button');
    await app.click('Erase my data', 'button');
    const isOff = await app.page.evaluate('document.querySelector(".erase form [type=submit]").disabled');
    expect(isOff).toBe(true);
    await app.click('I have read this', 'checkbox');
    await app.click('Erase everything now', 'button');
    await app.see('It is done');
    await screenshot(app.page, 'me-farewell-light');
    expect(await axeViolations(app.page)).toEqual([]);
    await eventually('nobody of that name', WITHIN_MS, async () =>
      (await gateway.api('GET', '/api/v1/consumers/ada')).status === 404 ? true : undefined,
    );
    const left = await app.page.evaluate('Object.keys(localStorage).filter((key) => key.includes("seen"))');
    expect(left).toEqual([]);
    await app.open('/');
    await app.see('Sign in');
    expect(app.errors).toEqual([]);
  });

  /** How many charts hold something drawn in the colour of the line. */
  async function drawnCharts(): Promise<number> {
    return (await app.page.evaluate(`[...document.querySelectorAll('.metric canvas')].filter((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      // Greys are axes and labels; the line is green.
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at + 1] - data[at] > 40) coloured += 1;
      return coloured > 12;
    }).length`)) as number;
  }

  /** Pixels of the map in the colour of a track. */
  async function trackPixels(): Promise<number> {
    const map = await app.page.$('.track-map');
    const image = await map?.screenshot({ encoding: 'base64' });
    return (await app.page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob('${image}'), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let coloured = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 1] - data[at] > 40) coloured += 1;
      return coloured;
    })()`)) as number;
  }

  async function downloaded(folder: string, ending: string): Promise<string> {
    return eventually(`a .${ending} file`, WITHIN_MS, async () => {
      const name = (await readdir(folder)).find((file) => file.endsWith(`.${ending}`));
      return name === undefined ? undefined : readFile(join(folder, name), 'utf8');
    });
  }
});

describe.skipIf(firefoxPath === null)(`my data in Firefox without WebGL 2${firefoxSkipped}`, () => {
  let world: ConsumerWorld;
  let firefox: Firefox;

  beforeAll(async () => {
    world = await startConsumerWorld();
    // No push service listens there, and none is needed.
    firefox = await startFirefox('ws://127.0.0.1:9/');
  });
  afterAll(async () => {
    await firefox?.stop();
    await world?.stop();
  });

  it('lists where a device was, and draws its charts', async () => {
    const page = await firefox.browser.newPage();
    const see = (text: string) =>
      eventually(`"${text}" on the page`, WITHIN_MS, async () =>
        (await hasText(page, text)) ? true : undefined,
      );
    await page.goto(`${appUrl(world.gateway)}/me${await invitationTo(world.gateway, 'ada')}`);
    await see('Your offers');
    await world.driveToCafe();
    await eventually('the visit', WITHIN_MS, async () =>
      (await world.gateway.api('GET', '/api/v1/visits?device=car-1')).body.items.length > 0
        ? true
        : undefined,
    );
    await page.goto(`${appUrl(world.gateway)}/me/data/car-1`);
    await see('This browser cannot draw the map');
    await see('45.47000, 9.19');
    expect(await page.evaluate('document.querySelectorAll(".where tbody tr").length')).toBeGreaterThan(8);
    expect(await page.evaluate('document.querySelector(".track-map")')).toBeNull();
    await page.waitForSelector('.metric canvas', { timeout: WITHIN_MS });
  });
});
