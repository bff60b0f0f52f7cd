import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

const OFFER = { title: 'Hello', body: 'Two for one', expires: 'PT30M' };
const rule = (id: string, more: object = {}) => ({
  id,
  name: `Rule ${id}`,
  trigger: { place: { tag: 'coffee' }, on: 'enter' },
  offer: OFFER,
  ...more,
});
const wanted = (id: string, more: object = {}) => ({ id, document: rule(id, more) });

let server: TestServer;
const apply = (rules: readonly object[], more: object = {}) =>
  server.call('POST', '/api/v1/rules/apply', { body: { rules, ...more } });
const one = async (id: string) => (await server.call('GET', `/api/v1/rules/${id}`)).body;

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
beforeEach(async () => {
  for (const table of ['rules', 'rule_versions', 'rule_states', 'audit'] as const)
    await server.db.deleteFrom(table).execute();
  server.changes.length = 0;
});

describe('rules that are applied together', () => {
  it('are told first, and change nothing then', async () => {
    const dry = await apply([wanted('a'), wanted('b', { state: 'live' })], { dryRun: true });
    expect(dry).toMatchObject({
      status: 200,
      body: {
        applied: false,
        expected: {},
        changes: [
          { id: 'a', change: 'added', version: { from: null, to: 1 }, state: { from: null, to: 'draft' } },
          { id: 'b', change: 'added', state: { from: null, to: 'live' } },
        ],
      },
    });
    expect(dry.body.changes[0].diff).toContain('+ name: Rule a');
    expect(server.changes).toEqual([]);
    expect((await server.call('GET', '/api/v1/rules/a')).status).toBe(404);
  });

  it('get a new version only where their document changed, whatever the order of its keys', async () => {
    await apply([wanted('a'), wanted('b')]);
    server.changes.length = 0;
    const turned = Object.fromEntries(Object.entries(rule('a')).reverse());
    const again = await apply([{ id: 'a', document: turned }, wanted('b', { when: 'device.type == "car"' })]);
    expect(again.body.changes.map((change: { change: string }) => change.change)).toEqual([
      'unchanged',
      'changed',
    ]);
    expect(again.body.changes[1].diff).toContain('+ when: device.type == "car"');
    expect(again.body.changes[1].diff.filter((line: string) => !line.startsWith(' '))).toHaveLength(1);
    expect([(await one('a')).version, (await one('b')).version]).toEqual([1, 2]);
    expect(server.changes).toEqual([{ kind: 'rules' }]);
    server.changes.length = 0;
    expect((await apply([wanted('a')])).body.changes).toMatchObject([{ change: 'unchanged', diff: [] }]);
    expect(server.changes).toEqual([]);
  });

  it('take the state of the document or of beside it, and keep the version then', async () => {
    await apply([wanted('a')]);
    const lived = await apply([wanted('a', { state: 'live' })]);
    expect(lived.body.changes).toMatchObject([
      { change: 'state', version: { from: 1, to: 1 }, state: { from: 'draft', to: 'live' } },
    ]);
    await apply([{ ...wanted('a', { state: 'live' }), state: 'paused' }]);
    expect(await one('a')).toMatchObject({ state: 'paused', version: 1 });
    expect((await apply([wanted('a')])).body.changes).toMatchObject([{ change: 'unchanged' }]);
  });

  it('are refused whole, with every problem of each', async () => {
    const answer = await apply([
      wanted('good'),
      wanted('bad', { when: 'metrics.feul < 1', trigger: { place: { tag: 'cofee' }, on: 'entr' } }),
      { id: 'no id', document: rule('no id') },
      { id: 'good', document: 7 },
    ]);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    const paths = answer.body.problems.map(({ path }: { path: string }) => path);
    for (const path of [
      'rules.1.when',
      'rules.1.trigger.place.tag',
      'rules.1.trigger.on',
      'rules.2.id',
      'rules.3.id',
      'rules.3',
    ])
      expect(paths).toContain(path);
    expect((await server.call('GET', '/api/v1/rules/good')).status).toBe(404);
  });

  it('are refused whole where one of them cannot go where it is wanted', async () => {
    await apply([wanted('a'), wanted('b', { state: 'ended' })]);
    const answer = await apply([wanted('a', { name: 'Other' }), wanted('b', { state: 'live' })]);
    expect(answer).toMatchObject({
      status: 422,
      body: { problems: [{ path: 'rules.1.state', message: expect.stringContaining('cannot become live') }] },
    });
    expect((await one('a')).version).toBe(1);
  });

  it('end what is not among them, if that is asked for', async () => {
    await apply([wanted('a', { state: 'live' }), wanted('b'), wanted('c', { state: 'ended' })]);
    const pruned = await apply([wanted('a')], { prune: true });
    expect(pruned.body.changes).toMatchObject([
      { id: 'a', change: 'unchanged' },
      { id: 'b', change: 'ended', state: { from: 'draft', to: 'ended' } },
    ]);
    expect([(await one('a')).state, (await one('b')).state]).toEqual(['live', 'ended']);
  });

  it('are refused where somebody changed one of them meanwhile', async () => {
    await apply([wanted('a'), wanted('b'), wanted('c')]);
    const next = [wanted('a', { name: 'A2' }), wanted('b'), wanted('d')];
    const { expected } = (await apply(next, { dryRun: true, prune: true })).body;
    expect(expected).toEqual({ a: { version: 1, state: 'draft' }, c: { version: 1, state: 'draft' } });
    await server.call('PUT', '/api/v1/rules/a', { body: rule('a', { name: 'By another' }) });
    const refused = await apply(next, { prune: true, expected });
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'rule_changed',
        problems: [{ path: 'a', message: expect.stringContaining('version 2') }],
      },
    });
    expect((await server.call('GET', '/api/v1/rules/d')).status).toBe(404);
    const newer = { ...expected, a: { version: 2 } };
    await server.call('POST', '/api/v1/rules/c/state', { body: { state: 'live' } });
    expect((await apply(next, { prune: true, expected: newer })).body.problems).toMatchObject([
      { path: 'c', message: 'was expected to be draft, and is live' },
    ]);
    await server.call('PUT', '/api/v1/rules/d', { body: rule('d', { name: 'Came first' }) });
    const all = await apply(next, { prune: true, expected: { ...newer, c: { version: 1, state: 'live' } } });
    expect(all.body.problems).toMatchObject([
      { path: 'd', message: expect.stringContaining('not expected to be there') },
    ]);
    expect(await one('a')).toMatchObject({ version: 2, name: 'By another' });
  });

  it('note who did it, and what was in force from when', async () => {
    await apply([wanted('a')]);
    await apply([wanted('a', { state: 'live' })]);
    const audit = (await server.call('GET', '/api/v1/audit?subject=a')).body.items;
    expect(audit.map((entry: { action: string; actor: string }) => [entry.action, entry.actor])).toEqual([
      ['rule.state', 'admin-token'],
      ['rule.saved', 'admin-token'],
    ]);
    const states = await server.db.selectFrom('rule_states').select(['version', 'state']).execute();
    expect(states).toEqual([
      { version: 1, state: 'draft' },
      { version: 1, state: 'live' },
    ]);
  });

  it.each([
    ['no rules', { rules: [] }],
    ['an unknown field', { rules: [{ id: 'a', document: rule('a'), stat: 'live' }] }],
    [
      'a version that is none',
      { rules: [{ id: 'a', document: rule('a') }], expected: { a: { version: 'x' } } },
    ],
    ['rules that are no list', { rules: { a: rule('a') } }],
  ])('are refused with %s', async (_what, body) => {
    expect(await server.call('POST', '/api/v1/rules/apply', { body })).toMatchObject({ status: 400 });
  });

  it.each([
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[[]]'],
    ['fields that objects have by nature', '{"toString":{"trigger":1},"hasOwnProperty":{}}'],
    [
      'parts of the wrong kind',
      '{"trigger":{"place":null},"offer":[],"limits":7,"experiment":"x","schedule":null,"when":{}}',
    ],
    ['numbers beyond a double', '{"weight":1e999}'],
    ['nesting without end', `{"offer":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
    ['a long text', JSON.stringify({ when: 'x'.repeat(100_000) })],
    ['a control character', '{"name":"a\\u0000b","trigger":{"event":"\\ud800"}}'],
  ])('are refused with a document that is %s', async (_what, document) => {
    const body = `{"rules":[{"id":"a","document":${document}}],"expected":{"constructor":{"version":1}}}`;
    const answer = await server.call('POST', '/api/v1/rules/apply', { body });
    expect([400, 422]).toContain(answer.status);
    expect(answer.body.problems.length).toBeGreaterThan(0);
  });

  it('may have ids that objects have by nature', async () => {
    const made = await apply([wanted('constructor'), wanted('toString')], { expected: {} });
    expect(made.body.changes).toMatchObject([{ change: 'added' }, { change: 'added' }]);
    expect((await apply([wanted('constructor', { name: 'x' })], { expected: {} })).status).toBe(409);
  });

  it('may be as many as fit', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => wanted(`many-${n}`));
    expect((await apply(many)).status).toBe(200);
    const states = (await server.call('GET', '/api/v1/rules?limit=1000')).body.items;
    expect(states).toHaveLength(1_000);
    expect((await apply([...many, wanted('one-more')])).status).toBe(400);
  });
});
