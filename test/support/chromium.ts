import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, launch, type Page } from 'puppeteer-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of a Chromium on this machine, or null. */
export const chromiumPath: string | null = PATHS.find((path) => existsSync(path)) ?? null;

/** For a test's title: why it is skipped, or nothing. */
export const chromiumSkipped =
  chromiumPath === null ? ' (skipped: no Chromium; npm run services installs it)' : '';

/** So that what hangs is told before its test is over. */
const ANSWERS_WITHIN_MS = 60_000;

/** Starts Chromium without a window; WebGL is drawn by the processor, so that the map shows without a graphics card. */
export async function startChromium(): Promise<Browser> {
  if (chromiumPath === null) throw new Error('no Chromium on this machine');
  return launch({
    executablePath: chromiumPath,
    protocolTimeout: ANSWERS_WITHIN_MS,
    // Containers have no user namespaces for the sandbox; what is opened here is only the gateway under test.
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly checked: number;
  readonly violations: readonly string[];
}

/**
 * What axe-core finds on the page with all that fades in at its end: one line a violation. Throws where it checked nothing, for then it
 * would find nothing either.
 */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  // A colour half faded in is no colour of the design. To wait for the end is to wait for ever where no frame is drawn.
  await page.evaluate(`document.getAnimations()
    .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime))
    .forEach((animation) => animation.finish())`);
  const result = (await page.evaluate(`axe.run().then(({ passes, violations }) => ({
    checked: passes.length,
    violations: violations.map(({ id, help, nodes }) => id + ': ' + help + ' at ' + nodes.map(({ target }) => target.join(' ')).join(', ')),
  }))`)) as AxeResult;
  if (result.checked === 0) throw new Error('axe-core checked nothing');
  return result.violations;
}

/** Screenshots for whoever wants to look, in a folder of the system's temporary one. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = join(tmpdir(), 'wayside-screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Whether the page's visible text has this; a page that is only beginning has none. */
export async function hasText(page: Page, text: string): Promise<boolean> {
  return (await page.evaluate(
    `document.body?.innerText.includes(${JSON.stringify(text)}) === true`,
  )) as boolean;
}
