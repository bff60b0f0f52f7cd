import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const TOOLS = ['bash', 'curl', 'jq', 'mosquitto_pub'];
const missing = TOOLS.filter(
  (tool) => !['/usr/bin', '/bin'].some((folder) => existsSync(join(folder, tool))),
);
const why =
  missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')}; npm run services installs them)`;

const WITHIN_MS = 20_000;
const ADMIN_TOKEN = 'at-least-16-characters';

const shellBlocks = (text: string) => [...text.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? '');

/** The shell commands of "Run it for real", but for the first, which starts the gateway, and of what devices may speak. */
async function commandsOfReadme(): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const section = /## Run it for real\n(.*?)\n### /s.exec(readme)?.[1] ?? '';
  const [start, ...blocks] = shellBlocks(section);
  const guide = await readFile(new URL('../../broker/README.md', import.meta.url), 'utf8');
  const dialects = /## Other dialects\n(.*?)\n## /s.exec(guide)?.[1] ?? '';
  expect(start).toBe(`WAYSIDE_ADMIN_TOKEN=${ADMIN_TOKEN} npm start\n`);
  expect(blocks.length).toBeGreaterThan(2);
  expect(shellBlocks(dialects)).toHaveLength(2);
  return `set -e\n${[...blocks, ...shellBlocks(dialects)].join('\n')}`;
}

describe.skipIf(missing.length > 0)(`the commands of the README${why}`, () => {
  let gateway: GatewayProcess;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wayside-readme-'));
    gateway = await startGateway({ env: { WAYSIDE_ADMIN_TOKEN: ADMIN_TOKEN } });
  });

  afterAll(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('bring a decision that waits for nothing but the consent', async () => {
    const commands = (await commandsOfReadme())
      .replaceAll('localhost:8080', `127.0.0.1:${gateway.httpPort}`)
      .replaceAll('mosquitto_pub ', `mosquitto_pub -p ${gateway.mqttPort} `);
    const { stdout } = await promisify(execFile)('bash', ['-c', commands], { cwd: folder });
    expect(stdout).toContain('/me#invite=');
    const [decision] = await eventually('a decision', WITHIN_MS, async () => {
      const { body } = await gateway.api('GET', '/api/v1/decisions');
      return body.items.length > 0 ? body.items : undefined;
    });
    expect(decision).toMatchObject({
      rule: 'fuel',
      consumer: 'ada',
      device: 'van-7',
      place: 'station-1',
      reason: 'no_consent',
    });
    const stored = (device: string, count: number) =>
      eventually(`${count} readings of ${device}`, WITHIN_MS, async () => {
        const { body } = await gateway.api('GET', `/api/v1/telemetry/${device}`);
        return body.points.length === count ? body.points : undefined;
      });
    expect(await stored('phone-7', 1)).toMatchObject([
      { position: { lat: 45.0703, speed: 10 }, metrics: { battery: 0.8 } },
    ]);
    expect((await stored('van-7', 4)).map(({ metrics }: { metrics: object }) => metrics)).toEqual([
      { fuel: 0.12 },
      { fuel: 0.4 },
      { coolantTemperature: 90 },
      { rpm: 2100 },
    ]);
  });
});
