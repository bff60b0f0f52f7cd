import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
/** The narrowest phones that are common. */
const NARROW = { width: 360, height: 780 };

const PAGES = [
  '/',
  '/decisions',
  '/rules',
  '/rules/~new',
  '/rules/coffee',
  '/rules/coffee/edit',
  '/explain?consumer=ada',
  '/places',
  '/zones',
  '/audience',
  '/campaigns',
  '/tills',
  '/sending',
  '/devices',
  '/devices/car-1',
  '/quarantine',
  '/access',
  '/audit',
];

/** Choices side by side of which some are cut off, by their text. */
const CUT_OFF = `[...document.querySelectorAll('.mantine-SegmentedControl-root')]
  .filter((choice) => choice.scrollWidth > choice.clientWidth || choice.getBoundingClientRect().right > choice.parentElement.getBoundingClientRect().right + 1)
  .map((choice) => choice.innerText)`;

describe.skipIf(chromiumPath === null)(`the console on a narrow screen${chromiumSkipped}`, () => {
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;
  beforeAll(async () => {
    const prepare = async ({ drive, gateway }: ConsoleWorld['world']) => {
      await gateway.must('PUT', '/api/v1/sensitive-zones/clinic', {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat + 0.02] },
        properties: { name: 'Clinic', radiusMetres: 400 },
      });
      for (const position of way(NORTH_OF_CAFE, CAFE, 6)) await drive(position);
    };
    ({ console_, stop } = await startConsoleWorld(prepare));
    await console_.page.setViewport(NARROW);
  });
  afterAll(() => stop?.());

  it.each(PAGES)('fits into the window, and all of it can be reached: %s', async (path) => {
    const { page } = console_;
    await console_.open(path);
    await eventually('all that it asks for', WITHIN_MS, async () =>
      (await page.evaluate(
        `document.querySelector('#main')?.innerText.trim().length > 0 && document.querySelector('[aria-label^="Loading"]') === null`,
      ))
        ? true
        : undefined,
    );
    await screenshot(page, `console-narrow${path.replaceAll(/\W+/g, '-')}`);
    // The page scrolls within its frame: one that is longer than the window would show nothing below it.
    const size = await page.evaluate(
      '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]',
    );
    expect(size).toEqual([NARROW.width, NARROW.height]);
    expect(await page.evaluate(CUT_OFF)).toEqual([]);
    expect(await axeViolations(page)).toEqual([]);
    expect(console_.errors).toEqual([]);
  });

  it('draws zones again after there was no room for the map', async () => {
    const { page } = console_;
    await console_.open('/zones');
    const mapHeight = (isFitting: string) =>
      eventually(`a map of height ${isFitting}`, WITHIN_MS, async () =>
        (await page.evaluate(`document.querySelector('.map-devices')?.height ${isFitting}`))
          ? true
          : undefined,
      );
    await mapHeight('> 0');
    await page.setViewport({ width: NARROW.width, height: 40 });
    await mapHeight('< 1');
    await page.setViewport(NARROW);
    await mapHeight('> 0');
    expect(console_.errors).toEqual([]);
  });
});
