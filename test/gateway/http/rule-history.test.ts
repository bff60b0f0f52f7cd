import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

const RULE = {
  name: 'Coffee nearby',
  trigger: { place: { tag: 'coffee' }, on: 'enter' },
  when: 'device.type == "wearable" && metrics.heartRate > 100.0',
  offer: { title: 'Coffee at {{ place.name }}', body: 'Two for one', expires: 'PT30M' },
};

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  for (const [id, name, tags] of [
    ['cafe-1', 'Corner Café', ['coffee', 'chain:acme']],
    ['cafe-2', 'Station Café', ['coffee']],
    ['pump_1', '100% Fuel', ['fuel']],
  ] as const) {
    const feature = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
      properties: { name, radiusMetres: 100, tags },
    };
    await server.call('PUT', `/api/v1/places/${id}`, { body: feature });
  }
});
afterAll(() => server.stop());

describe('a rule that is checked', () => {
  const check = (body: unknown) => server.call('POST', '/api/v1/rules/check', { body });

  it('tells what it needs consent for, and is not saved', async () => {
    const answer = await check({ id: 'hot', ...RULE });
    expect(answer).toMatchObject({
      status: 200,
      body: { problems: [], purposes: ['location_offers', 'health_offers'] },
    });
    expect((await server.call('GET', '/api/v1/rules/hot', {})).status).toBe(404);
  });

  it('tells every problem at its path', async () => {
    const answer = await check({ id: 'hot', ...RULE, trigger: { place: { tag: 'cofee' }, on: 'entre' } });
    expect(answer.status).toBe(200);
    expect(answer.body.purposes).toBeNull();
    expect(answer.body.problems.map((one: { path: string }) => one.path).sort()).toEqual([
      'trigger.on',
      'trigger.place.tag',
    ]);
  });

  it('shows its offers with sample values, also while other parts have problems', async () => {
    const offer = {
      title: 'Coffee at {{ place.name }}',
      body: '{{ metrics.fuel | times: 100 | round }} % left',
    };
    const variants = [
      { name: 'a', offer },
      { name: 'b', offer: { ...offer, title: '{{ plaice.name }}' } },
    ];
    const answer = await check({ trigger: { place: { id: 'cafe-2' } }, offer, experiment: { variants } });
    expect(answer.body.problems.length).toBeGreaterThan(0);
    expect(answer.body.previews).toEqual([
      { path: 'offer', title: 'Coffee at Station Café', body: '42 % left' },
      { path: 'experiment.variants.0.offer', title: 'Coffee at Station Café', body: '42 % left' },
    ]);
  });

  it.each([null, 7, 'rule', [], {}])('never fails on %j', async (body) => {
    const answer = await check(body);
    expect([200, 400]).toContain(answer.status);
    if (answer.status === 200) expect(answer.body.problems.length).toBeGreaterThan(0);
  });
});

describe('versions of a rule', () => {
  it('are kept, newest first, page by page', async () => {
    for (const name of ['One', 'Two', 'Three'])
      await server.call('PUT', '/api/v1/rules/coffee', { body: { ...RULE, name } });
    const first = await server.call('GET', '/api/v1/rules/coffee/versions?limit=2', {});
    expect(
      first.body.items.map((one: { version: number; rule: { name: string } }) => [
        one.version,
        one.rule.name,
      ]),
    ).toEqual([
      [3, 'Three'],
      [2, 'Two'],
    ]);
    const second = await server.call(
      'GET',
      `/api/v1/rules/coffee/versions?limit=2&cursor=${first.body.next}`,
      {},
    );
    expect(second.body).toMatchObject({ items: [{ version: 1 }], next: null });
    expect((await server.call('GET', '/api/v1/rules/nobody/versions', {})).status).toBe(404);
    expect((await server.call('GET', '/api/v1/rules/coffee/versions?cursor=x', {})).status).toBe(400);
  });
});

describe('counts of all rules', () => {
  it('are those of the period, by reason', async () => {
    const decision = {
      rule_version: 1,
      consumer: 'ada',
      device: 'car-1',
      place: null,
      visit: null,
      cause: 'c',
      detail: '',
      delivery_id: null,
    };
    await server.db
      .insertInto('decisions')
      .values([
        { ...decision, at: 100, rule: 'coffee', outcome: 'sent', reason: null },
        { ...decision, at: 150, rule: 'coffee', outcome: 'suppressed', reason: 'cooldown' },
        { ...decision, at: 199, rule: 'coffee', outcome: 'suppressed', reason: 'cooldown' },
        { ...decision, at: 200, rule: 'coffee', outcome: 'sent', reason: null },
      ])
      .execute();
    const answer = await server.call('GET', '/api/v1/rule-counts?from=100&to=200', {});
    expect(answer.body.items).toEqual([{ rule: 'coffee', sent: 1, suppressed: 2, reasons: { cooldown: 2 } }]);
    expect((await server.call('GET', '/api/v1/rule-counts?from=200&to=100', {})).status).toBe(400);
  });
});

describe('the search for places', () => {
  const search = async (text: string) =>
    (await server.call('GET', `/api/v1/place-search?text=${encodeURIComponent(text)}`, {})).body;

  it('finds by name, id and tag, and takes wildcards as they are written', async () => {
    expect(await search('station')).toEqual({ places: [{ id: 'cafe-2', name: 'Station Café' }], tags: [] });
    expect((await search('co')).tags).toEqual([{ tag: 'coffee', places: 2 }]);
    expect((await search('p_1')).places).toEqual([{ id: 'pump_1', name: '100% Fuel' }]);
    expect((await search('0%')).places).toHaveLength(1);
    expect((await search('%')).places).toHaveLength(1);
    expect((await search('')).tags.map((one: { tag: string }) => one.tag)).toEqual([
      'coffee',
      'chain:acme',
      'fuel',
    ]);
  });
});
