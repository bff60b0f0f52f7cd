import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 12;

describe.skipIf(chromiumPath === null)(`trying a rule on the past in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;
  let page: Page;

  beforeAll(async () => {
    ({ world, console_, stop } = await startConsoleWorld(async ({ gateway, drive }) => {
      for (const position of way(NORTH_OF_CAFE, CAFE, STEPS)) await drive(position);
      await eventually('both decisions', WITHIN_MS, async () => {
        const { body } = await gateway.api('GET', '/api/v1/decisions');
        return body.items.length === 2 ? true : undefined;
      });
      // What is tried is what is stored, and that is behind by a moment.
      await eventually('the way in the store', WITHIN_MS, async () => {
        const { body } = await gateway.api('GET', '/api/v1/telemetry/car-1');
        return body.points?.length === STEPS + 1 ? true : undefined;
      });
    }));
    page = console_.page;
  });

  afterAll(() => stop?.());

  const textOf = async (selector: string) =>
    (await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`)) as string;
  const choose = async (period: string) => {
    const choice = `.backtest .period input[value="${period}"]`;
    await page.waitForSelector(choice, { timeout: WITHIN_MS });
    await page.evaluate(`document.querySelector(${JSON.stringify(choice)}).click()`);
  };
  const report = () =>
    eventually('the report', WITHIN_MS, async () => ((await textOf('.report')) === '' ? undefined : true));

  it('tells what the saved rule would have done: how much, what stopped it, when, where and to whom', async () => {
    await console_.open('/rules/coffee/edit');
    await console_.click('Try it on the past', 'tab');
    await console_.see('The rule as it is saved');
    await choose('week');
    await console_.click('Try it', 'button');
    await report();
    expect(await textOf('.report-figures')).toMatch(/Would have been sent\s+1\s+People reached\s+1/);
    expect(await textOf('.funnel')).toMatch(/The trigger fired\s+1[\s\S]*Would have been sent\s+1\s+100 %/);
    const text = await textOf('.report');
    expect(text).toContain('Hour by hour');
    expect(text).toContain('Corner Coffee');
    expect(text).toContain('A coffee at Corner Coffee');
    expect(text).toContain('1 other live rule took part');
    await page.waitForSelector('.journey-map .maplibregl-canvas', { timeout: WITHIN_MS });
    for (const scheme of ['light', 'dark'] as const) {
      await console_.theme(scheme);
      await screenshot(page, `console-backtest-${scheme}`);
      expect(await axeViolations(page), scheme).toEqual([]);
    }
    await console_.theme('light');
  });

  it('tries what is written and not saved, and saves nothing by it', async () => {
    await console_.click('Form', 'tab');
    await page.locator('[data-part="when"] > summary').click();
    await page.locator('#field-when').fill('metrics.fuel < 0.15');
    await console_.see('Needs location_offers and device_offers');
    await console_.click('Try it on the past', 'tab');
    await console_.see('The rule as you have written it, unsaved');
    await choose('week');
    await console_.click('Try it', 'button');
    await console_.see('Value missing');
    expect(await textOf('.funnel')).toMatch(/Value missing[\s\S]*Would have been sent\s+0/);
    expect(await textOf('.report')).toContain('needs metrics.fuel, which is not known');
    expect((await world.gateway.api('GET', '/api/v1/rules/coffee')).body).toMatchObject({ version: 1 });
  });

  it('says so where nothing was reported, and where a rule has to be mended first', async () => {
    await choose('yesterday');
    await console_.click('Try it', 'button');
    await console_.see('Nothing was reported in this time');
    await console_.click('Form', 'tab');
    await page.locator('#field-when').fill('metrics.fule < 0.15');
    await console_.see('"metrics.fule" is not known');
    await console_.click('Try it on the past', 'tab');
    await console_.see('The rule has something to mend first');
    await console_.see('The rule was changed since');
  });

  it('lists the decisions where WebGL 2 is missing, and says why there is no map', async () => {
    await page.evaluateOnNewDocument(`{
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : real.call(this, kind, ...rest); };
    }`);
    await console_.open('/rules/coffee');
    await page.locator('details.fold > summary').click();
    await choose('week');
    await console_.click('Try it', 'button');
    await console_.see('no WebGL 2');
    await console_.see('Some of the decisions');
    expect(await axeViolations(page)).toEqual([]);
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
