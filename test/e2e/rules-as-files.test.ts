import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/gateway.ts';
import { CAFE, NORTH_OF_CAFE, type OfferWorld, startOfferWorld } from '../support/offer-world.ts';

const MAIN = new URL('../../gateway/cli/rules/main.ts', import.meta.url).pathname;

const RULES = `# yaml-language-server: $schema=http://localhost:8080/api/v1/schemas/rule.json
id: coffee
name: Coffee on arrival
state: live
trigger: { place: { id: cafe }, on: enter }
limits: { quietHours: ignore }
offer:
  title: "A coffee at {{ place.name }}"
  body: The second cup is on us.
  expires: PT30M
---
id: tea
name: Tea for those who stay
state: live
trigger: { place: { id: cafe }, on: dwell, for: PT20M }
offer: { title: Tea, body: The second cup is on us., expires: PT30M }
`;

let world: OfferWorld;
let folder: string;
beforeAll(async () => {
  world = await startOfferWorld();
  folder = await mkdtemp(join(tmpdir(), 'wayside-rules-'));
  await mkdir(join(folder, 'cafe'));
  await writeFile(join(folder, 'cafe', 'arrivals.yaml'), RULES);
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder, WAYSIDE_ADMIN_TOKEN: world.gateway.adminToken },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out };
}

it('rules out of files are applied, bring their offers, and are explained with what stopped the others', async () => {
  const { gateway } = world;
  const url = ['--url', gateway.httpUrl];
  expect(await run('check', '.')).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 file with 2 rules'),
  });
  expect(await run('diff', '.', ...url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('+ tea  new, live'),
  });
  expect(await run('apply', '.', ...url)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/applied\n$/),
  });
  expect(await run('diff', '.', '--prune', ...url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('- fuel  ends (it is live, and in no file)'),
  });

  const before = Date.now();
  await world.drive(NORTH_OF_CAFE);
  for (let n = 0; n < 3; n += 1) await world.drive(CAFE);
  const explained = await eventually('both rules on arrival have decided', 20_000, async () => {
    const { body } = await gateway.api('GET', `/api/v1/explain?consumer=ada&place=cafe&at=${before}`);
    const decided = body.rules.filter((rule: { verdict: string }) => rule.verdict !== 'not_triggered');
    return decided.length === 2 ? body : undefined;
  });
  const of = (id: string) => explained.rules.find((rule: { rule: string }) => rule.rule === id);
  expect(explained.visits).toHaveLength(1);
  expect(of('coffee')).toMatchObject({ version: 2, verdict: 'sent', state: 'live' });
  expect(of('fuel')).toMatchObject({
    verdict: 'suppressed',
    reason: 'missing_value',
    explanation: expect.stringContaining('metrics.fuel'),
    condition: { text: 'metrics.fuel < 0.15', stopped: true },
  });
  expect(of('tea')).toMatchObject({
    verdict: 'not_triggered',
    reason: 'dwell_not_reached',
    explanation: expect.stringContaining('the rule asks for 20 min'),
  });

  const shown = await eventually('the offer was taken by the push service', 20_000, async () => {
    const { body } = await gateway.api('GET', '/api/v1/rules/coffee/funnel');
    return body.delivered === 1 ? body : undefined;
  });
  expect(shown).toMatchObject({ triggers: 1, sent: 1, steps: [], byVersion: [{ version: 2, sent: 1 }] });
  expect((await gateway.api('GET', '/api/v1/rules/fuel/funnel')).body).toMatchObject({
    triggers: 1,
    sent: 0,
    steps: [{ reason: 'missing_value', count: 1, left: 0 }],
  });

  await writeFile(
    join(folder, 'cafe', 'arrivals.yaml'),
    RULES.replace('id: cafe }, on: enter', 'id: cafee }, on: enter'),
  );
  const refused = await run('apply', '.', '--prune', ...url);
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/^cafe\/arrivals\.yaml:5:21 {2}trigger\.place\.id .*Did you mean "cafe"\?$/m);
  expect((await gateway.api('GET', '/api/v1/rules/fuel')).body.state).toBe('live');
});
