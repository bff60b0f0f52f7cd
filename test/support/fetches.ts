import type { Page } from 'puppeteer-core';
import { eventually } from './gateway.ts';

const WITHIN_MS = 30_000;
const COUNT = `{
  const { fetch } = globalThis;
  globalThis.fetchesUnderWay = 0;
  globalThis.fetch = async (...asked) => {
    globalThis.fetchesUnderWay += 1;
    try {
      return await fetch(...asked);
    } finally {
      globalThis.fetchesUnderWay -= 1;
    }
  };
}`;
/** What a press or an answer brings about has begun by then. */
const TWO_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

/** Counts what pages that are opened from now on fetch. */
export async function countFetches(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(COUNT);
}

/**
 * Waits until the page waits for no answer. `waitForNetworkIdle` can't tell: Chromium does not always report the end of an answer
 * without a body (204), and then it never comes.
 */
export async function fetchesDone(page: Page): Promise<void> {
  await eventually('all answers', WITHIN_MS, async () => {
    await page.evaluate(TWO_FRAMES);
    return (await page.evaluate('globalThis.fetchesUnderWay')) === 0 ? true : undefined;
  });
}
