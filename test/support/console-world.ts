import type { Browser } from 'puppeteer-core';
import { startChromium } from './chromium.ts';
import { type ConsolePage, openConsole } from './console-page.ts';
import { type OfferWorld, startOfferWorld } from './offer-world.ts';

/** A world with offers, and its console in a browser. */
export interface ConsoleWorld {
  readonly world: OfferWorld;
  readonly browser: Browser;
  readonly console_: ConsolePage;
  stop(): Promise<void>;
}

/** @param prepare what the world is to have before the console is opened */
export async function startConsoleWorld(
  prepare: (world: OfferWorld) => Promise<void> = async () => undefined,
): Promise<ConsoleWorld> {
  const world = await startOfferWorld();
  let browser: Browser | undefined;
  const stop = async () => {
    await browser?.close();
    await world.stop();
  };
  try {
    await prepare(world);
    browser = await startChromium();
    return { world, browser, console_: await openConsole(browser, world.gateway), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
