import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 6;
const THEMES = ['light', 'dark'] as const;

describe.skipIf(chromiumPath === null)(`sending in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;

  beforeAll(async () => {
    ({ world, console_, stop } = await startConsoleWorld());
  });

  afterAll(() => stop?.());

  const api = (method: string, path: string, body?: unknown) => world.gateway.api(method, path, body);

  it('shows what services made of offers, and how many wait', async () => {
    for (const position of way(NORTH_OF_CAFE, CAFE, STEPS)) await world.drive(position);
    await eventually('the push', WITHIN_MS, async () => (world.pushed.length === 1 ? true : undefined));
    await console_.open('/sending');
    await console_.see('Offers go out');
    await console_.see('No offer waits to be sent.');
    const { body } = await api('GET', '/api/v1/push-services');
    const [service] = body.items;
    await console_.see(new URL(service.origin).host);
    const cells = await console_.page.evaluate(
      `[...document.querySelectorAll('table[aria-label="Services"] tbody td')].map((cell) => cell.innerText)`,
    );
    expect(cells).toEqual(['1', '1', '0', '0', 'never', 'In use']);
  });

  it.each(THEMES)('has no accessibility violation, %s', async (scheme) => {
    await console_.theme(scheme);
    await screenshot(console_.page, `console-sending-${scheme}`);
    expect(await axeViolations(console_.page)).toEqual([]);
  });

  it('stops everything with one switch, after a question and with a note, and every page says so', async () => {
    await console_.theme('light');
    await console_.click('Stop all sending', 'button');
    await console_.see('Stop all sending?');
    await console_.fill('Note', 'A price was wrong.');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.click('Stop everything now', 'button');
    await console_.see('All sending is stopped.');
    expect((await api('GET', '/api/v1/sending')).body).toMatchObject({
      stopped: true,
      note: 'A price was wrong.',
      changedBy: 'admin',
    });
    await console_.open('/rules');
    await console_.see('A price was wrong.');
  });

  it.each(THEMES)('says that all is stopped without accessibility violation, %s', async (scheme) => {
    await console_.theme(scheme);
    await screenshot(console_.page, `console-stopped-${scheme}`);
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.open('/sending');
    await console_.see('Let offers go out again');
    expect(await axeViolations(console_.page)).toEqual([]);
  });

  it('hears at once when somebody else lets offers go out again', async () => {
    expect((await api('PUT', '/api/v1/sending', { stopped: false })).status).toBe(200);
    await console_.see('Offers go out');
    await console_.gone('All sending is stopped.');
  });

  it('adds a webhook and shows its secret once, replaces that, and removes it', async () => {
    await console_.click('Add a webhook');
    await console_.fill('Id', 'crm');
    await console_.fill('Address', 'https://crm.example.com/offers');
    await console_.click('Add it', 'button');
    await console_.see('Secret of crm');
    await console_.see('whsec_');
    expect((await api('GET', '/api/v1/webhooks')).body.items).toMatchObject([
      { id: 'crm', url: 'https://crm.example.com/offers' },
    ]);
    await console_.click('New secret of crm', 'button');
    await console_.see('From now on messages are signed with it alone.');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.click('Remove crm', 'button');
    await console_.click('Remove crm for good', 'button');
    await console_.see('There is no webhook.');
  });

  it('says why an address is refused', async () => {
    await console_.fill('Id', 'inside');
    await console_.fill('Address', 'https://10.0.0.1/offers');
    await console_.click('Add it', 'button');
    await eventually('the refusal', WITHIN_MS, async () =>
      (await console_.page.$('.refusal')) === null ? undefined : true,
    );
    expect((await api('GET', '/api/v1/webhooks')).body.items).toEqual([]);
  });

  it('replaces the push key after a question', async () => {
    const before = (await api('GET', '/api/v1/push-key')).body.publicKey;
    await console_.see(before);
    await console_.click('Replace the key', 'button');
    await console_.see('Replace the push key?');
    expect(await axeViolations(console_.page)).toEqual([]);
    await console_.click('Replace it', 'button');
    await console_.see('The key was replaced.');
    const after = (await api('GET', '/api/v1/push-key')).body.publicKey;
    expect(after).not.toBe(before);
    await console_.see(after);
  });

  it('says so where this browser cannot be sent to', async () => {
    await console_.open('/rules/coffee/edit');
    await console_.see('With sample values.');
    await console_.click('Send to this browser', 'button');
    // A headless browser answers the question about notifications by itself, with no.
    await console_.see('Notifications are blocked for this site');
    expect(await axeViolations(console_.page)).toEqual([]);
  });

  it('ran without errors of its scripts', () => {
    expect(console_.errors).toEqual([]);
  });
});
