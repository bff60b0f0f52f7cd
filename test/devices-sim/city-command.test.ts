import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

const MAIN = fileURLToPath(new URL('../../devices-sim/main.ts', import.meta.url));

const RIDE = `<gpx version="1.1"><trk><trkseg>
<trkpt lat="45" lon="9"><time>2026-03-01T12:00:00Z</time></trkpt>
<trkpt lat="45.001" lon="9"><time>2026-03-01T12:00:10Z</time></trkpt>
</trkseg></trk></gpx>`;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the simulator as a user would; once `interruptAt` has been printed, sends SIGINT twice, as a terminal and npm do. */
async function sim(
  args: readonly string[],
  { interruptAt, ...more }: { readonly interruptAt?: RegExp; readonly INIT_CWD?: string } = {},
): Promise<Run> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WAYSIDE_'));
  const env = { ...Object.fromEntries(inherited), ...more };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let interrupted = false;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (interrupted || !interruptAt?.test(out)) return;
    interrupted = true;
    child.kill('SIGINT');
    child.kill('SIGINT');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

describe('npm run sim', () => {
  it('lists its commands', async () => {
    const { code, out } = await sim(['--help']);
    expect(code).toBe(0);
    for (const command of ['city', 'replay', 'push-service']) expect(out).toContain(command);
  });

  it.each([
    { args: ['ctiy'], says: /Did you mean city\?/ },
    { args: ['city', '--peple', '3'], says: /Did you mean --people\?/ },
    { args: ['city', '--people', 'many'], says: /whole number/ },
    { args: ['city', '--interval', '0'], says: /above 0/ },
    { args: ['city'], says: /give --api and --admin-token/ },
    { args: ['city', '--api', 'http://127.0.0.1:1'], says: /--api needs --admin-token/ },
    { args: ['city', '--api', 'nowhere', '--admin-token', 'x'], says: /nowhere/ },
    { args: ['city', '--credentials', '/nowhere/tokens.json'], says: /has no token/ },
    { args: ['load', '--qos', '3'], says: /0, 1 or 2/ },
    { args: ['load'], says: /give --admin-token/ },
    { args: ['replay'], says: /missing required argument/ },
    { args: ['replay', '/nowhere/ride.gpx'], says: /cannot be read/ },
    { args: ['push-service', '--port', 'http'], says: /A port from 0/ },
    { args: ['load', '--admin-token', 'x', '--api', 'http://127.0.0.1:9'], says: /Is the gateway running/ },
  ])('says what to do about $args', async ({ args, says }) => {
    const { code, err } = await sim(args);
    expect(err).toMatch(says);
    expect(err).not.toContain('    at ');
    expect(code).toBe(2);
  });

  it('finds a file from where the person is who names it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'wayside-sim-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(path.join(folder, 'ride.gpx'), RIDE);
    const { code, out, err } = await sim(['replay', '--print-start', 'ride.gpx'], { INIT_CWD: folder });
    expect([code, out, err]).toEqual([0, '2026-03-01T12:00:00.000Z\n', '']);
  });

  it('prints the map of the city', async () => {
    const { code, out } = await sim(['city', '--print-streets']);
    expect(code).toBe(0);
    expect(JSON.parse(out).features.length).toBeGreaterThan(50);
  });
});

describe('npm run sim -- city, with a gateway', () => {
  let gateway: GatewayProcess;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wayside-city-'));
    gateway = await startGateway();
  });
  afterAll(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('registers its people and devices, publishes, and ends on Ctrl-C', async () => {
    const credentials = path.join(folder, 'city.json');
    const args = [
      'city',
      '--devices',
      '8',
      '--interval',
      '0.2',
      '--url',
      gateway.mqttUrl,
      '--json',
      '--credentials',
      credentials,
    ];
    const api = ['--api', gateway.httpUrl, '--admin-token', gateway.adminToken];
    const first = await sim([...args, ...api], { interruptAt: /"acked":[1-9]/ });
    expect(first).toMatchObject({ code: 0, err: '' });
    const last = JSON.parse(first.out.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ acked: last.published, errors: 0, skipped: 0 });
    expect(Object.keys(JSON.parse(await readFile(credentials, 'utf8')))).toHaveLength(8);
    const { body } = await gateway.api('GET', '/api/v1/devices');
    expect(body.items).toHaveLength(8);
    expect(body.items.every((device: { consumerId: unknown }) => typeof device.consumerId === 'string')).toBe(
      true,
    );

    const again = await sim([...args, '--duration', '1']);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(again.out.trim().split('\n').at(-1) ?? '').acked).toBeGreaterThan(0);
  });

  it('takes new tokens for its own devices when the file is lost', async () => {
    const args = [
      'city',
      '--devices',
      '8',
      '--interval',
      '0.2',
      '--url',
      gateway.mqttUrl,
      '--duration',
      '1',
      '--json',
    ];
    const run = await sim([...args, '--api', gateway.httpUrl, '--admin-token', gateway.adminToken]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(run.out.trim().split('\n').at(-1) ?? '')).toMatchObject({ errors: 0 });
  });

  it('waits at its end for devices that a storm has just cut', async () => {
    const faults = ['--reconnect-storm', '1.5', '--duration', '2', '--prefix', 'storm-', '--json'];
    const api = ['--api', gateway.httpUrl, '--admin-token', gateway.adminToken];
    const run = await sim(['city', '--people', '2', '--url', gateway.mqttUrl, ...faults, ...api]);
    expect(run).toMatchObject({ code: 0, err: '' });
    const { published, acked, faults: happened } = JSON.parse(run.out.trim().split('\n').at(-1) ?? '');
    expect(happened.cut).toBeGreaterThan(0);
    expect(published).toBeGreaterThan(0);
    expect(acked).toBe(published);
  });

  it('says so when the token is wrong', async () => {
    const run = await sim(['city', '--api', gateway.httpUrl, '--admin-token', 'wrong-token-0123456789']);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/401: Sign in first: the bearer token is not .*\. Send Authorization/);
    expect(run.err).not.toContain('wrong-token');
  });
});
