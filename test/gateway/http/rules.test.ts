import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

const RULE = {
  name: 'Coffee nearby',
  trigger: { place: { tag: 'coffee' }, on: 'enter' },
  when: 'device.type == "car"',
  limits: { cooldown: 'PT6H' },
  offer: { title: 'Coffee at {{ place.name }}', body: 'Two for one', expires: 'PT30M' },
};

const YAML = `
# A comment that JSON could not hold
name: Fuel when low
trigger: { place: { tag: coffee }, on: dwell, for: PT5M }
when: device.type == "car" && metrics.fuel < 0.15
schedule: { days: [mon, tue], hours: "07:00-22:00", until: 2026-12-31 }
offer: { title: "5 ct off", body: "Now", expires: PT30M }
`;

let server: TestServer;
const put = (id: string, body: unknown, query = '', contentType = 'application/json') =>
  server.call('PUT', `/api/v1/rules/${id}${query}`, { body, contentType });

beforeAll(async () => {
  server = await startHttp();
  const feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
    properties: { name: 'Café', radiusMetres: 100, tags: ['coffee'] },
  };
  await server.call('PUT', '/api/v1/places/cafe', { body: feature });
});
afterAll(() => server.stop());

describe('rules', () => {
  it('begin as drafts, and count their versions', async () => {
    server.changes.length = 0;
    const made = await put('coffee', RULE);
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'coffee', name: 'Coffee nearby', version: 1, state: 'draft', rule: { id: 'coffee' } },
    });
    expect(server.changes).toEqual([{ kind: 'rules' }]);
    const saved = await put('coffee', { ...RULE, name: 'Coffee, renamed' });
    expect(saved).toMatchObject({ status: 200, body: { version: 2, name: 'Coffee, renamed' } });
    const versions = await server.db
      .selectFrom('rule_versions')
      .selectAll()
      .where('id', '=', 'coffee')
      .execute();
    expect(versions.map((row) => [row.version, JSON.parse(row.document_json).name])).toEqual([
      [1, 'Coffee nearby'],
      [2, 'Coffee, renamed'],
    ]);
  });

  it('may be YAML, and are given back as JSON', async () => {
    const made = await put('fuel', YAML, '?state=live', 'application/yaml');
    expect(made).toMatchObject({
      status: 201,
      body: { state: 'live', rule: { schedule: { until: '2026-12-31' } } },
    });
    expect((await server.call('GET', '/api/v1/rules/fuel')).body.rule.when).toContain('metrics.fuel');
  });

  it('say when they are saved what people must have agreed to', async () => {
    const made = await put('pulse', { ...RULE, when: 'metrics.heartRate > 120 || metrics.fuel < 0.1' });
    expect(made.body.purposes).toEqual(['location_offers', 'device_offers', 'health_offers']);
    expect(
      (await put('pulse', { ...RULE, trigger: { event: 'purchase' }, offer: { title: 'x', body: 'y' } })).body
        .purposes,
    ).toEqual(['device_offers']);
  });

  it('say in words why they need a consent, and where', async () => {
    const made = await put('pulse', {
      ...RULE,
      when: 'metrics.fuel < 0.1',
      offer: { title: 'x', body: 'Your pulse is {{ metrics.heartRate }}' },
    });
    expect(made.body.needs).toContainEqual({
      purpose: 'health_offers',
      path: 'offer',
      reads: 'metrics.heartRate',
      why: 'a text of the offer (offer) reads metrics.heartRate, which tells of somebody’s health (a metric of wearable)',
    });
    expect(made.body.needs.map(({ path, reads }: { path: string; reads: string }) => [path, reads])).toEqual([
      ['trigger', 'place'],
      ['when', 'metrics.fuel'],
      ['offer', 'metrics.heartRate'],
    ]);
    const checked = await server.call('POST', '/api/v1/rules/check', { body: made.body.rule });
    expect(checked.body.needs).toEqual(made.body.needs);
  });

  it('may name their state, which is no part of the rule', async () => {
    const made = await put('stateful', { ...RULE, state: 'live' });
    expect(made).toMatchObject({ status: 201, body: { state: 'live' } });
    expect(made.body.rule).not.toHaveProperty('state');
    expect(await put('stateful', { ...RULE, state: 'sleeping' })).toMatchObject({
      status: 422,
      body: { problems: [{ path: 'state' }] },
    });
  });

  it('go from draft to live to paused and back, and end for good', async () => {
    const state = (to: string) => server.call('POST', '/api/v1/rules/coffee/state', { body: { state: to } });
    server.changes.length = 0;
    expect((await state('live')).body).toMatchObject({ state: 'live', version: 2 });
    expect(server.changes).toEqual([{ kind: 'rules' }]);
    expect((await state('paused')).status).toBe(200);
    expect((await state('live')).status).toBe(200);
    expect(await state('draft')).toMatchObject({
      status: 409,
      body: { code: 'wrong_state', detail: expect.stringContaining('paused or ended') },
    });
    expect((await state('ended')).status).toBe(200);
    expect((await state('live')).status).toBe(409);
    expect((await state('asleep')).status).toBe(400);
    expect(
      (await server.call('POST', '/api/v1/rules/absent/state', { body: { state: 'live' } })).status,
    ).toBe(404);
  });

  it('are refused with all problems at once, and nothing is saved', async () => {
    const answer = await put('bad', {
      name: '',
      trigger: { place: { tag: 'cofee' }, on: 'entr' },
      when: 'metrics.fuel <',
      offer: { title: '{{ place.name', body: 'x', expires: 'soon' },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    expect(answer.body.problems.length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(answer.body.problems)).toContain('coffee');
    expect((await server.call('GET', '/api/v1/rules/bad')).status).toBe(404);
  });

  it('are refused as YAML that would take long to read', async () => {
    const long = Array.from({ length: 4_000 }, (_, n) => `key${n}: value`).join('\n');
    expect(await put('long', long, '', 'application/yaml')).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    });
  });

  it('are told of another id and an unknown state beside all else', async () => {
    const answer = await put('mine', {
      ...RULE,
      id: 'yours',
      state: 'asleep',
      schedule: { until: '2026-02-31' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual([
      'id',
      'schedule.until',
      'state',
    ]);
  });

  it.each([
    ['an id that is not the one in the address', { ...RULE, id: 'other' }, 'application/json'],
    ['a list', [RULE], 'application/json'],
    ['broken YAML', 'name: [', 'application/yaml'],
    ['the same key twice in YAML', 'name: a\nname: b', 'application/yaml'],
    [
      'YAML that grows without end',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]`,
      'application/yaml',
    ],
    ['plain text as YAML', 'hello', 'application/yaml'],
    ['YAML with keys that are objects, each in another', `${'? '.repeat(1_000)}a`, 'application/yaml'],
  ])('are refused as %s', async (_what, body, contentType) => {
    expect(await put('x', body, '', contentType)).toMatchObject({
      status: 422,
      body: { code: 'invalid_document' },
    });
  });

  it('say where the YAML is broken', async () => {
    const answer = await put('x', 'name: a\ntrigger: {', '', 'application/yaml');
    expect(answer.body.problems[0].path).toMatch(/^line \d+, column \d+$/);
    expect(answer.body.problems[0].message).not.toMatch(/line|\n/);
  });

  it('are listed by state', async () => {
    const live = await server.call('GET', '/api/v1/rules?state=live');
    expect(live.body.items.map((rule: { id: string }) => rule.id).sort()).toEqual(['fuel', 'stateful']);
    expect((await server.call('GET', '/api/v1/rules')).body.items).toHaveLength(4);
    expect((await server.call('GET', '/api/v1/rules/absent')).status).toBe(404);
  });

  it('overwrite nobody who saved meanwhile, where the request says what it is meant for', async () => {
    const save = (headers: Readonly<Record<string, string>>, name: string) =>
      server.call('PUT', '/api/v1/rules/shared', { body: { ...RULE, name }, headers });
    const made = await save({ 'if-none-match': '*' }, 'one');
    expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
    expect(await save({ 'if-none-match': '*' }, 'another')).toMatchObject({
      status: 412,
      body: { code: 'rule_mismatch', detail: expect.stringContaining('version 1') },
    });
    expect((await save({ 'if-match': '"1"' }, 'two')).headers.get('etag')).toBe('"2"');
    expect((await save({ 'if-match': '"1"' }, 'three')).status).toBe(412);
    expect((await save({ 'if-match': 'W/"x"' }, 'three')).status).toBe(412);
    const move = (tag: string) =>
      server.call('POST', '/api/v1/rules/shared/state', {
        body: { state: 'live' },
        headers: { 'if-match': tag },
      });
    expect((await move('"1"')).status).toBe(412);
    expect((await move('"2"')).status).toBe(200);
    const now = await server.call('GET', '/api/v1/rules/shared');
    expect([now.headers.get('etag'), now.body.name, now.body.state]).toEqual(['"2"', 'two', 'live']);
    expect((await save({ 'if-match': '"1", "2"' }, 'three')).body.version).toBe(3);
    expect((await save({ 'if-match': '*' }, 'four')).body.version).toBe(4);
    expect((await save({}, 'five')).body.version).toBe(5);
    const none = await server.call('PUT', '/api/v1/rules/none', { body: RULE, headers: { 'if-match': '*' } });
    expect(none).toMatchObject({ status: 412, body: { detail: 'the rule "none" is not there' } });
  });

  it('are shown with what an earlier version took and this one would not', async () => {
    const when = 'place.tags.exists(t, place.tags.exists(u, t == u))';
    const document_json = JSON.stringify({ id: 'old', ...RULE, when });
    const row = { id: 'old', version: 1, state: 'live' as const, document_json, updated_at: 0 };
    await server.db.insertInto('rules').values(row).execute();
    expect((await server.call('GET', '/api/v1/rules/old')).body).toMatchObject({
      state: 'live',
      problems: [{ path: 'when', message: expect.stringContaining('stands inside another exists()') }],
    });
    expect((await server.call('GET', '/api/v1/rules/shared')).body.problems).toEqual([]);
  });
});
