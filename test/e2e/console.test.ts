import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  hasText,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, startOfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 12;
/** The colour of a car in the light theme. */
const CAR_RED_GREEN_BLUE = [0x25, 0x63, 0xc9] as const;

/** Mean position of the pixels in the car's colour on the map's canvas, or null where there is none. */
async function carOnMap(page: Page): Promise<{ x: number; y: number } | null> {
  return (await page.evaluate(`(() => {
    const canvas = document.querySelector('.map-devices');
    if (canvas === null || canvas.width === 0) return null;
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const [red, green, blue] = ${JSON.stringify(CAR_RED_GREEN_BLUE)};
    let [x, y, count] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] !== red || data[at + 1] !== green || data[at + 2] !== blue || data[at + 3] !== 255) continue;
      x += (at / 4) % width;
      y += Math.floor(at / 4 / width);
      count += 1;
    }
    return count === 0 ? null : { x: x / count, y: y / count };
  })()`)) as { x: number; y: number } | null;
}

describe.skipIf(chromiumPath === null)(`the console in Chromium${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let browser: Browser;
  let page: Page;
  const pageErrors: string[] = [];

  beforeAll(async () => {
    world = await startOfferWorld();
    browser = await startChromium();
    page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    page.on('pageerror', (error) => pageErrors.push(String(error)));
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  const see = (text: string) =>
    eventually(`"${text}" on the page`, WITHIN_MS, async () =>
      (await hasText(page, text)) ? true : undefined,
    );
  const carPosition = () =>
    eventually('a car on the map', WITHIN_MS, async () => (await carOnMap(page)) ?? undefined);

  it('asks who you are, refuses a wrong password in words, and lets you in with the right one', async () => {
    await page.goto(world.gateway.httpUrl);
    await see('Sign in to the console');
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('::-p-aria(Password)').fill('wrong');
    await page.locator('::-p-aria(Sign in)').click();
    await see('Name or password is wrong');
    const password = (await readFile(join(world.gateway.dataDir, 'admin-password'), 'utf8')).trim();
    await page.locator('::-p-aria(Password)').fill(password);
    await page.locator('::-p-aria(Sign in)').click();
    await see('Decisions');
    await see('Live');
  });

  it('shows a device that moves, and the offer at the moment it is decided', async () => {
    const [first, ...rest] = way(NORTH_OF_CAFE, CAFE, STEPS);
    if (first === undefined) throw new Error('no way');
    await world.drive(first);
    await page.waitForSelector('.map-devices', { timeout: WITHIN_MS });
    const before = await carPosition();
    for (const position of rest) await world.drive(position);
    await eventually('the car further south on the map', WITHIN_MS, async () => {
      const now = await carOnMap(page);
      return now !== null && now.y > before.y + 40 ? true : undefined;
    });
    await eventually('the offer in the feed', WITHIN_MS, async () => {
      const text = (await page.evaluate(`document.querySelector('.feed')?.innerText ?? ''`)) as string;
      return text.includes('Coffee on arrival') && text.includes('ada') && text.includes('Corner Coffee')
        ? true
        : undefined;
    });
    await eventually('the push', WITHIN_MS, async () => (world.pushed.length === 1 ? true : undefined));
  });

  it('tells in the feed what became of the offer', async () => {
    const answer = await world.gateway.api('POST', '/api/v1/receipts', {
      token: world.pushed[0]?.notification.data.token,
      kind: 'clicked',
      at: Date.now(),
    });
    expect(answer.status).toBe(204);
    await eventually('"Clicked" in the feed', WITHIN_MS, async () =>
      ((await page.evaluate(`document.querySelector('.feed')?.innerText ?? ''`)) as string).includes(
        'Clicked',
      )
        ? true
        : undefined,
    );
  });

  it.each(['light', 'dark'] as const)(
    'has no accessibility violation on the live page, %s',
    async (scheme) => {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await eventually('the theme', WITHIN_MS, async () =>
        (await page.evaluate('document.documentElement.dataset.mantineColorScheme')) === scheme
          ? true
          : undefined,
      );
      await screenshot(page, `console-live-${scheme}`);
      expect(await axeViolations(page)).toEqual([]);
    },
  );

  it('lists every decision with its reason in words, and filters them', async () => {
    await page.locator('::-p-aria([name="Decisions"][role="link"])').click();
    await see('Coffee on arrival');
    await see('A value that the condition asks for was not known');
    await page.goto(`${world.gateway.httpUrl}/decisions?reason=missing_value`);
    await see('Fuel when low');
    expect(await hasText(page, 'Coffee on arrival')).toBe(false);
    await page.goto(`${world.gateway.httpUrl}/decisions?state=sent`);
    await see('Coffee on arrival');
    expect(await hasText(page, 'Fuel when low')).toBe(false);
    await page.locator('::-p-text(What became of it)').click();
    await see('clicked');
  });

  it('lists each device with when it was last heard of', async () => {
    await page.goto(`${world.gateway.httpUrl}/devices`);
    await see('car-1');
    await eventually('the time of its last position', WITHIN_MS, async () =>
      (await hasText(page, 'not lately')) ? undefined : true,
    );
  });

  it.each(['light', 'dark'] as const)('has no accessibility violation on the lists, %s', async (scheme) => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    for (const [path, text] of [
      ['decisions', 'Coffee on arrival'],
      ['rules', 'Fuel when low'],
      ['places', 'Corner Coffee'],
      ['devices', 'car-1'],
      ['quarantine', 'Nothing was refused'],
    ] as const) {
      await page.goto(`${world.gateway.httpUrl}/${path}`);
      await see(text);
      await screenshot(page, `console-${path}-${scheme}`);
      expect(await axeViolations(page), path).toEqual([]);
    }
  });

  it('shows the devices as a list where WebGL 2 is missing, and says why', async () => {
    const plain = await browser.newPage();
    await plain.evaluateOnNewDocument(`{
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : real.call(this, kind, ...rest); };
    }`);
    await plain.goto(world.gateway.httpUrl);
    await eventually('the list', WITHIN_MS, async () =>
      (await hasText(plain, 'no WebGL 2')) && (await hasText(plain, 'car-1')) ? true : undefined,
    );
    expect(await axeViolations(plain)).toEqual([]);
    await plain.close();
  });

  it('raised no error in the page', () => {
    expect(pageErrors).toEqual([]);
  });
});
