import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noFaults } from '../../devices-sim/faults/faulty-device.ts';
import { drawHistogram, milliseconds } from '../../devices-sim/load/draw-histogram.ts';
import { Histogram } from '../../devices-sim/load/histogram.ts';
import { createEncoder } from '../../devices-sim/load/load-reading.ts';
import { startPacer } from '../../devices-sim/load/pacer.ts';
import { resultLines } from '../../devices-sim/load/tell.ts';
import { unknownVerdict, verdictOf } from '../../devices-sim/load/verdict.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

const MAIN = fileURLToPath(new URL('../../devices-sim/main.ts', import.meta.url));

describe('the latency histogram', () => {
  it('knows percentiles to 4 % of the exact ones, over seven decades', () => {
    const values = Array.from({ length: 10_000 }, (_, n) => 10 ** ((n / 10_000) * 7 - 3));
    const histogram = new Histogram();
    for (const value of values) histogram.add(value);
    for (const part of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = values[Math.ceil(part * values.length) - 1] ?? 0;
      expect(histogram.percentileMs(part) / exact, `p${part * 100}`).toBeGreaterThan(0.99);
      expect(histogram.percentileMs(part) / exact, `p${part * 100}`).toBeLessThan(1.04);
    }
    expect(histogram.largestMs).toBe(values.at(-1));
    expect(histogram.total).toBe(10_000);
  });

  it('is drawn with every duration in one line', () => {
    const histogram = new Histogram();
    for (const ms of [0.3, 0.7, 0.7, 3, 3, 3, 3, 30, 2500]) histogram.add(ms);
    const lines = drawHistogram(histogram);
    expect(lines[0]).toMatch(/0\.2 ms – 0\.5 ms ▕?[█▏▎▍▌▋▊▉]+ +1$/);
    expect(lines.at(-1)).toMatch(/2\.00 s – 5\.00 s .* 1$/);
    expect(lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(9);
    expect(drawHistogram(new Histogram())).toEqual([]);
    expect([0.034, 4.56, 12.3, 1234].map(milliseconds)).toEqual(['0.034 ms', '4.6 ms', '12 ms', '1.23 s']);
  });
});

describe('the pace of a load', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has each sent when it is due, not a turn later, however slow the rate', () => {
    const sent: { readonly index: number; readonly dueAfterMs: number; readonly lateMs: number }[] = [];
    const startedAt = performance.now();
    const stop = startPacer(
      4,
      () => true,
      (index, dueAt) =>
        sent.push({ index, dueAfterMs: dueAt - startedAt, lateMs: performance.now() - dueAt }),
    );
    vi.advanceTimersByTime(600);
    stop();
    vi.advanceTimersByTime(600);
    expect(sent).toEqual([
      { index: 0, dueAfterMs: 0, lateMs: 0 },
      { index: 1, dueAfterMs: 250, lateMs: 0 },
      { index: 2, dueAfterMs: 500, lateMs: 0 },
    ]);
  });

  it('keeps the moment that it was due at for what has to wait, and catches up', () => {
    let open = false;
    const lateMs: number[] = [];
    const stop = startPacer(
      1000,
      () => open,
      (_, dueAt) => lateMs.push(performance.now() - dueAt),
    );
    vi.advanceTimersByTime(60);
    expect(lateMs).toEqual([]);
    open = true;
    vi.advanceTimersByTime(10);
    stop();
    // All at once, at the next look: the first waited longest.
    expect(lateMs.length).toBeGreaterThan(60);
    expect(lateMs[0]).toBeGreaterThanOrEqual(60);
    expect(lateMs.at(-1)).toBe(0);
  });
});

describe('the payloads of a load', () => {
  it('have the size that was asked for', () => {
    const reading = { at: 1763756400000, n: 1000, lat: 45.46427, lon: 9.19012 };
    for (const size of [0, 90, 120, 500, 5_000, 100_000]) {
      const { length } = createEncoder('json', size)(reading);
      expect(length).toBeGreaterThanOrEqual(Math.min(size, 88));
      expect(length - Math.max(size, 88)).toBeLessThan(20);
    }
  });
});

describe('the verdict of a load', () => {
  const device = { made: 10, unacknowledged: 0, garbageAcknowledged: 0, clockSkewMs: 0 };
  const stored = { stored: 10, lost: 0, duplicated: 0, quarantined: 0, late: 0, clockCorrected: 0 };
  const judge = (part: object, of: object = {}, qos: 0 | 1 = 1) =>
    verdictOf([{ ...device, ...of, stored: { ...stored, ...part } }], qos, noFaults(), true);

  it('is good where all is there, and bad for each thing that is not as it should be', () => {
    expect(judge({}).ok).toBe(true);
    expect(judge({ stored: 9, lost: 1 })).toMatchObject({ ok: false, lost: 1 });
    expect(judge({ duplicated: 1 })).toMatchObject({ ok: false, duplicated: 1 });
    expect(judge({ quarantined: 1 }, { garbageAcknowledged: 2 }).ok).toBe(false);
    expect(judge({ clockCorrected: 9 }, { clockSkewMs: 400_000 })).toMatchObject({ ok: false, unflagged: 1 });
    expect(judge({ late: 9 }, { clockSkewMs: -400_000 })).toMatchObject({ ok: false, unflagged: 1 });
    expect(judge({ stored: 9, lost: 1 }, {}, 0)).toMatchObject({ ok: true, lost: 0, missing: 1 });
  });
});

describe('the result of a load', () => {
  const told = (made: number, lost = 0, behind = 0) =>
    resultLines(
      {
        ...unknownVerdict([], 1, noFaults()),
        ...{ due: 1000, made, sent: made, seconds: 10, errors: 0, cut: 0, reconnects: 0, lost, behind },
        latency: new Histogram(),
        notCompared: null,
      },
      1,
    ).join('\n');

  it('says when the gateway was too slow for the rate', () => {
    expect(told(500)).toContain('the rate was not held: 1000 readings were due, and 500 could be sent');
    expect(told(990)).not.toContain('the rate was not held');
  });

  it('tells what is not there from what is not there yet', () => {
    expect(told(1000, 7)).toContain('NOT OK: 7 acknowledged readings are not there');
    expect(told(1000, 7)).not.toContain('yet');
    expect(told(1000, 7, 20)).toContain(
      '7 acknowledged readings are not there yet, and the gateway is 20 numbers behind',
    );
  });
});

describe('npm run sim -- load, with a gateway', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.stop());

  async function load(...args: readonly string[]) {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('WAYSIDE_')),
    );
    const to = ['--url', gateway.mqttUrl, '--api', gateway.httpUrl, '--admin-token', gateway.adminToken];
    const child = spawn(process.execPath, [MAIN, 'load', ...to, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    return { code: code as number, out, err };
  }

  async function result(...args: readonly string[]) {
    const { code, out, err } = await load('--json', ...args);
    expect(err).toBe('');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { code, last: lines.at(-1), progress: lines.slice(0, -1) };
  }

  it('finds everything that was acknowledged, and tells latency, progress and a histogram', async () => {
    const { code, out, err } = await load('--devices', '10', '--rate', '200', '--duration', '2.5');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/connected 10 {2}sent \d+ {2}acked \d+ {2}in flight \d+ {2}taken \d+ {2}lag \d+/);
    expect(out).toMatch(/latency to the acknowledgement: p50 .* p90 .* p99 .* p99\.9 .* max/);
    expect(out).toContain('█');
    expect(out).toMatch(/lost 0 {2}duplicated 0 {2}quarantined 0/);
  });

  it.each([
    ['QoS 2', ['--qos', '2']],
    ['QoS 0', ['--qos', '0']],
    ['gzip of 2 kB', ['--payload', 'gzip', '--size', '2000']],
    ['CBOR', ['--payload', 'cbor']],
  ])('stores all of a load by %s', async (_name, args) => {
    const { code, last } = await result('--devices', '5', '--rate', '100', '--duration', '1', ...args);
    expect(last).toMatchObject({
      done: true,
      ok: true,
      lost: 0,
      missing: 0,
      duplicated: 0,
      quarantined: 0,
    });
    expect(last.stored).toBe(last.acknowledged);
    expect(last.stored).toBeGreaterThan(50);
    expect(code).toBe(0);
  });

  it('works out what every fault has to lead to', async () => {
    const faults = ['--drop', '0.1', '--duplicate', '0.2', '--reorder', '0.2', '--garbage', '0.1'];
    const more = ['--clock-skew', '900', '--reconnect-storm', '1'];
    const { code, last, progress } = await result(
      ...['--devices', '10', '--rate', '200', '--duration', '3.5'],
      ...faults,
      ...more,
    );
    expect(last).toMatchObject({ ok: true, lost: 0, duplicated: 0, unflagged: 0 });
    for (const count of Object.values(last.faults)) expect(count).toBeGreaterThan(0);
    expect(last.quarantined).toBeGreaterThanOrEqual(last.garbageAcknowledged);
    expect(last.garbageAcknowledged).toBeGreaterThan(0);
    expect(last.clockCorrected).toBeGreaterThan(0);
    expect(last.late).toBeGreaterThan(0);
    expect(last.cut).toBeGreaterThan(0);
    expect(last.reconnects).toBeGreaterThan(0);
    expect(progress.length).toBeGreaterThan(1);
    expect(code).toBe(0);
  });

  it('leaves with 1 and says so when something acknowledged is not there', async () => {
    // Devices of a type that refuses what it does not know: acknowledged, in quarantine, and not stored.
    const type = { name: 'Strict', metrics: {}, unknownMetrics: 'quarantine' };
    const made = await gateway.api('PUT', '/api/v1/device-types/strict', type);
    expect(made.status, JSON.stringify(made.body)).toBeLessThan(300);
    const { code, out } = await load('--devices', '2', '--rate', '50', '--duration', '1', '--type', 'strict');
    expect(out).toMatch(/NOT OK: \d+ acknowledged readings are not there/);
    expect(code).toBe(1);
  });

  it('tells what it measured where the gateway is gone at the end, and that nothing is known of the rest', async () => {
    const other = await startGateway();
    const address = ['--url', other.mqttUrl, '--api', other.httpUrl, '--admin-token', other.adminToken];
    const sizes = ['--devices', '2', '--rate', '50', '--duration', '60', '--settle', '1'];
    const child = spawn(process.execPath, [MAIN, 'load', ...address, ...sizes], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    let isStopping = false;
    let askedAt = 0;
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (isStopping || !/acked [1-9]/.test(out)) return;
      isStopping = true;
      other.kill('SIGKILL').then(() => {
        askedAt = performance.now();
        child.kill('SIGINT');
      });
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    await other.stop();
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/latency to the acknowledgement: p50/);
    expect(out).toMatch(/readings acknowledged [1-9]\d* .* stored \?/);
    expect(out).toMatch(/NOT KNOWN whether everything that was acknowledged is there: .* does not answer/);
    // What was never acknowledged was waited for as long as --settle says.
    expect(performance.now() - askedAt).toBeLessThan(20_000);
  });

  it('says what to do when it can not begin', async () => {
    const there = await load('--devices', '1', '--prefix', 'same-', '--duration', '0.1', '--rate', '10');
    expect(there.code).toBe(0);
    const again = await load('--devices', '1', '--prefix', 'same-', '--duration', '0.1');
    expect(again.err).toMatch(/409.*taken/);
    expect(again.code).toBe(1);
    const wrong = await load('--qos', '3');
    expect(wrong.err).toMatch(/0, 1 or 2/);
    const chance = await load('--drop', '2');
    expect(chance.err).toMatch(/from 0 to 1/);
  });

  it('brings the faults of the city to the gateway as well', async () => {
    const env = { ...process.env, WAYSIDE_ADMIN_TOKEN: gateway.adminToken };
    const to = ['--url', gateway.mqttUrl, '--api', gateway.httpUrl];
    const faults = ['--duplicate', '0.3', '--garbage', '0.3', '--drop', '0.1', '--reconnect-storm', '1'];
    const args = [
      'city',
      '--people',
      '2',
      '--interval',
      '0.2',
      '--duration',
      '4',
      '--json',
      ...to,
      ...faults,
    ];
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const last = JSON.parse(out.trim().split('\n').at(-1) ?? '');
    for (const name of ['dropped', 'duplicated', 'garbage', 'cut'])
      expect(last.faults[name]).toBeGreaterThan(0);
    const { body } = await gateway.api('GET', '/api/v1/quarantine?limit=1000');
    const ofCity = body.items.filter(({ device }: { device: string }) => !device.startsWith('load-'));
    expect(ofCity.length).toBeGreaterThan(0);
  });
});
