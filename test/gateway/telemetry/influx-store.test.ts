import type http from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { retryAfterOf } from '../../../gateway/telemetry/influx-answer.ts';
import { createInfluxStore } from '../../../gateway/telemetry/influx-store.ts';
import type { TelemetryPoint, WriteOutcome } from '../../../gateway/telemetry/telemetry-store.ts';
import { createInfluxd, type Influxd, influxdMissing } from '../../support/influxd.ts';
import { serveWhileTested } from '../../support/loopback-server.ts';

const T0 = Date.UTC(2026, 2, 1, 12);
const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;
const OPTIONS = { token: '', org: '', bucket: 'wayside' };

function point(seq: number, part: Partial<TelemetryPoint> = {}): TelemetryPoint {
  return { deviceKey: 'device', at: T0 + seq, seq, receivedAt: T0, metrics: { n: seq }, flags: [], ...part };
}

function pointsFrom(first: number, count: number): TelemetryPoint[] {
  return Array.from({ length: count }, (_, n) => point(first + n));
}

describe.skipIf(influxdMissing !== null)(`InfluxDB store${SKIPPED}`, () => {
  let influxd: Influxd;

  beforeAll(async () => {
    influxd = await createInfluxd();
    await influxd.start();
  });
  afterAll(() => influxd?.remove());

  it('says retry while the server is killed, and stores the batch once when it is back', async () => {
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'killed' });
    await store.start();
    expect(await store.write(pointsFrom(1, 100), 100)).toEqual({ kind: 'stored', rejected: [] });
    await influxd.stop('SIGKILL');
    const batch = pointsFrom(51, 100);
    expect(await store.write(batch, 150)).toMatchObject({
      kind: 'retry',
      message: expect.stringContaining('does not answer'),
    });
    expect(await store.probe()).toMatchObject({
      ok: false,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(store.read({ deviceKey: 'device', limit: 1 })).rejects.toMatchObject({
      code: 'telemetry_unavailable',
    });
    await influxd.start();
    expect(await store.write(batch, 150)).toEqual({ kind: 'stored', rejected: [] });
    const { points } = await store.read({ deviceKey: 'device', metric: 'n', limit: 1000 });
    expect(points.map((found) => 'value' in found && found.value)).toEqual(
      pointsFrom(1, 150).map((sent) => sent.seq),
    );
  });

  it('starts while the server is away, and makes the database when it is there', async () => {
    await influxd.stop();
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'later' });
    await store.start();
    expect(await store.write([point(1)], 1)).toMatchObject({ kind: 'retry' });
    await influxd.start();
    expect(await store.write([point(1)], 1)).toEqual({ kind: 'stored', rejected: [] });
  });

  it('makes the database anew when somebody dropped it', async () => {
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'dropped' });
    await store.start();
    await query(influxd.url, 'DROP DATABASE dropped');
    expect(await store.write([point(1)], 1)).toMatchObject({
      kind: 'retry',
      message: expect.stringContaining('404'),
    });
    expect(await store.write([point(1)], 1)).toEqual({ kind: 'stored', rejected: [] });
  });

  it('finds the lines that a partial write dropped, and stores all others once', async () => {
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'partial' });
    await store.start();
    // Somebody else gave the field of one metric another type.
    await fetch(`${influxd.url}/write?db=partial&precision=ms`, {
      method: 'POST',
      body: `readings,device=other bad.n="text" ${T0}`,
    });
    const bad = new Set([7, 8, 500, 998]);
    const batch = pointsFrom(1, 1000).map((sent) =>
      bad.has(sent.seq) ? { ...sent, metrics: { bad: sent.seq } } : sent,
    );
    const outcome = await store.write(batch, 1000);
    expect(outcome).toMatchObject({ kind: 'stored' });
    const rejected = outcome.kind === 'stored' ? outcome.rejected : [];
    expect(rejected.map((one) => one.point.seq)).toEqual([...bad]);
    expect(rejected[0]?.message).toContain('field type conflict');
    const { points } = await store.read({ deviceKey: 'device', limit: 2000 });
    expect(points.map((found) => found.at - T0)).toEqual(
      batch.map((sent) => sent.seq).filter((seq) => !bad.has(seq)),
    );
  });

  it('rejects at once a batch of which nothing was kept', async () => {
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'short' });
    await store.start();
    await query(influxd.url, 'ALTER RETENTION POLICY autogen ON short DURATION 1h SHARD DURATION 1h');
    const old = pointsFrom(1, 3000).map((sent) => ({ ...sent, at: Date.UTC(2020, 0, 1) + sent.seq }));
    const outcome = await store.write(old, 3000);
    expect(outcome.kind === 'stored' && outcome.rejected.length).toBe(3000);
    expect(outcome.kind === 'stored' && outcome.rejected[0]?.message).toContain('retention');
  });

  it('packs what goes to another machine', async () => {
    // Any address that is not known as this machine's own will do.
    const url = influxd.url.replace('127.0.0.1', '0.0.0.0');
    const store = createInfluxStore({ ...OPTIONS, url, bucket: 'packed' });
    await store.start();
    expect(await store.write(pointsFrom(1, 5_000), 5_000)).toEqual({ kind: 'stored', rejected: [] });
    expect((await store.read({ deviceKey: 'device', metric: 'n', limit: 100_000 })).points).toHaveLength(
      5_000,
    );
  });

  it('stores a batch that is longer than one request', async () => {
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, bucket: 'long' });
    await store.start();
    expect(await store.write(pointsFrom(1, 12_001), 12_001)).toEqual({ kind: 'stored', rejected: [] });
    expect((await store.read({ deviceKey: 'device', metric: 'n', limit: 100_000 })).points).toHaveLength(
      12_001,
    );
  });
});

describe.skipIf(influxdMissing !== null)(`InfluxDB store with users${SKIPPED}`, () => {
  it('writes and reads as a user, and tells which setting is wrong', async () => {
    const influxd = await createInfluxd({ auth: true });
    onTestFinished(() => influxd.remove());
    await influxd.start();
    await query(influxd.url, "CREATE USER admin WITH PASSWORD 'pass:word' WITH ALL PRIVILEGES");
    const store = createInfluxStore({ ...OPTIONS, url: influxd.url, token: 'admin:pass:word' });
    await store.start();
    expect(await store.write([point(1)], 1)).toEqual({ kind: 'stored', rejected: [] });
    expect((await store.read({ deviceKey: 'device', limit: 10 })).points).toHaveLength(1);
    const stranger = createInfluxStore({ ...OPTIONS, url: influxd.url, token: 'admin:wrong' });
    await stranger.start();
    const refused = await stranger.write([point(2)], 2);
    expect(refused).toMatchObject({
      kind: 'retry',
      message: expect.stringContaining('WAYSIDE_INFLUX_TOKEN'),
    });
    expect(JSON.stringify(refused)).not.toContain('admin:wrong');
    const inUrl = createInfluxStore({ ...OPTIONS, url: influxd.url.replace('//', '//admin:pass%3Aword@') });
    await inUrl.start();
    expect(await inUrl.write([point(3)], 3)).toEqual({ kind: 'stored', rejected: [] });
  });
});

describe('InfluxDB store and a server in trouble', () => {
  /** A server that speaks as 2.x does up to the write, which it answers as told. Gives what the store makes of it. */
  async function writeAgainst(
    answer: (response: http.ServerResponse) => void,
  ): Promise<{ outcome: WriteOutcome; paths: string[] }> {
    const paths: string[] = [];
    const port = await serveWhileTested((request, response) => {
      paths.push(request.url ?? '');
      request.resume();
      if (request.url === '/ping') response.writeHead(204, { 'x-influxdb-version': 'v2.7.1' }).end();
      else answer(response);
    });
    const store = createInfluxStore({
      url: `http://127.0.0.1:${port}/`,
      token: 'secret-token',
      org: 'my org',
      bucket: 'b',
      timeoutMs: 300,
    });
    await store.start();
    return { outcome: await store.write([point(1)], 1), paths };
  }

  it.each([
    [429, { 'retry-after': '7' }, 7_000],
    [503, { 'retry-after': '2' }, 2_000],
    [500, {}, 500],
  ])('asks for a retry after a %i, when the server said', async (status, headers, afterMs) => {
    const { outcome } = await writeAgainst((response) => response.writeHead(status, headers).end('busy'));
    expect(outcome).toMatchObject({
      kind: 'retry',
      afterMs,
      message: expect.stringContaining(String(status)),
    });
  });

  it.each([401, 403])('tells after a %i what to mend, and no secret', async (status) => {
    const { outcome } = await writeAgainst((response) =>
      response.writeHead(status).end('{"message":"unauthorized access"}'),
    );
    expect(outcome).toMatchObject({
      kind: 'retry',
      afterMs: 30_000,
      message: expect.stringContaining('WAYSIDE_INFLUX_TOKEN'),
    });
    expect(JSON.stringify(outcome)).not.toContain('secret-token');
  });

  it('asks for a retry when the server does not answer in time', async () => {
    const { outcome } = await writeAgainst(() => undefined);
    expect(outcome).toMatchObject({ kind: 'retry', afterMs: 500 });
  });

  it('holds no connection to a server that never answers', async () => {
    const open = new Set<unknown>();
    const port = await serveWhileTested((request, response) => {
      open.add(request.socket);
      request.socket.once('close', () => open.delete(request.socket));
      request.resume();
      if (request.url === '/ping') response.writeHead(204, { 'x-influxdb-version': '1.8.10' }).end();
      if (request.url?.startsWith('/query')) response.end('{"results":[{}]}');
    });
    const url = `http://127.0.0.1:${port}`;
    const store = createInfluxStore({ ...OPTIONS, url, timeoutMs: 20 });
    await store.start();
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await store.write(pointsFrom(1, 10), 10)).toMatchObject({ kind: 'retry' });
    }
    // One is kept for the next request; those that were given up are gone.
    await vi.waitUntil(() => open.size <= 1, { timeout: 20_000 });
  });

  it('writes to 2.x through its own API', async () => {
    const { outcome, paths } = await writeAgainst((response) => response.writeHead(204).end());
    expect(outcome).toEqual({ kind: 'stored', rejected: [] });
    expect(paths).toContain('/api/v2/write?org=my%20org&bucket=b&precision=ns');
  });

  it('reads Retry-After as seconds or as a date', () => {
    expect(retryAfterOf('120')).toBe(120_000);
    expect(retryAfterOf('Sun, 01 Mar 2026 12:00:10 GMT', () => T0)).toBe(10_000);
    expect(retryAfterOf('soon')).toBeNull();
    expect(retryAfterOf(undefined)).toBeNull();
  });
});

async function query(url: string, statement: string): Promise<void> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q: statement }),
  });
  expect(await response.json()).toEqual({ results: [{ statement_id: 0 }] });
}
