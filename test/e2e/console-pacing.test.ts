import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, hasText, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 6;

describe.skipIf(chromiumPath === null)(`audience and campaigns in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let browser: Browser;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;

  beforeAll(async () => {
    ({ world, browser, console_, stop } = await startConsoleWorld());
  });

  afterAll(() => stop?.());

  const api = (method: string, path: string, body?: unknown) => world.gateway.api(method, path, body);

  it('describes traits, and refuses a segment of a trait that nobody described, with the nearest name', async () => {
    await console_.open('/audience');
    await console_.see('There is no segment yet');
    await console_.click('New trait', 'button');
    await console_.fill('Name', 'tier');
    await console_.fill('What it means', 'Loyalty tier');
    await console_.click('Save trait', 'button');
    await console_.see('Loyalty tier');
    await console_.click('New segment', 'button');
    await console_.fill('Name', 'Gold customers');
    await console_.fill('Who is in it', 'consumer.attributes.teir == "gold"');
    await console_.click('Save segment', 'button');
    await console_.see('tier');
    await eventually('the refusal with the nearest name', WITHIN_MS, async () => {
      const refusal = await console_.page.evaluate(`document.querySelector('.refusal')?.innerText ?? ''`);
      return /Did you mean "tier"/.test(String(refusal)) ? true : undefined;
    });
    await console_.fill('Who is in it', 'consumer.attributes.tier == "gold"');
    await console_.click('Save segment', 'button');
    await eventually('the segment', WITHIN_MS, async () =>
      (await api('GET', '/api/v1/segments/gold-customers')).status === 200 ? true : undefined,
    );
    await console_.see('gold-customers');
  });

  it('does not remove a trait that a segment reads, and says so', async () => {
    // With another one described, the segment's would be a name that nobody described.
    expect((await api('PUT', '/api/v1/traits/city', { kind: 'string' })).status).toBe(201);
    await console_.open('/audience');
    await console_.click('Remove tier', 'button');
    await console_.see('This is for good.');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.click('Remove for good', 'button');
    await console_.see('gold-customers');
    await eventually('the refusal', WITHIN_MS, async () =>
      (await console_.page.$('.refusal')) === null ? undefined : true,
    );
    expect((await api('GET', '/api/v1/traits/tier')).status).toBe(200);
  });

  it('makes a campaign with a budget and a pool with one code', async () => {
    await console_.open('/campaigns');
    await console_.see('There is no campaign yet');
    await console_.click('New campaign', 'button');
    await console_.fill('Name', 'Spring');
    await console_.fill('Offers in all', '10');
    await console_.fill('Time zone of its days', 'Europe/Rome');
    await console_.click('Save campaign', 'button');
    await console_.see('0 of 10 in all');
    await console_.click('New code pool', 'button');
    await console_.fill('Name', 'Vouchers');
    await console_.click('Save code pool', 'button');
    await console_.see('Add codes to Vouchers');
    await console_.see('No code yet');
    await console_.fill('Codes', 'FREE-1\n\nFREE-1\n');
    await console_.click('Add codes', 'button');
    await console_.see('1 added, 1 left in the pool.');
    await console_.see('1 were there already: FREE-1');
    await console_.see('0 of 1 given');
  });

  it('shows the pool used up and the budget used once a rule gave the code', async () => {
    const rule = {
      id: 'voucher',
      name: 'A voucher on arrival',
      trigger: { place: { id: 'cafe' }, on: 'enter' },
      campaign: 'spring',
      weight: 100,
      limits: { quietHours: 'ignore' },
      offer: {
        title: 'Yours',
        body: 'Show {{ code }}.',
        url: 'https://example.com/',
        expires: 'PT30M',
        code: 'vouchers',
      },
    };
    expect(await api('PUT', '/api/v1/rules/voucher?state=live', rule)).toMatchObject({ status: 201 });
    // There, away and there again: the second time no code is left.
    for (const [from, to] of [
      [NORTH_OF_CAFE, CAFE],
      [CAFE, NORTH_OF_CAFE],
      [NORTH_OF_CAFE, CAFE],
    ] as const)
      for (const position of way(from, to, STEPS)) await world.drive(position);
    const decisions = await eventually('two decisions of the rule', WITHIN_MS, async () => {
      const { items } = (await api('GET', '/api/v1/decisions?rule=voucher')).body;
      return items.length === 2 ? items : undefined;
    });
    expect(decisions).toMatchObject([
      { outcome: 'suppressed', reason: 'no_code_left' },
      { outcome: 'sent', campaign: 'spring' },
    ]);
    await eventually('the push with the code', WITHIN_MS, async () =>
      JSON.stringify(world.pushed).includes('FREE-1') ? true : undefined,
    );
    await console_.open('/campaigns');
    await console_.see('1 of 10 in all');
    await console_.see('1 of 1 given, used up');
    await console_.see('Used up');
  });

  it('sets the cap across all rules, and takes it back', async () => {
    await console_.open('/campaigns');
    await console_.see('There is no limit across rules.');
    await console_.click('Limit what one person gets', 'checkbox');
    await console_.fill('Offers to one person', '2');
    await console_.click('Save the cap', 'button');
    await console_.see('At most 2 offers to one person in 1 day.');
    expect((await api('GET', '/api/v1/pacing')).body.perConsumer).toEqual({ count: 2, per: 'P1D' });
    await console_.click('Limit what one person gets', 'checkbox');
    await console_.click('Save the cap', 'button');
    await console_.see('There is no limit across rules.');
  });

  it('does not replace a campaign whose id a new one would take', async () => {
    await console_.open('/campaigns');
    await console_.click('New campaign', 'button');
    await console_.fill('Name', 'Spring');
    await console_.click('Save campaign', 'button');
    await console_.see('"spring" is there already');
    expect((await api('GET', '/api/v1/campaigns/spring')).body.budget).toEqual({ total: 10 });
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
          ['/audience', 'Gold customers'],
          ['/campaigns', 'Spring'],
        ] as const) {
          await console_.open(path);
          await console_.see(text);
          await screenshot(console_.page, `console${path.replaceAll('/', '-')}-${scheme}-${width}`);
          expect(await axeViolations(console_.page), `${path} ${width}`).toEqual([]);
          const wide = await console_.page.evaluate('document.documentElement.scrollWidth');
          expect(wide, `${path} is wider than the screen`).toBe(width);
        }
      }
      await console_.page.setViewport({ width: 1280, height: 800 });
    },
  );

  it('shows who may only read no way to change things', async () => {
    const { status, body: user } = await api('POST', '/api/v1/users', { name: 'reader', role: 'analyst' });
    expect(status).toBe(201);
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.goto(world.gateway.httpUrl);
    await page.locator('::-p-aria([name="Name"])').fill(user.name);
    await page.locator('::-p-aria(Password)').fill(user.password);
    await page.locator('::-p-aria([name="Sign in"][role="button"])').click();
    await page.waitForSelector('nav[aria-label="Pages"]', { timeout: WITHIN_MS });
    await page.goto(`${world.gateway.httpUrl}/campaigns`);
    await eventually('the campaign', WITHIN_MS, async () =>
      (await hasText(page, 'Spring')) && (await hasText(page, 'no limit across rules')) ? true : undefined,
    );
    expect(await page.$$eval('main button', (buttons) => buttons.length)).toBe(0);
    await context.close();
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
