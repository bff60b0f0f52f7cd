import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { hasText } from './chromium.ts';
import { eventually, type GatewayProcess } from './gateway.ts';

const WITHIN_MS = 30_000;

/** A page of the console, signed in as admin. */
export interface ConsolePage {
  readonly page: Page;
  /** What the page's scripts threw. */
  readonly errors: readonly string[];
  /** Opens an address of the console. */
  open(path: string): Promise<void>;
  /** Waits until the page has this text. */
  see(text: string): Promise<void>;
  /** Waits until the page does not have this text. */
  gone(text: string): Promise<void>;
  /** Clicks what has this accessible name. */
  click(name: string, role?: string): Promise<void>;
  /** Puts a text into the field of this name, in place of what it has. */
  fill(name: string, text: string): Promise<void>;
  /** The value of the field of this name. */
  value(name: string): Promise<string>;
  /** Changes the theme, and waits until the page has it. */
  theme(scheme: 'light' | 'dark'): Promise<void>;
}

/** Opens the console in a page of its own and signs in. */
export async function openConsole(browser: Browser, gateway: GatewayProcess): Promise<ConsolePage> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  // The browser asks before a page with unsaved changes is left by its address bar: tests leave.
  page.on('dialog', (dialog) => void dialog.accept());
  await page.setViewport({ width: 1280, height: 800 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  const see = async (text: string) => {
    await eventually(`"${text}" on the page`, WITHIN_MS, async () =>
      (await hasText(page, text)) ? true : undefined,
    );
  };
  const located = (name: string, role?: string) =>
    page
      .locator(`::-p-aria([name="${name}"]${role === undefined ? '' : `[role="${role}"]`})`)
      .setTimeout(WITHIN_MS);
  await page.goto(gateway.httpUrl);
  await see('Sign in to the console');
  const password = (await readFile(join(gateway.dataDir, 'admin-password'), 'utf8')).trim();
  await located('Password').fill(password);
  await located('Sign in', 'button').click();
  await page.waitForSelector('nav[aria-label="Pages"]', { timeout: WITHIN_MS });
  return {
    page,
    errors,
    async open(path) {
      await page.goto(`${gateway.httpUrl}${path}`);
    },
    see,
    async gone(text) {
      await eventually(`no "${text}" on the page`, WITHIN_MS, async () =>
        (await hasText(page, text)) ? undefined : true,
      );
    },
    click: (name, role) => located(name, role).click(),
    // Not the locator's own fill: React does not hear of what that puts into a field as a whole.
    async fill(name, text) {
      await (await located(name).waitHandle()).focus();
      await page.evaluate('document.activeElement.select()');
      if (text === '') await page.keyboard.press('Backspace');
      else await page.keyboard.sendCharacter(text);
    },
    value: (name) =>
      located(name)
        .map((field) => (field as unknown as { readonly value: string }).value)
        .wait(),
    async theme(scheme) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await eventually('the theme', WITHIN_MS, async () =>
        (await page.evaluate('document.documentElement.dataset.mantineColorScheme')) === scheme
          ? true
          : undefined,
      );
    },
  };
}
