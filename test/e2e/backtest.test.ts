import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const COMMAND = new URL('../../gateway/cli/backtest/main.ts', import.meta.url).pathname;
const RULE = `id: espresso
name: Espresso
trigger: { place: { id: cafe }, on: enter }
offer: { title: "Espresso at {{ place.name }}", body: Today only, expires: PT30M }
`;

let gateway: GatewayProcess;
let dataDir: string;
let folder: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as a user would, with no settings but these. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('WAYSIDE_') && name !== 'INIT_CWD'),
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [COMMAND, ...args],
      { cwd: folder, env: { ...inherited, ...env }, timeout: 60_000 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const online = () => ['--url', gateway.httpUrl, '--token', gateway.adminToken];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wayside-backtest-'));
  folder = await mkdtemp(join(tmpdir(), 'wayside-rules-'));
  await writeFile(join(folder, 'espresso.yaml'), RULE);
  await writeFile(join(folder, 'bad.yaml'), RULE.replace('cafe', 'caffe'));
  gateway = await startGateway({ dataDir });
  await gateway.api('PUT', '/api/v1/places/cafe', {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [9.19, 45.46] },
    properties: { name: 'Café Roma', radiusMetres: 100 },
  });
  await gateway.api('POST', '/api/v1/consumers', { id: 'ada' });
  await gateway.api('PUT', '/api/v1/consumers/ada/consents/location_offers', {
    granted: true,
    source: 'test',
  });
  const { body } = await gateway.api('POST', '/api/v1/devices', {
    id: 'phone-1',
    type: 'phone',
    consumerId: 'ada',
  });
  const phone = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'phone-1',
    username: 'phone-1',
    password: body.token,
  });
  for (const lat of [45.5, 45.46])
    await phone.publishAsync('devices/phone-1/telemetry', JSON.stringify({ position: { lat, lon: 9.19 } }), {
      qos: 1,
    });
  await phone.endAsync();
  await eventually('both are stored', 30_000, async () => {
    const { points } = (await gateway.api('GET', '/api/v1/telemetry/phone-1')).body;
    return points.length === 2 ? true : undefined;
  });
});
afterAll(async () => {
  await gateway?.stop();
  for (const dir of [dataDir, folder]) if (dir) await rm(dir, { recursive: true, force: true });
});

describe('npm run backtest', () => {
  it('goes through a running gateway, with a rule out of a file, and tells what came of it', async () => {
    const { code, out, err } = await run(['espresso.yaml', '--from', 'PT1H', ...online()]);
    expect({ code, err: err.includes('error') }).toEqual({ code: 0, err: false });
    expect(out).toContain('espresso (not saved)');
    expect(out).toContain('2 positions in 2 readings of 1 device, 1 consumer');
    expect(out).toMatch(/implausible_jump|no_channel|quiet_hours|never tried/);
  });

  it('names the problems of a rule, and what is not there', async () => {
    const bad = await run(['bad.yaml', ...online()]);
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('Did you mean "cafe"') });
    expect(await run(['nothing', ...online()])).toMatchObject({ code: 2 });
    expect(await run(['missing.yaml', ...online()])).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no file missing.yaml'),
    });
    expect(await run(['espresso.yaml', '--from', 'soon', ...online()])).toMatchObject({ code: 2 });
    expect(await run(['espresso.yaml', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 2 });
  });

  it('opens the data directory where no gateway runs, and comes to the same; and never beside one that does', async () => {
    const args = ['espresso.yaml', '--from', 'PT1H', '--json'];
    const through = JSON.parse((await run([...args, ...online()])).out);
    // Nothing listens there: a gateway that can't be reached is not opened over.
    const port = { WAYSIDE_HTTP_PORT: String(await freePort()) };
    const elsewhere = { WAYSIDE_DATA_DIR: dataDir, ...port };
    expect(await run(args, elsewhere)).toMatchObject({ code: 2, err: expect.stringContaining('--url') });
    await gateway.kill('SIGTERM');
    const offline = await run(args, elsewhere);
    expect(offline.code).toBe(0);
    const { decisions, positions, journeys } = JSON.parse(offline.out);
    expect({ decisions, positions, journeys }).toEqual({
      decisions: through.decisions,
      positions: through.positions,
      journeys: through.journeys,
    });
    const nowhere = await run(args, { WAYSIDE_DATA_DIR: join(folder, 'none'), ...port });
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining("no gateway's data") });
  });
});
