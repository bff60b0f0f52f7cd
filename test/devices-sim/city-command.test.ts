import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPublisher } from '../../devices-sim/city/publish/publisher.ts';
import { readFigures } from '../../devices-sim/load/gateway-figures.ts';
import { connectAll } from '../../devices-sim/load/load-clients.ts';
import { readGatewayTime } from '../../devices-sim/replay/registration.ts';
import { Unusable } from '../../devices-sim/unusable.ts';
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

  it('leaves with 2 where nothing is there to begin with', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'wayside-sim-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const at = (name: string) => path.join(folder, name);
    await writeFile(at('ride.gpx'), RIDE);
    await writeFile(at('none.json'), 'no JSON');
    await writeFile(at('list.json'), '[]');
    await writeFile(at('number.json'), '{"car-1": 1}');
    await writeFile(at('tokens.json'), JSON.stringify({ 'car-1': 'x' }));
    const nowhere = ['--api', 'http://127.0.0.1:9', '--url', 'mqtt://127.0.0.1:9'];
    const ride = ['replay', at('ride.gpx'), '--device', 'mine', '--token', 'x', ...nowhere];
    const city = (file: string) => ['city', '--url', 'mqtt://127.0.0.1:9', '--credentials', file];
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[...ride, '--speed', '1'], /no gateway answers/],
      [[...ride, '--shift-to-now'], /no gateway answers/],
      [[...ride, '--backfill'], /could not connect to mqtt:.*ECONNREFUSED/],
      [city(at('none.json')), /must be a JSON object/],
      [city(at('list.json')), /must be a JSON object/],
      [city(at('number.json')), /the token of car-1 is not a text/],
      [city(folder), /cannot be read.*EISDIR/],
    ];
    for (const [args, says] of cases) {
      const { code, err } = await sim(args);
      expect([args, code, err]).toEqual([args, 2, expect.stringMatching(says)]);
    }
  });

  it('leaves with 2 where the broker or the figures of the gateway are not there', async () => {
    await expect(readFigures('http://127.0.0.1:9', 'x')).rejects.toThrow(Unusable);
    const credentials = new Map([['car-1', 'x']]);
    const publisher = createPublisher({ url: 'mqtt://127.0.0.1:9', credentials });
    await expect(publisher.start()).rejects.toThrow(Unusable);
    await expect(connectAll('mqtt://127.0.0.1:9', credentials, () => 0)).rejects.toThrow(Unusable);
    const other = http.createServer((_request, response) => response.end('<h1>Welcome</h1>'));
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(readGatewayTime(origin)).rejects.toThrow(Unusable);
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

  it('leaves with 1 where the broker refuses its devices', async () => {
    const file = path.join(folder, 'wrong.json');
    await writeFile(path.join(folder, 'ride.gpx'), RIDE);
    const to = ['--url', gateway.mqttUrl];
    const args = ['city', '--devices', '1', '--prefix', 'refused-', '--credentials', file, ...to];
    const api = ['--api', gateway.httpUrl, '--admin-token', gateway.adminToken];
    expect(await sim([...args, ...api, '--duration', '0.1'])).toMatchObject({ code: 0, err: '' });
    const [id = ''] = Object.keys(JSON.parse(await readFile(file, 'utf8')));
    await writeFile(file, JSON.stringify({ [id]: 'wrong' }));
    const city = await sim(args);
    expect(city).toMatchObject({ code: 1, err: expect.stringMatching(/No device could connect/) });
    const ride = [path.join(folder, 'ride.gpx'), '--backfill', '--device', id, '--token', 'wrong'];
    const replay = await sim(['replay', ...ride, ...to]);
    expect(replay).toMatchObject({ code: 1, err: expect.stringMatching(/could not connect/) });
  });

  it('says so when the token is wrong', async () => {
    const run = await sim(['city', '--api', gateway.httpUrl, '--admin-token', 'wrong-token-0123456789']);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/401: Sign in first: the bearer token is not .*\. Send Authorization/);
    expect(run.err).not.toContain('wrong-token');
  });
});
