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
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 30_000;

describe.skipIf(chromiumPath === null)(`an address without a page, in Chromium${chromiumSkipped}`, () => {
  let gateway: GatewayProcess;
  let browser: Browser;
  let app: ConsolePage;
  beforeAll(async () => {
    gateway = await startGateway();
    browser = await startChromium();
    app = await openConsole(browser, gateway);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const focused = () => app.page.evaluate('document.activeElement?.textContent');
  const titled = (title: string) =>
    eventually(`the title "${title}"`, WITHIN_MS, async () =>
      (await app.page.title()) === title ? true : undefined,
    );

  it.each(['light', 'dark'] as const)('is told so, at its own address, %s', async (scheme) => {
    await app.open('/no/such%20page?from=mail');
    await app.theme(scheme);
    await app.see('Page not found');
    await app.see('The console has no page at /no/such page.');
    await titled('Page not found · Wayside');
    expect(new URL(app.page.url()).pathname).toBe('/no/such%20page');
    expect(await focused()).toBe('Page not found');
    expect(await app.page.$('nav[aria-label="Pages"] [aria-current]')).toBeNull();
    await screenshot(app.page, `console-not-found-${scheme}`);
    expect(await axeViolations(app.page)).toEqual([]);
    await app.page.setViewport({ width: 390, height: 844 });
    await screenshot(app.page, `console-not-found-phone-${scheme}`);
    expect(await axeViolations(app.page)).toEqual([]);
    await app.page.setViewport({ width: 1280, height: 800 });
  });

  it('has a way back, and the browser’s own leads there again', async () => {
    await app.click('To the live map', 'link');
    await titled('Live · Wayside');
    expect(new URL(app.page.url()).pathname).toBe('/');
    await app.page.goBack();
    await app.see('Page not found');
    await titled('Page not found · Wayside');
    expect(await focused()).toBe('Page not found');
  });

  it('is also one that no text can be made of, and one below a page', async () => {
    for (const path of ['/places/100%25', '/zones/100%25', '/audit/all', '/devices/a/b']) {
      await app.open(path);
      await app.see('Page not found');
      await titled('Page not found · Wayside');
    }
    expect(app.errors).toEqual([]);
  });

  it('is no page that there is', async () => {
    for (const [path, title] of [
      ['/places', 'Places'],
      ['/zones', 'Sensitive zones'],
      ['/rules/~new', 'New rule'],
      ['/sending', 'Sending'],
    ] as const) {
      await app.open(path);
      await titled(`${title} · Wayside`);
    }
    expect(app.errors).toEqual([]);
  });
});
