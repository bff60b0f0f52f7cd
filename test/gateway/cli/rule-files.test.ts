import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RulesIo, runRulesCommand } from '../../../gateway/cli/rules/command.ts';
import { readRules } from '../../../gateway/cli/rules/rule-files.ts';
import { ADMIN_TOKEN, startHttp, type TestServer } from '../http/http-server.ts';

const COFFEE = `# yaml-language-server: $schema=http://localhost:8080/api/v1/schemas/rule.json
id: coffee
name: Coffee
trigger: { place: { tag: cafe }, on: enter }
limits:
  cooldown: PT2M
offer:
  title: "Welcome to {{ place.name }}"
  body: The second cup is on us.
  expires: PT30M
`;
const event = (id: string, more = '') =>
  `id: ${id}\ntrigger: { event: purchase }\noffer: { title: t, body: b, expires: PT1H }\n${more}`;

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startHttp();
  const feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
    properties: { name: 'Café', radiusMetres: 100, tags: ['cafe'] },
  };
  await server.call('PUT', '/api/v1/places/roma', { body: feature });
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wayside-rules-'));
  for (const table of ['rules', 'rule_versions', 'rule_states'] as const)
    await server.db.deleteFrom(table).execute();
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(...args: readonly string[]): Promise<Run> {
  const [out, err]: [string[], string[]] = [[], []];
  const io: RulesIo = {
    cwd: folder,
    env: { WAYSIDE_HTTP_PORT: new URL(server.url).port },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    now: Date.now,
    paint: (_style, text) => text,
  };
  const code = await runRulesCommand(args, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const withGateway = (command: string, ...more: readonly string[]) =>
  run(command, '.', '--token', ADMIN_TOKEN, ...(command === 'check' ? ['--url', server.url] : []), ...more);
const versionOf = async (id: string) => (await server.call('GET', `/api/v1/rules/${id}`)).body.version;

describe('npm run rules -- check', () => {
  it('tells every problem of every file, with file, line and column', async () => {
    await file('coffee.yaml', COFFEE.replace('on: enter', 'on: entr').replace('cooldown', 'cooldwn'));
    await file(
      'sub/more.yml',
      `${event('a')}---\n${event('b', 'when: metrics.feul < 1.0\n')}---\nname: none\n`,
    );
    await file('sub/last.json', '{\n\t"id": "a",\n\t"trigger": {"event": "x"},\n\t"offer": 7\n}\n');
    await file('sub/broken.yaml', 'id: x\ntrigger: [\n');
    const { code, out } = await run('check', '.');
    expect(code).toBe(1);
    for (const line of [
      /^coffee\.yaml:4:34 {2}trigger\.on must be one of .* Did you mean "enter"\?$/m,
      /^coffee\.yaml:6:3 {2}limits\.cooldwn is not a known field.* Did you mean "cooldown"\?$/m,
      /^sub\/broken\.yaml:3:1 {2}the YAML cannot be read: /m,
      /^sub\/last\.json:4:2 {2}offer must be an object/m,
      /^sub\/more\.yml:1:1 {2}id "a" is the id of the rule at sub\/last\.json:2 too$/m,
      /^sub\/more\.yml:8:1 {2}when .*Did you mean "fuel"\?$/m,
      /^sub\/more\.yml:10:1 {2}id must be there/m,
    ])
      expect(out).toMatch(line);
    expect(out).toMatch(/problems in 4 of 4 files with 5 rules\nchecked without a gateway: /);
  });

  it('finds nothing wrong with good rules, and says that a gateway would see more', async () => {
    await file('coffee.yaml', COFFEE);
    await file('empty.yaml', '# nothing yet\n');
    await file('two.yaml', `${event('a')}---\n---\n${event('b')}`);
    const { code, out } = await run('check', '.');
    expect([code, out]).toEqual([0, expect.stringMatching(/^3 files with 3 rules: no problems, as far as/)]);
  });

  it('finds nothing wrong with the rules of the demo', async () => {
    const demo = new URL('../../../devices-sim/demo/rules', import.meta.url).pathname;
    expect(await run('check', demo)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+ files with \d+ rules: no/),
    });
  });

  it('has a gateway look up places and tags, and tells where in the file they stand', async () => {
    await file('coffee.yaml', COFFEE.replace('tag: cafe', 'tag: coffee'));
    await file('none.yaml', 'trigger: { event: x }\noffer: { title: t, body: b, expires: soon }\n');
    expect((await run('check', '.')).out).not.toContain('coffee.yaml');
    const { code, out } = await withGateway('check');
    expect(code).toBe(1);
    expect(out).toMatch(/^coffee\.yaml:4:21 {2}trigger\.place\.tag no place has the tag "coffee"/m);
    expect(out).toMatch(/^none\.yaml:1:1 {2}id must be there/m);
    expect(out).toMatch(/^none\.yaml:2:29 {2}offer\.expires /m);
    await file('coffee.yaml', COFFEE);
    await rm(join(folder, 'none.yaml'));
    expect(await withGateway('check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('no problems at'),
    });
  });

  it('tells the same as JSON', async () => {
    await file('coffee.yaml', COFFEE.replace('on: enter', 'on: entr'));
    const { code, out } = await run('check', '.', '--json');
    expect([code, JSON.parse(out)]).toEqual([
      1,
      {
        ok: false,
        files: 1,
        rules: 1,
        problems: [
          { file: 'coffee.yaml', line: 4, column: 34, path: 'trigger.on', message: expect.any(String) },
        ],
      },
    ]);
  });

  it('takes one file, passes over what is hidden, and follows no link to a folder', async () => {
    await file('coffee.yaml', COFFEE);
    await file('.git/x.yaml', 'id: [');
    await file('node_modules/x.yaml', 'id: [');
    await file('notes.txt', 'id: [');
    await symlink(folder, join(folder, 'round'));
    expect((await run('check', 'coffee.yaml')).out).toMatch(/^1 file with 1 rule/);
    expect((await run('check', '.')).out).toMatch(/^1 file with 1 rule/);
  });

  it.each([
    ['no such folder', ['check', 'nowhere']],
    ['a folder without rules', ['check', '.']],
    ['no folder at all', ['check']],
    ['an unknown command', ['chek', '.']],
    ['an unknown option', ['check', '.', '--urll', 'x']],
    ['an address that is none', ['check', '.', '--url', 'localhost:8080']],
  ])('leaves with 2 for %s', async (_what, args) => {
    const { code, err } = await run(...args);
    expect([code, err]).toEqual([2, expect.stringContaining('error: ')]);
  });

  it('explains itself', async () => {
    for (const args of [['--help'], ['check', '--help'], ['diff', '--help'], ['apply', '--help']])
      expect(await run(...args)).toMatchObject({ code: 0, out: expect.stringContaining('npm run rules --') });
  });
});

describe('npm run rules -- diff and apply', () => {
  it('tells what would change, changes it, and then finds nothing to change', async () => {
    await file('coffee.yaml', COFFEE);
    await file('events.yaml', `${event('a', 'state: live\n')}---\n${event('b')}`);
    const told = await withGateway('diff');
    expect(told.code).toBe(0);
    expect(told.out).toMatch(/^\+ coffee {2}new, draft {2}coffee\.yaml$/m);
    expect(told.out).toMatch(/^ {4}\+ name: Coffee$/m);
    expect(told.out).toMatch(/^3 new, 0 changed, 0 in another state, 0 ended, 0 unchanged$/m);
    expect((await server.call('GET', '/api/v1/rules/coffee')).status).toBe(404);
    expect(await withGateway('apply')).toMatchObject({ code: 0, out: expect.stringMatching(/applied$/) });
    expect((await withGateway('diff')).out).toBe(
      '0 new, 0 changed, 0 in another state, 0 ended, 3 unchanged',
    );
    await file('coffee.yaml', COFFEE.replace('PT2M', 'PT3M'));
    const changed = await withGateway('diff');
    expect(changed.out).toMatch(/^~ coffee {2}version 1 → 2, draft/m);
    expect(changed.out).toMatch(/^ {4}- {3}cooldown: PT2M\n {4}\+ {3}cooldown: PT3M$/m);
    await withGateway('apply');
    expect([await versionOf('coffee'), await versionOf('a')]).toEqual([2, 1]);
  });

  it('ends what is in no file, if asked', async () => {
    await file('a.yaml', `${event('a')}---\n${event('b')}`);
    await withGateway('apply');
    await file('a.yaml', event('a'));
    expect((await withGateway('diff')).out).not.toContain('- b');
    expect((await withGateway('diff', '--prune')).out).toMatch(
      /^- b {2}ends \(it is draft, and in no file\)$/m,
    );
    await withGateway('apply', '--prune');
    expect((await server.call('GET', '/api/v1/rules/b')).body.state).toBe('ended');
  });

  it('applies nothing where one rule of one file has a problem', async () => {
    await file('a.yaml', event('a'));
    await file('b.yaml', event('b', 'when: place.name == "x"'));
    await file('c.yaml', 'id: [');
    const { code, out } = await withGateway('apply');
    expect(code).toBe(1);
    expect(out).toMatch(/^b\.yaml:4:1 {2}when "place" is known only where/m);
    expect(out).toMatch(/^c\.yaml:/m);
    expect((await server.call('GET', '/api/v1/rules')).body.items).toEqual([]);
    await rm(join(folder, 'b.yaml'));
    expect((await withGateway('apply')).code).toBe(1);
    expect((await server.call('GET', '/api/v1/rules')).body.items).toEqual([]);
  });

  it('refuses a plan that somebody has overtaken', async () => {
    await file('a.yaml', event('a'));
    await withGateway('apply');
    await file('a.yaml', event('a', 'name: Another\n'));
    const plan = (await withGateway('diff', '--json')).out;
    expect(JSON.parse(plan)).toMatchObject({ ok: true, expected: { a: { version: 1, state: 'draft' } } });
    await file('plan.txt', plan);
    await server.call('PUT', '/api/v1/rules/a', {
      body: { trigger: { event: 'other' }, offer: { title: 't', body: 'b', expires: 'PT1H' } },
    });
    const refused = await withGateway('apply', '--plan', 'plan.txt');
    expect(refused).toMatchObject({
      code: 1,
      out: expect.stringContaining('rule "a" was expected to have version 1'),
    });
    expect(await versionOf('a')).toBe(2);
    await file('plan.txt', (await withGateway('diff', '--json')).out);
    expect((await withGateway('apply', '--plan', 'plan.txt')).code).toBe(0);
    expect(await versionOf('a')).toBe(3);
  });

  it('says which moves no rule can make', async () => {
    await file('a.yaml', event('a', 'state: ended\n'));
    await withGateway('apply');
    await file('a.yaml', event('a', 'state: live\n'));
    expect((await withGateway('diff')).out).toMatch(/^a\.yaml:4:1 {2}state .*cannot become live/m);
  });

  it.each([
    ['nobody answers', ['--url', 'http://127.0.0.1:9', '--token', ADMIN_TOKEN], /error: /],
    ['the token is wrong', ['--token', 'wrong'], /Sign in first.*commands take the token from/],
    ['the plan is none', ['--token', ADMIN_TOKEN, '--plan', 'a.yaml'], /error: /],
  ])('leaves with 2 where %s', async (_what, args, message) => {
    await file('a.yaml', event('a'));
    const { code, err } = await run('apply', '.', ...args);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
    const json = await run('apply', '.', '--json', ...args);
    expect([json.code, JSON.parse(json.out).ok]).toEqual([2, false]);
  });
});

describe('a file of rules', () => {
  it('is read without harm, whatever it holds', () => {
    for (const text of [
      '',
      '---',
      '- a\n- b',
      'just text',
      '42',
      '\u0000',
      '%YAML 9.9\n---\na: 1',
      `${'? '.repeat(500)}a`,
      `${'['.repeat(500)}`,
      'a: &a [*a]',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]`,
      'id: a\nid: b',
      '__proto__: { id: x }',
      'id: !!js/function "x"',
    ]) {
      const { rules, problems } = readRules('x.yaml', text);
      for (const rule of rules) expect(rule.locate('a.b.0.c').line).toBeGreaterThanOrEqual(1);
      expect(rules.length + problems.length).toBeLessThan(50);
    }
  });

  it('knows where things are, behind aliases and in keys with dots too', () => {
    const text = 'base: &base\n  title: t\nid: a\noffer: *base\nmap:\n  a.b:\n    - x\n    - y: 1\n';
    const [rule] = readRules('x.yaml', text).rules;
    const lineOf = (path: string) => rule?.locate(path).line;
    expect([
      lineOf('offer.title'),
      lineOf('map.a.b.1.y'),
      lineOf('offer.nothing'),
      lineOf('absent'),
      lineOf(''),
    ]).toEqual([2, 8, 4, 1, 1]);
  });
});
