import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  hasText,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { type ConsolePage, openConsole } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually, startGateway } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 6;

describe.skipIf(chromiumPath === null)(`tills and the audit log in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;

  beforeAll(async () => {
    ({ world, console_, stop } = await startConsoleWorld());
  });

  afterAll(() => stop?.());

  const api = (method: string, path: string, body?: unknown) =>
    world.gateway.must(method, `/api/v1${path}`, body);
  let tillToken = '';
  const redeem = () =>
    fetch(`${world.gateway.httpUrl}/api/v1/redemptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tillToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'bill-17', code: 'CUP-4711' }),
    });
  const inBothThemes = async (name: string) => {
    for (const scheme of ['light', 'dark'] as const) {
      await console_.theme(scheme);
      expect(await axeViolations(console_.page)).toEqual([]);
      await screenshot(console_.page, `${name}-${scheme}`);
    }
    await console_.theme('light');
  };

  it('adds a till and shows its token once, which redeems the code of an offer', async () => {
    await console_.open('/');
    await console_.click('Tills', 'link');
    await console_.see('There is no till.');
    await console_.click('Add a till');
    await console_.fill('Name', 'Corner Coffee, till 1');
    expect(await console_.value('Id')).toBe('corner-coffee-till-1');
    await console_.click('Add it', 'button');
    await console_.see('Token of corner-coffee-till-1');
    await inBothThemes('tills-token');
    tillToken = String(await console_.page.$eval('.secret code', (node) => node.textContent));

    await api('PUT', '/code-pools/cups', { name: 'Cups' });
    await api('POST', '/code-pools/cups/codes', ['CUP-4711']);
    await api('PUT', '/rules/coffee', {
      id: 'coffee',
      name: 'Coffee on arrival',
      trigger: { place: { id: 'cafe' }, on: 'enter' },
      limits: { quietHours: 'ignore' },
      offer: { title: 'A coffee at {{ place.name }}', body: 'On us.', expires: 'PT30M', code: 'cups' },
    });
    for (const position of way(NORTH_OF_CAFE, CAFE, STEPS)) await world.drive(position);
    await eventually('the offer with its code', WITHIN_MS, async () =>
      (await api('GET', '/deliveries?state=sent')).items.some(
        ({ code }: { code?: string }) => code === 'CUP-4711',
      )
        ? true
        : undefined,
    );
    const [one, again] = [await redeem(), await redeem()];
    expect([one.status, again.status]).toEqual([200, 200]);
    expect(await again.json()).toEqual(await one.json());

    await console_.open('/tills');
    await console_.see('A coffee at Corner Coffee');
    await console_.see('Coffee on arrival');
    expect(await hasText(console_.page, tillToken)).toBe(false);
    await inBothThemes('tills');
    await console_.open('/rules/coffee');
    await eventually('the funnel down to the redeemed one', WITHIN_MS, async () =>
      /Redeemed\s*1/.test(String(await console_.page.evaluate('document.body.innerText'))) ? true : undefined,
    );
  });

  it('removes a till, whose token opens nothing any more', async () => {
    await console_.open('/tills');
    await console_.click('Remove Corner Coffee, till 1', 'button');
    await console_.click('Remove Corner Coffee, till 1 for good', 'button');
    await console_.see('There is no till.');
    await console_.see('A coffee at Corner Coffee');
    expect((await redeem()).status).toBe(401);
  });

  it('tells who did what about whom, and that the log is whole', async () => {
    await api('GET', '/telemetry/car-1');
    await console_.open('/');
    await console_.click('Audit', 'link');
    await console_.see('Chain whole');
    await console_.see('looked at telemetry');
    await console_.see('till deleted');
    await inBothThemes('audit');
  });

  it('filters by who, what, about whom and when; the filters stand in the address', async () => {
    await console_.open('/audit?action=till');
    await console_.see('till created');
    await console_.gone('looked at telemetry');
    await console_.open('/audit');
    await console_.fill('About', 'ada');
    const addressHas = (text: string) =>
      eventually(`"${text}" in the address`, WITHIN_MS, async () =>
        console_.page.url().includes(text) ? true : undefined,
      );
    await addressHas('subject=ada');
    await console_.gone('till created');
    await console_.see('consent granted');
    // A press on whoever did it narrows the list, and the field shows it.
    await console_.click('admin-token', 'button');
    await eventually('the field to show it', WITHIN_MS, async () =>
      (await console_.value('Who')) === 'admin-token' ? true : undefined,
    );
    await addressHas('actor=admin-token');
    await console_.open('/audit?to=2020-01-01T00:00');
    await console_.see('Nothing matches.');
    expect(await axeViolations(console_.page)).toEqual([]);
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});

it.skipIf(chromiumPath === null)(`the page says which entry was changed${chromiumSkipped}`, async () => {
  const gateway = await startGateway();
  const browser = await startChromium();
  try {
    for (const id of ['anna', 'ben', 'carl']) await gateway.api('POST', '/api/v1/consumers', { id });
    const file = new DatabaseSync(join(gateway.dataDir, 'wayside.db'), { timeout: 10_000 });
    file.exec("update audit set action = 'consumer.changed' where id = 2");
    file.close();
    const { page, open, see, errors } = await openConsole(browser, gateway);
    await open('/audit');
    await see('Chain broken');
    await see('the content of entry 2 is not what was hashed');
    expect(await axeViolations(page)).toEqual([]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await gateway.stop();
  }
});
