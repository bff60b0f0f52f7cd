import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, hasText, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
/** Over the café's street, where the map lies when it shows the world of the test. */
const MAP_MIDDLE = { x: 440, y: 430 };

/** What puppeteer gives for an input of files; the test has no DOM types. */
interface FileInput {
  uploadFile(...paths: string[]): Promise<void>;
}

interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

describe.skipIf(chromiumPath === null)(`places in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let browser: Browser;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;
  let folder: string;
  let car: LatLon = { lat: CAFE.lat + 0.02, lon: CAFE.lon };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wayside-places-'));
    ({ world, browser, console_, stop } = await startConsoleWorld());
  });

  afterAll(async () => {
    await stop?.();
    await rm(folder, { recursive: true, force: true });
  });

  const api = (method: string, path: string, body?: unknown) => world.gateway.api(method, path, body);

  /** Drives there at a pace that a car can have. */
  async function driveTo(to: LatLon): Promise<void> {
    const steps = Math.ceil(Math.max(Math.abs(to.lat - car.lat), Math.abs(to.lon - car.lon)) / 0.003);
    for (const position of way(car, to, Math.max(1, steps))) await world.drive(position);
    car = to;
  }

  /** A rule on arriving at places with this tag, and its decision once the car is there. */
  async function decisionAt(tag: string, at: LatLon): Promise<{ place: string; outcome: string }> {
    const rule = {
      id: `at-${tag}`,
      name: `Arrived at ${tag}`,
      trigger: { place: { tag }, on: 'enter' },
      limits: { quietHours: 'ignore' },
      offer: { title: '{{ place.name }}', body: 'Welcome.', url: 'https://example.com/', expires: 'PT30M' },
    };
    expect((await api('PUT', `/api/v1/rules/at-${tag}?state=live`, rule)).status).toBe(201);
    await driveTo(at);
    return eventually(`a decision of at-${tag}`, WITHIN_MS, async () => {
      const { body } = await api('GET', `/api/v1/decisions?rule=at-${tag}`);
      return body.items[0];
    });
  }

  /** The map has come to rest over the café, so that pixels mean places. */
  async function mapReady(): Promise<void> {
    await console_.page.waitForSelector('.maplibregl-canvas', { timeout: WITHIN_MS });
    await eventually('the map at a street of the test', WITHIN_MS, async () => {
      const scale = await console_.page.evaluate(
        `document.querySelector('.maplibregl-ctrl-scale')?.textContent ?? ''`,
      );
      return /^\d+\sm$/.test(String(scale)) ? true : undefined;
    });
  }

  async function drag(from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
    const { mouse } = console_.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 3 });
    await mouse.move(to.x, to.y, { steps: 3 });
    await mouse.up();
  }

  const saved = (id: string) =>
    eventually(`the place ${id}`, WITHIN_MS, async () => {
      const { status, body } = await api('GET', `/api/v1/places/${id}`);
      return status === 200 ? body : undefined;
    });

  it('draws a circle by dragging, and a device that enters it brings the decision', async () => {
    await console_.open('/places');
    await console_.see('Corner Coffee');
    await mapReady();
    await console_.click('New place', 'link');
    await console_.fill('Name', 'Drawn circle');
    await console_.click('Circle', 'button');
    await drag({ x: MAP_MIDDLE.x, y: MAP_MIDDLE.y + 200 }, { x: MAP_MIDDLE.x + 60, y: MAP_MIDDLE.y + 200 });
    await console_.fill('Tags (may be left out)', 'drawn');
    expect(await console_.value('Id')).toBe('drawn-circle');
    const radius = Number(await console_.value('Radius (m)'));
    expect(radius).toBeGreaterThan(15);
    await console_.click('Save place', 'button');
    const { feature } = await saved('drawn-circle');
    expect(feature.geometry.type).toBe('Point');
    expect(feature.properties).toMatchObject({ name: 'Drawn circle', tags: ['drawn'], radiusMetres: radius });
    const [lon, lat] = feature.geometry.coordinates;
    expect(await decisionAt('drawn', { lat, lon })).toMatchObject({
      place: 'drawn-circle',
      outcome: 'sent',
    });
  });

  it('draws a polygon corner by corner, moves a corner with the arrow keys, takes that back', async () => {
    await console_.open('/places');
    await mapReady();
    await console_.click('New place', 'link');
    await console_.fill('Name', 'Drawn yard');
    await console_.click('Polygon', 'button');
    const corners = [
      [-200, -250],
      [-80, -250],
      [-80, -170],
      [-200, -170],
    ].map(([x = 0, y = 0]) => ({ x: MAP_MIDDLE.x + x, y: MAP_MIDDLE.y + y }));
    for (const { x, y } of corners) await console_.page.mouse.click(x, y);
    // The first corner again closes it.
    await console_.page.mouse.click(corners[0]?.x ?? 0, corners[0]?.y ?? 0);
    await console_.page.waitForSelector('.fence-handle-corner', { timeout: WITHIN_MS });
    const before = await console_.value('Corners');
    expect(before.trim().split('\n')).toHaveLength(4);
    await console_.page.focus('.fence-handle-corner');
    await console_.page.keyboard.press('ArrowLeft');
    await eventually('a moved corner', WITHIN_MS, async () =>
      (await console_.value('Corners')) === before ? undefined : true,
    );
    await console_.click('Undo', 'button');
    expect(await console_.value('Corners')).toBe(before);
    await console_.fill('Tags (may be left out)', 'yard');
    await console_.click('Save place', 'button');
    const { feature } = await saved('drawn-yard');
    const [ring] = feature.geometry.coordinates as [number, number][][];
    expect(ring).toHaveLength(5);
    const middle = {
      lon: ((ring?.[0]?.[0] ?? 0) + (ring?.[2]?.[0] ?? 0)) / 2,
      lat: ((ring?.[0]?.[1] ?? 0) + (ring?.[2]?.[1] ?? 0)) / 2,
    };
    expect(await decisionAt('yard', middle)).toMatchObject({ place: 'drawn-yard' });
  });

  it('draws a corridor without a pointer: arrows move the map, Space puts a corner, Enter ends', async () => {
    await console_.open('/places?new');
    await console_.fill('Name', 'Keyed road');
    await console_.page.waitForSelector('.maplibregl-canvas', { timeout: WITHIN_MS });
    await console_.click('Corridor', 'button');
    const corners = async () => (await console_.value('Corners')).trim().split('\n');
    await console_.page.keyboard.press('Space');
    const [first] = await corners();
    await console_.page.keyboard.press('ArrowRight');
    // The map glides; a second corner is put once it lies elsewhere.
    await eventually('a second corner', WITHIN_MS, async () => {
      await console_.page.keyboard.press('Space');
      const [, second] = await corners();
      if (second !== undefined && second !== first) return true;
      if (second !== undefined) await console_.page.keyboard.press('Backspace');
      return undefined;
    });
    await console_.page.keyboard.press('Enter');
    await eventually('no more drawing', WITHIN_MS, async () =>
      (await hasText(console_.page, 'Enter ends')) ? undefined : true,
    );
    await console_.fill('Metres to either side', '30');
    await console_.click('Save place', 'button');
    const { feature } = await saved('keyed-road');
    expect(feature).toMatchObject({
      geometry: { type: 'LineString' },
      properties: { corridorMetres: 30, name: 'Keyed road' },
    });
  });

  it('shows where the edges of a polygon cross, and says what is no corner', async () => {
    await console_.open('/places?new');
    await console_.click('GeoJSON');
    const bowTie = [
      [9, 45],
      [9.01, 45.01],
      [9.01, 45],
      [9, 45.01],
      [9, 45],
    ];
    await console_.fill(
      'Paste a geometry or a Feature',
      JSON.stringify({ type: 'Polygon', coordinates: [bowTie] }),
    );
    await console_.click('Use it', 'button');
    await console_.see('crosses the edge');
    await console_.see('45.00500, 9.00500');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.fill('Corners', '45, 9\nhere');
    await console_.see('Line 2 is no latitude and longitude');
    await console_.click('All places', 'link');
    await console_.see('Leave without saving?');
    await console_.click('Leave', 'button');
    await console_.see('The named areas');
  });

  it('opens a place from the list, changes it, and removes it after a question', async () => {
    await console_.open('/places');
    await console_.fill('Name or id', 'corner');
    await eventually('only the café', WITHIN_MS, async () =>
      (await hasText(console_.page, 'Drawn yard')) ? undefined : true,
    );
    await console_.page.locator('::-p-text(Corner Coffee)').click();
    await eventually('its radius', WITHIN_MS, async () =>
      (await console_.value('Radius (m)')) === '150' ? true : undefined,
    );
    await console_.fill('Radius (m)', '5');
    await console_.see('A number from 10 to 50000');
    await console_.fill('Radius (m)', '160');
    await console_.click('Save changes', 'button');
    await console_.see('It holds within a second');
    expect((await api('GET', '/api/v1/places/cafe')).body.feature.properties.radiusMetres).toBe(160);
    await console_.open('/places/drawn-circle');
    await console_.click('Remove', 'button');
    await console_.see('Remove Drawn circle?');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.click('Remove for good', 'button');
    await eventually('it is gone', WITHIN_MS, async () =>
      (await api('GET', '/api/v1/places/drawn-circle')).status === 404 ? true : undefined,
    );
  });

  it('does not replace a place whose id a new one would take', async () => {
    await console_.open('/places?new');
    await console_.fill('Name', 'Another');
    await console_.fill('Id', 'cafe');
    await console_.click('GeoJSON');
    await console_.fill(
      'Paste a geometry or a Feature',
      JSON.stringify({ type: 'Point', coordinates: [9, 45] }),
    );
    await console_.click('Use it', 'button');
    await console_.click('Save place', 'button');
    await console_.see('"cafe" is there already');
    expect((await api('GET', '/api/v1/places/cafe')).body.name).toBe('Corner Coffee');
  });

  it('imports places, and says of each row why it was refused', async () => {
    const file = join(folder, 'shops.csv');
    await writeFile(file, 'name,lat,lon,tags\nShop one,45.1,9.1,shop\nShop two,95,9.1,shop\n');
    await console_.open('/places?import');
    const input = await console_.page.waitForSelector('input[type=file]', { timeout: WITHIN_MS });
    await (input as FileInput | null)?.uploadFile(file);
    await console_.fill('Radius for rows that have none, metres', '80');
    await console_.click('Import', 'button');
    await console_.see('1 imported, 1 refused.');
    await console_.see('shop-two');
    expect((await saved('shop-one')).feature.properties).toMatchObject({ radiusMetres: 80, tags: ['shop'] });
    await console_.open('/places');
    await console_.fill('Tag', 'shop');
    await eventually('only the shop', WITHIN_MS, async () =>
      (await hasText(console_.page, 'Corner Coffee')) ? undefined : true,
    );
    await console_.see('Shop one');
  });

  it('keeps a sensitive zone, says which places fall silent, and refuses a place for it by name', async () => {
    await console_.open('/zones');
    await console_.see('There is no sensitive zone yet');
    await console_.click('New zone', 'link');
    await console_.fill('Name', 'Clinic of the Saints');
    await console_.click('GeoJSON');
    await console_.fill(
      'Paste a geometry or a Feature',
      JSON.stringify({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [CAFE.lon + 0.006, CAFE.lat] },
        properties: { radiusMetres: 40 },
      }),
    );
    await console_.click('Use it', 'button');
    expect(await console_.value('Margin, metres')).toBe('610');
    await console_.click('Save zone', 'button');
    await console_.see('fall');
    await console_.see('cafe');
    await console_.see('RCW 19.373.080');

    await console_.open('/places?new');
    await console_.fill('Name', 'Too near');
    await console_.click('GeoJSON');
    await console_.fill(
      'Paste a geometry or a Feature',
      JSON.stringify({ type: 'Point', coordinates: [CAFE.lon + 0.008, CAFE.lat] }),
    );
    await console_.click('Use it', 'button');
    await console_.click('Save place', 'button');
    await console_.see('The place overlaps a sensitive zone');
    await console_.see('Clinic of the Saints');
    expect((await api('GET', '/api/v1/places/too-near')).status).toBe(404);
    await console_.page.waitForSelector('.maplibregl-canvas', { timeout: WITHIN_MS });
    await screenshot(console_.page, 'console-place-refused');
  });

  it.each(['light', 'dark'] as const)(
    'has no accessibility violation, wide and narrow, %s',
    async (scheme) => {
      await console_.theme(scheme);
      for (const [width, height] of [
        [1280, 800],
        [390, 844],
      ] as const) {
        await console_.page.setViewport({ width, height });
        for (const [path, text] of [
          ['/places', 'Corner Coffee'],
          ['/places?new', 'New place'],
          ['/places?import', 'Import places'],
          ['/places/drawn-yard', 'Save changes'],
          ['/zones', 'Clinic of the Saints'],
          ['/zones/clinic-of-the-saints', 'Margin, metres'],
        ] as const) {
          await console_.open(path);
          await console_.see(text);
          await screenshot(console_.page, `console${path.replaceAll(/\W/g, '-')}-${scheme}-${width}`);
          expect(await axeViolations(console_.page), `${path} ${width}`).toEqual([]);
          const wide = await console_.page.evaluate('document.documentElement.scrollWidth');
          expect(wide, `${path} is wider than the screen`).toBe(width);
        }
      }
      await console_.page.setViewport({ width: 1280, height: 800 });
    },
  );

  it('works in fields alone where WebGL 2 is missing', async () => {
    const plain = await browser.newPage();
    await plain.evaluateOnNewDocument(`{
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : real.call(this, kind, ...rest); };
    }`);
    await plain.goto(`${world.gateway.httpUrl}/places?new`);
    await plain.locator('::-p-aria([name="Name"])').fill('Typed circle');
    await plain.locator('::-p-aria([name="Circle"][role="button"])').click();
    await plain.locator('::-p-aria([name="Latitude"])').fill('44.5');
    await plain.locator('::-p-aria([name="Longitude"])').fill('8.5');
    await plain.locator('::-p-aria([name="Radius (m)"])').fill('120');
    await plain.locator('::-p-aria([name="Save place"][role="button"])').click();
    expect((await saved('typed-circle')).feature).toMatchObject({
      geometry: { type: 'Point', coordinates: [8.5, 44.5] },
      properties: { radiusMetres: 120 },
    });
    expect(await axeViolations(plain)).toEqual([]);
    await plain.close();
  });

  it('shows 100,000 places as clusters, pages its list, and answers at once', async () => {
    const rows = Array.from(
      { length: 100_000 },
      (_, index) => `Bulk ${index},${50 + (index % 400) / 400},${3 + Math.floor(index / 400) / 250},bulk`,
    );
    const csv = `name,lat,lon,tags\n${rows.join('\n')}\n`;
    const imported = await world.gateway.api(
      'POST',
      '/api/v1/places/import?radiusMetres=50',
      csv,
      'text/csv',
    );
    expect(imported.body.imported).toBe(100_000);
    const began = performance.now();
    const view = await api('GET', '/api/v1/places.geojson?bbox=2,49,6,52');
    const took = performance.now() - began;
    expect(view.body.numberMatched).toBe(100_000);
    expect(view.body.features.length).toBeLessThan(400);
    expect(took).toBeLessThan(2_000);
    await console_.open('/places');
    await console_.see('Show more');
    expect(await console_.page.$$eval('.fence-list li', (items) => items.length)).toBe(50);
    await console_.fill('Name or id', 'Bulk 99999');
    await eventually('one place', WITHIN_MS, async () =>
      (await console_.page.$$eval('.fence-list li', (items) => items.length)) === 1 ? true : undefined,
    );
    await screenshot(console_.page, 'console-places-100000');
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
