import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { type ConsolePage, openConsole } from '../support/console-page.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

describe.skipIf(chromiumPath === null)(`the label of a device in Chromium${chromiumSkipped}`, () => {
  let gateway: GatewayProcess;
  let browser: Browser;
  let console: ConsolePage;

  beforeAll(async () => {
    gateway = await startGateway();
    await gateway.api('POST', '/api/v1/devices', { id: 'collar-1', type: 'collar' });
    browser = await startChromium();
    console = await openConsole(browser, gateway);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  it('has the claim code to read and to scan, and is alone on paper', async () => {
    await console.open('/devices/collar-1');
    await console.click('Code to claim it', 'button');
    await console.see('Print the label');
    for (const scheme of ['light', 'dark'] as const) {
      await console.theme(scheme);
      await screenshot(console.page, `console-claim-${scheme}`);
      expect(await axeViolations(console.page)).toEqual([]);
    }
    const code = (await console.page.evaluate(
      'document.querySelector(".claim-label strong").innerText',
    )) as string;
    expect(code).toMatch(/^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
    const label = await console.page.evaluate(
      'document.querySelector(".claim-label svg").getAttribute("aria-label")',
    );
    expect(label).toBe(`The code ${code} as a QR code`);
    // Version 3 at least: an address of some forty characters.
    const side = await console.page.evaluate(
      'document.querySelector(".claim-label svg").viewBox.baseVal.width',
    );
    expect(side).toBeGreaterThanOrEqual(29 + 2 * 4);
    await console.page.emulateMediaType('print');
    const seen = (selector: string) =>
      console.page.evaluate(`getComputedStyle(document.querySelector('${selector}')).visibility`);
    expect(await seen('.claim-label strong')).toBe('visible');
    expect(await seen('nav')).toBe('hidden');
    expect(console.errors).toEqual([]);
  });
});
