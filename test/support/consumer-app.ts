import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { hasText } from './chromium.ts';
import { countFetches } from './fetches.ts';
import { eventually, type GatewayProcess } from './gateway.ts';

const WITHIN_MS = 30_000;
const PHONE = { width: 390, height: 844 };

/** A page of the consumer's app in a browser context of its own, as wide as a phone. */
export interface ConsumerPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page's scripts threw. */
  readonly errors: readonly string[];
  /** Opens an address of the app, such as `/data`, anew. */
  open(path: string): Promise<void>;
  /** Waits until the page has this text. */
  see(text: string): Promise<void>;
  /** Clicks what has this accessible name. */
  click(name: string, role?: string): Promise<void>;
  /** Puts a text into the field of this name, in place of what it has. */
  fill(name: string, text: string): Promise<void>;
  /** Changes the theme of the page that is open. */
  theme(scheme: 'light' | 'dark'): Promise<void>;
  /** How far things have moved by themselves since the address was opened (Cumulative Layout Shift). */
  layoutShift(): Promise<number>;
}

/** Brings an element to the middle of the screen. */
const MIDDLE = (element: { scrollIntoView(options: object): void }) =>
  element.scrollIntoView({ block: 'center', behavior: 'instant' });

/** Counts what moves without the person having done anything, from the first paint on. */
const COUNT_SHIFTS = `
  globalThis.layoutShift = 0;
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) globalThis.layoutShift += value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** A page that is being left has no text: it is asked again. */
function whereItLeft(error: unknown): false {
  if (error instanceof Error && error.message.includes('Execution context was destroyed')) return false;
  throw error;
}

/**
 * Where the app has its passkeys and its cookie's name: the gateway's public URL is this unless it is set. Browsers take localhost for
 * secure, and addresses of numbers can't have passkeys.
 */
export function appUrl({ httpPort }: GatewayProcess): string {
  return `http://localhost:${httpPort}`;
}

/** A one-time way into the app. */
export async function invitationTo(gateway: GatewayProcess, consumer: string): Promise<string> {
  const { body } = await gateway.api('POST', `/api/v1/consumers/${consumer}/invitations`);
  return `/${new URL(body.url as string).hash}`;
}

/**
 * Opens the app as one that nobody is signed in to; `open(await invitationTo(…))` signs in.
 *
 * @param options.language the browser's, such as `de-DE`; else English
 */
export async function openConsumerApp(
  browser: Browser,
  gateway: GatewayProcess,
  options: { readonly language?: string } = {},
): Promise<ConsumerPage> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.setViewport(PHONE);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  if (options.language !== undefined) {
    const languages = JSON.stringify([options.language]);
    await page.evaluateOnNewDocument(
      `Object.defineProperty(navigator, 'languages', { get: () => ${languages} });`,
    );
  }
  await page.evaluateOnNewDocument(COUNT_SHIFTS);
  await countFetches(page);
  const located = (name: string, role?: string) =>
    page
      .locator(`::-p-aria([name="${name}"]${role === undefined ? '' : `[role="${role}"]`})`)
      .setTimeout(WITHIN_MS);
  return {
    page,
    context,
    errors,
    async open(path) {
      await page.goto(`${appUrl(gateway)}/me${path === '/' ? '' : path}`);
    },
    async see(text) {
      await eventually(`"${text}" on the page`, WITHIN_MS, async () =>
        (await hasText(page, text).catch(whereItLeft)) ? true : undefined,
      );
    },
    async click(name, role) {
      const element = await located(name, role).waitHandle();
      // What lies under the bar at the bottom counts as in view: a click would hit the bar.
      await element.evaluate(MIDDLE as never);
      await located(name, role).click();
    },
    // Not the locator's own fill: React does not hear of what that puts into a field as a whole.
    async fill(name, text) {
      await (await located(name).waitHandle()).focus();
      await page.evaluate('document.activeElement.select()');
      await page.keyboard.sendCharacter(text);
    },
    async theme(scheme) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await eventually('the theme', WITHIN_MS, async () =>
        (await page.evaluate('document.documentElement.dataset.mantineColorScheme')) === scheme
          ? true
          : undefined,
      );
    },
    layoutShift: async () => (await page.evaluate('globalThis.layoutShift')) as number,
  };
}
