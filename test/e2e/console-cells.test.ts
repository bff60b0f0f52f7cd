import mqtt from 'mqtt';
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
import { type ConsolePage, openConsole } from '../support/console-page.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
const CARS = 6;

describe.skipIf(chromiumPath === null)(`where devices were, in the console${chromiumSkipped}`, () => {
  let gateway: GatewayProcess;
  let browser: Browser;
  let console: ConsolePage;

  beforeAll(async () => {
    gateway = await startGateway();
    for (let n = 0; n < CARS; n += 1) {
      const id = `car-${n}`;
      const { body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
      const client = await mqtt.connectAsync(gateway.mqttUrl, {
        clientId: id,
        username: id,
        password: body.token,
      });
      await client.publishAsync(`devices/${id}/telemetry`, '{"position":{"lat":45.4642,"lon":9.19}}', {
        qos: 1,
      });
      await client.endAsync();
      await eventually(`${id} is stored`, WITHIN_MS, async () =>
        (await gateway.api('GET', `/api/v1/telemetry/${id}`)).body.points.length === 1 ? true : undefined,
      );
    }
    browser = await startChromium();
    console = await openConsole(browser, gateway);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const list = () => console.page.evaluate(`document.querySelector('.cells-panel table')?.innerText ?? ''`);

  it('draws cells on the live map when asked, with what they mean, and the same as a list', async () => {
    await console.page.waitForSelector('.map-devices', { timeout: WITHIN_MS });
    expect(await hasText(console.page, '5 to 9 devices')).toBe(false);
    await console.click('Where devices were', 'button');
    await console.see('5 to 9 devices');
    await console.see('As a list');
    await console.page.evaluate(`document.querySelector('.cells-panel summary').click()`);
    expect(await list()).toMatch(/45\.46\d, 9\.1\d\d\s+6\s+1/);
  });

  it.each(['light', 'dark'] as const)('has no accessibility violation, %s', async (scheme) => {
    await console.theme(scheme);
    await screenshot(console.page, `console-cells-${scheme}`);
    expect(await axeViolations(console.page)).toEqual([]);
  });

  it('goes when asked again', async () => {
    await console.click('Where devices were', 'button');
    await eventually('the legend is gone', WITHIN_MS, async () =>
      (await hasText(console.page, '5 to 9 devices')) ? undefined : true,
    );
    expect(console.errors).toEqual([]);
  });

  it('is a list where WebGL 2 is missing', async () => {
    const { page } = console;
    await page.evaluateOnNewDocument(`{
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : real.call(this, kind, ...rest); };
    }`);
    await console.open('/');
    await console.see('no WebGL 2');
    await console.click('Where devices were', 'switch');
    await eventually('the list', WITHIN_MS, async () =>
      /45\.46\d, 9\.1\d\d\s+6\s+1/.test(String(await list())) ? true : undefined,
    );
    for (const scheme of ['light', 'dark'] as const) {
      await console.theme(scheme);
      expect(await axeViolations(page), scheme).toEqual([]);
    }
  });
});
