import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, screenshot } from '../support/chromium.ts';
import type { ConsolePage } from '../support/console-page.ts';
import { type ConsoleWorld, startConsoleWorld } from '../support/console-world.ts';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, way } from '../support/offer-world.ts';

const WITHIN_MS = 30_000;
const STEPS = 12;
const SCHEMES = ['light', 'dark'] as const;

describe.skipIf(chromiumPath === null)(`rules in the console${chromiumSkipped}`, () => {
  let world: OfferWorld;
  let console_: ConsolePage;
  let stop: ConsoleWorld['stop'] | undefined;
  let page: Page;

  beforeAll(async () => {
    ({ world, console_, stop } = await startConsoleWorld(async ({ gateway }) => {
      const cafe = {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat] },
        properties: { name: 'Corner Coffee', radiusMetres: 150, tags: ['coffee'] },
      };
      expect((await gateway.api('PUT', '/api/v1/places/cafe', cafe)).status).toBe(200);
    }));
    page = console_.page;
  });

  afterAll(() => stop?.());

  const see = (text: string) => console_.see(text);
  const gone = (text: string) => console_.gone(text);
  const go = (path: string) => console_.open(path);
  const press = (name: string, role = 'button') => console_.click(name, role);
  const write = async (field: string, text: string) => {
    await page.locator(`#field-${field}`).fill(text);
  };
  const YAML = 'textarea[aria-label="YAML of the rule"]';
  const yamlNow = () => page.$eval(YAML, (area) => (area as unknown as { value: string }).value);
  /** As a paste over all of it: React watches the property itself, so it is set below React. */
  const rewriteYaml = (text: string) =>
    page.evaluate(`{
      const area = document.querySelector(${JSON.stringify(YAML)});
      Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, ${JSON.stringify(text)});
      area.dispatchEvent(new Event('input', { bubbles: true }));
    }`);
  const open = (part: string) => page.locator(`[data-part="${part}"] > summary`).click();
  const expectNoViolations = async (name: string) => {
    for (const scheme of SCHEMES) {
      await console_.theme(scheme);
      await screenshot(page, `${name}-${scheme}`);
      expect(await axeViolations(page), `${name}, ${scheme}`).toEqual([]);
    }
    await console_.theme('light');
  };
  const textOf = async (selector: string) =>
    (await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`)) as string;

  it('lists rules with what sets them off, and how much they decided', async () => {
    for (const position of way(NORTH_OF_CAFE, CAFE, STEPS)) await world.drive(position);
    await eventually('both decisions', WITHIN_MS, async () => {
      const { body } = await world.gateway.api('GET', '/api/v1/decisions');
      return body.items.length === 2 ? true : undefined;
    });
    await go('/rules');
    await see('When someone arrives at Corner Coffee');
    await see('1 sent');
    await see('1 suppressed');
    await expectNoViolations('console-rules');
  });

  it('takes a new rule in its form, says what is wrong where it is wrong, and mends it', async () => {
    await press('New rule');
    await see('Still to write');
    await console_.fill('Name', 'Second cup');
    await write('trigger-place-tag', 'cofee');
    await write('offer-title', 'A second cup at {{ place.nmae }}');
    await write('offer-body', 'On us.');
    await press('Take “A second cup at {{ place.name }}”');
    await see('No place has the tag "cofee"');
    await press('Take “coffee”');
    await gone('No place has the tag "cofee"');
    await see('A second cup at Corner Coffee');
    expect(await page.$eval('#field-id', (field) => (field as unknown as { value: string }).value)).toBe(
      'second-cup',
    );

    await open('when');
    await write('when', 'metrics.fule > 0.01');
    await page.locator('#field-offer-body').click();
    await see('"metrics.fule" is not known');
    await expectNoViolations('console-rule-problem');
    await press('Take “metrics.fuel > 0.01”');
    await see('Needs location_offers and device_offers');

    await open('limits');
    await page.locator('#field-limits-total').click();
    await page.keyboard.type('1,000');
    await page.keyboard.press('Tab');
    await see('found "1,000"');
    await console_.fill('At most in all', '');
    await gone('found "1,000"');
  });

  it('shows the same rule as YAML, and keeps what is written there', async () => {
    await press('YAML', 'tab');
    await see('The same rule as in the form');
    const yaml = await yamlNow();
    expect(yaml).toContain('name: Second cup');
    expect(yaml).toContain('trigger: { place: { tag: coffee }, on: enter }');
    await rewriteYaml(`# for regulars\n${yaml.replace('P1D', 'PT6H')}weight: 3\n`);
    await see('Comments stay while you write here');
    await expectNoViolations('console-rule-yaml');
    await press('Form', 'tab');
    await see('6 hours between offers, weight 3');
    await open('schedule');
    await page.locator('.day:first-of-type input').click();
    await press('YAML', 'tab');
    const after = await yamlNow();
    expect(after).toContain('# for regulars');
    expect(after).toContain('weight: 3');
    expect(after).toMatch(/schedule: \{ days: \[ ?mon ?\] \}/);
    await rewriteYaml('name: [');
    await press('Form', 'tab');
    await see('The form cannot show this YAML');
    await press('YAML', 'tab');
    await rewriteYaml(after.replace(/schedule: .*\n/, ''));
    await press('Form', 'tab');
    await see('At any time');
  });

  it('asks before unsaved changes are left, and keeps them for when one comes back', async () => {
    await press('Places', 'link');
    await see('Leave without saving?');
    await expectNoViolations('console-rule-leave');
    await press('Cancel');
    await gone('Leave without saving?');
    await press('Places', 'link');
    await press('Leave');
    await see('Corner Coffee');
    await go('/rules/~new');
    await see('Your unsaved changes are back');
    expect(await textOf('h1')).toBe('Second cup');
  });

  it('is a draft until somebody says that it shall send, and then it sends', async () => {
    await press('Save draft');
    await see('Version 1');
    expect((await world.gateway.api('GET', '/api/v1/rules/second-cup')).body).toMatchObject({
      state: 'draft',
      version: 1,
      rule: { weight: 3, when: 'metrics.fuel > 0.01', limits: { cooldown: 'PT6H' } },
    });
    await press('Go live');
    await see('From this moment on it sends offers to real people');
    await expectNoViolations('console-rule-go-live');
    await page.locator('dialog.confirm .confirm-buttons button:last-child').click();
    await see('What came of it');
    expect((await world.gateway.api('GET', '/api/v1/rules/second-cup')).body.state).toBe('live');
  });

  it('shows the funnel of a rule, its versions, and what each changed', async () => {
    await go('/rules/coffee');
    await see('The trigger fired');
    await see('What became of the offers');
    await see('first saved');
    await expectNoViolations('console-rule');
    await go('/rules/fuel');
    await see('Value missing');
    expect(await textOf('.funnel')).toMatch(/The trigger fired\s+1\b[\s\S]*Sent\s+0/);
  });

  it('explains a decision, and the moment for every other rule', async () => {
    await go('/decisions?rule=fuel');
    await press('Explain: Fuel when low for ada', 'link');
    await see('What was known then');
    const explained = await textOf('.explained');
    expect(explained).toMatch(/Fuel when low[\s\S]*A value that the condition asks for was not known/);
    expect(explained).toContain('metrics.fuel');
    expect(explained).toMatch(/Coffee on arrival[\s\S]*Sent/);
    await expectNoViolations('console-explain');
    await go('/explain?consumer=ada');
    await see('Latest visits of ada');
    await page.locator('.visit-picks a').click();
    await see('Fuel when low');
  });

  it('pauses at once, and asks before a rule is ended for good', async () => {
    await go('/rules');
    await press('Pause: Second cup');
    await eventually('the pause', WITHIN_MS, async () =>
      (await world.gateway.api('GET', '/api/v1/rules/second-cup')).body.state === 'paused' ? true : undefined,
    );
    await press('End: Second cup');
    await see('End “Second cup” for good?');
    await page.keyboard.press('Escape');
    await gone('for good?');
    expect((await world.gateway.api('GET', '/api/v1/rules/second-cup')).body.state).toBe('paused');
    await press('End: Second cup');
    await press('End it for good');
    await see('Ended');
    expect((await world.gateway.api('GET', '/api/v1/rules/second-cup')).body.state).toBe('ended');
  });

  it('tells who saves second that somebody saved before', async () => {
    await go('/rules/fuel/edit');
    await see('Version 1');
    await console_.fill('Name', 'Fuel, mine');
    const { body } = await world.gateway.api('GET', '/api/v1/rules/fuel');
    await world.gateway.api('PUT', '/api/v1/rules/fuel', { ...body.rule, name: 'Fuel, theirs' });
    await press('Save');
    await press('Save, and send by it');
    await see('Somebody saved this rule meanwhile');
    expect((await world.gateway.api('GET', '/api/v1/rules/fuel')).body.name).toBe('Fuel, theirs');
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
