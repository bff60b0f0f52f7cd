import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Aedes } from 'aedes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const COMMAND = new URL('../../devices-sim/replay/command.ts', import.meta.url).href;
/** The command alone, as devices-sim/main.ts adds it. */
const PROGRAM = `import { Command } from 'commander'; import { addReplayCommand } from '${COMMAND}';
const program = new Command(); addReplayCommand(program);
program.parseAsync().catch((error) => { console.error('error: ' + error.message); process.exitCode = 1; });`;
const START = Date.UTC(2026, 2, 1, 12);
const SCALE = 50;

interface Received {
  readonly clientId: string;
  readonly topic: string;
  readonly reading: { readonly at: number; readonly position: { readonly lat: number } };
  /** Domain time of arrival. */
  readonly now: number;
}

describe('replay', () => {
  let directory: string;
  let file: string;
  let broker: Aedes;
  let mqttServer: net.Server;
  let httpServer: http.Server;
  let urls: readonly string[];
  let received: Received[];
  let registered: object[];
  let gateway: { now: () => number; timeScale: number };
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'wayside-replay-'));
    file = path.join(directory, 'ride.gpx');
    const points = Array.from(
      { length: 6 },
      (_, n) =>
        `<trkpt lat="${45 + n}" lon="9"><time>${new Date(START + n * 5000).toISOString()}</time></trkpt>`,
    );
    await fs.writeFile(file, `<gpx><trk><trkseg>${points.join('')}</trkseg></trk></gpx>`);
  });
  afterAll(() => fs.rm(directory, { recursive: true, force: true }));

  // A broker and the two calls of the HTTP API that the command uses.
  beforeEach(async () => {
    received = [];
    registered = [];
    const startedAt = performance.now();
    gateway = { timeScale: SCALE, now: () => START - 60_000 + (performance.now() - startedAt) * SCALE };
    broker = await Aedes.createBroker();
    broker.authenticate = (_client, username, password, done) =>
      done(null, password?.toString() === `token of ${username}`);
    broker.authorizePublish = (client, packet, done) => {
      received.push({
        clientId: client?.id ?? '',
        topic: packet.topic,
        reading: JSON.parse(packet.payload.toString()),
        now: gateway.now(),
      });
      done(null);
    };
    mqttServer = net.createServer(broker.handle).listen(0, '127.0.0.1');
    httpServer = http.createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/healthz') {
        response.end(
          JSON.stringify({ status: 'ok', now: Math.floor(gateway.now()), timeScale: gateway.timeScale }),
        );
        return;
      }
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const device = JSON.parse(body) as { id: string };
        registered.push({ ...device, authorization: request.headers.authorization });
        if (device.id === 'taken')
          response.writeHead(409).end('{"code":"already_exists","title":"That id is taken"}');
        else response.writeHead(201).end(JSON.stringify({ id: device.id, token: `token of ${device.id}` }));
      });
    });
    httpServer.listen(0, '127.0.0.1');
    await Promise.all([once(mqttServer, 'listening'), once(httpServer, 'listening')]);
    urls = [
      '--url',
      `mqtt://127.0.0.1:${(mqttServer.address() as AddressInfo).port}`,
      '--api',
      `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`,
    ];
  });
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL');
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    mqttServer.close();
    httpServer.closeAllConnections();
    httpServer.close();
  });

  function start(...args: readonly string[]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', 'replay', ...args], {
      cwd: path.resolve(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WAYSIDE_ADMIN_TOKEN: '' },
    });
    running.add(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    const ended = once(child, 'close').then(([code]) => {
      running.delete(child);
      return { code: code as number, output, errors };
    });
    return { child, ended };
  }

  const run = (...args: readonly string[]) => start(...args).ended;

  it('registers a device, and sends each reading when its time has come at the gateway, and not before', async () => {
    const { code, output, errors } = await run(
      file,
      '--speed',
      String(SCALE),
      '--admin-token',
      'let me in',
      '--consumer',
      'anna',
      ...urls,
    );
    expect([code, errors]).toEqual([0, '']);
    expect(registered).toEqual([
      {
        id: expect.stringMatching(/^ride-[0-9a-f]{8}$/),
        type: 'phone',
        consumerId: 'anna',
        authorization: 'Bearer let me in',
      },
    ]);
    expect(received.map(({ reading }) => reading.position.lat)).toEqual([45, 46, 47, 48, 49, 50]);
    for (const { topic, clientId, reading, now } of received) {
      expect(topic).toBe(`devices/${clientId}/telemetry`);
      expect(now).toBeGreaterThanOrEqual(reading.at);
      // A second of real time: generous, for the machine may be busy, and far below what is late.
      expect(now - reading.at).toBeLessThan(1000 * SCALE);
    }
    expect(output).toContain('published 6 of 6  acknowledged 6');
  });

  it('shifts the journey to now at natural speed, and Ctrl-C ends it cleanly', async () => {
    gateway = { timeScale: 1, now: () => Date.now() };
    const { child, ended } = start(
      file,
      '--shift-to-now',
      '--device',
      'mine',
      '--token',
      'token of mine',
      '--json',
      ...urls,
    );
    await expect.poll(() => received.length).toBe(1);
    child.kill('SIGINT');
    const { code, output } = await ended;
    expect(code).toBe(130);
    expect(Math.abs((received[0]?.reading.at ?? 0) - Date.now())).toBeLessThan(15_000);
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      done: true,
      stopped: true,
      published: 1,
      acknowledged: 1,
      total: 6,
    });
  });

  it('ends on Ctrl-C also when nothing is acknowledged any more', async () => {
    broker.authorizePublish = (client, packet) => {
      received.push({
        clientId: client?.id ?? '',
        topic: packet.topic,
        reading: JSON.parse(packet.payload.toString()),
        now: 0,
      });
    };
    const { child, ended } = start(
      file,
      '--backfill',
      '--device',
      'mine',
      '--token',
      'token of mine',
      '--json',
      ...urls,
    );
    await expect.poll(() => received.length).toBe(6);
    child.kill('SIGINT');
    const { code, output } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      stopped: true,
      acknowledged: 0,
    });
  });

  it('sends all at once with --backfill', async () => {
    const { code } = await run(
      file,
      '--backfill',
      '--limit',
      '4',
      '--device',
      'mine',
      '--token',
      'token of mine',
      ...urls,
    );
    expect([code, received.map(({ reading }) => reading.at)]).toEqual([
      0,
      [0, 1, 2, 3].map((n) => START + n * 5000),
    ]);
  });

  it('makes the faults that it is told to', async () => {
    const to = ['--backfill', '--device', 'mine', '--token', 'token of mine', ...urls];
    const twice = await run(file, '--duplicate', '1', '--json', ...to);
    expect(received.map(({ reading }) => reading.at - START)).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((n) => [n * 5000, n * 5000]),
    );
    expect(JSON.parse(twice.output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      published: 12,
      acknowledged: 12,
      total: 6,
    });
    expect(twice.code).toBe(0);
    received.length = 0;
    const dropped = await run(file, '--drop', '1', ...to);
    expect([dropped.code, received]).toEqual([0, []]);
    expect(dropped.output).toMatch(
      /readings (\d+) {2}messages published 0 {2}acknowledged 0 {2}faults: dropped \1/,
    );
    const held = await run(file, '--reorder', '1', ...to);
    expect(held.code).toBe(0);
    expect(received.map(({ reading }) => reading.at).toSorted()).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => START + n * 5000),
    );
    expect(received[0]?.reading.at).toBeGreaterThan(START);
  });

  it('shifts the journey to now at the speed of a gateway that runs fast', async () => {
    const before = gateway.now();
    const { code } = await run(
      file,
      '--speed',
      String(SCALE),
      '--shift-to-now',
      '--limit',
      '2',
      '--device',
      'mine',
      '--token',
      'token of mine',
      ...urls,
    );
    const [first = 0, second = 0] = received.map(({ reading }) => reading.at);
    expect([code, received.length, second - first]).toEqual([0, 2, 5000]);
    expect(first).toBeGreaterThan(before);
  });

  it('prints the start of the journey, and a WAYSIDE_TIME_START half a minute before it', async () => {
    expect(await run(file, '--print-start')).toEqual({
      code: 0,
      output: '2026-03-01T12:00:00.000Z\n',
      errors: '',
    });
    expect(await run(file, '--print-start', '--speed', '60')).toMatchObject({
      code: 0,
      output: '2026-03-01T11:30:00.000Z\n',
    });
  });

  it.each([
    ['another scale than the gateway has', ['--speed', '10'], /WAYSIDE_TIME_SCALE=10, or use --speed 50/],
    ['no pace at all', [], /choose one of --speed N, --shift-to-now and --backfill/],
    ['a shift with a gateway that runs fast', ['--shift-to-now'], /this replay 1 times.*or use --speed 50/],
    [
      'a wrong token',
      ['--backfill', '--token', 'wrong'],
      /could not connect.*(not authorized|Not authorized|bad user|Connection refused)/i,
    ],
    ['a journey that is not there', ['--backfill', '--journey', '2'], /has 1 journeys, and no number 2/],
  ])('refuses %s, and says what to do', async (_what, args, message) => {
    const { code, errors } = await run(
      file,
      '--device',
      'mine',
      '--token',
      'token of mine',
      ...args,
      ...urls,
    );
    expect(errors).toMatch(message);
    expect(code).toBe(1);
    expect(received).toEqual([]);
  });

  it('refuses a journey that is long past by the gateway’s clock', async () => {
    gateway = { timeScale: 1, now: () => START + 86_400_000 };
    const { code, errors } = await run(
      file,
      '--speed',
      '1',
      '--device',
      'mine',
      '--token',
      'token of mine',
      ...urls,
    );
    expect([code, errors]).toEqual([
      1,
      expect.stringContaining('WAYSIDE_TIME_START=2026-03-01T11:59:30.000Z'),
    ]);
  });

  it('says that an id is taken', async () => {
    const { code, errors } = await run(
      file,
      '--backfill',
      '--device',
      'taken',
      '--admin-token',
      'x',
      ...urls,
    );
    expect([code, errors]).toEqual([1, expect.stringContaining('knows a device taken already')]);
  });
});
