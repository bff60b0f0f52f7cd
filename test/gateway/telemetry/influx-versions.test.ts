import { describe, expect, it, onTestFinished } from 'vitest';
import { createInfluxStore } from '../../../gateway/telemetry/influx-store.ts';
import { versionOf } from '../../../gateway/telemetry/influx-version.ts';
import type { TelemetryPoint, TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';
import { type FakeVersion, type InfluxFake, startInfluxFake } from '../../support/influx-fake.ts';

const T0 = Date.UTC(2026, 2, 1, 12);
const TOKEN = 'Token my-token';
const BASIC = `Basic ${Buffer.from('ann:pass').toString('base64')}`;

function points(count: number, bad: readonly number[] = []): TelemetryPoint[] {
  return Array.from({ length: count }, (_, index) => {
    const seq = index + 1;
    const metrics = bad.includes(seq) ? { bad: seq } : { n: seq };
    return { deviceKey: `key-${seq % 3}`, at: T0 + seq, seq, receivedAt: T0, metrics, flags: [] };
  });
}

async function storeOn(
  version: FakeVersion,
  token = 'my-token',
  header = TOKEN,
): Promise<{ fake: InfluxFake; store: TelemetryStore }> {
  const fake = await startInfluxFake(version, header);
  onTestFinished(() => fake.stop());
  const store = createInfluxStore({ url: fake.url, token, org: 'my org', bucket: 'my/bucket' });
  await store.start();
  return { fake, store };
}

const writes = (fake: InfluxFake) => fake.requests.filter(({ path }) => path.includes('write'));

describe('InfluxDB versions, against a stand-in that only says what they say', () => {
  it.each<[FakeVersion, string, string, string]>([
    ['1.8', 'ann:pass', BASIC, '/write?db=my%2Fbucket&precision=ns'],
    ['1.8', 'my-token', TOKEN, '/write?db=my%2Fbucket&precision=ns'],
    ['2.7', 'my-token', TOKEN, '/api/v2/write?org=my%20org&bucket=my%2Fbucket&precision=ns'],
    ['2.7', 'ann:pass', BASIC, '/write?db=my%2Fbucket&precision=ns'],
    ['3.4', 'my-token', TOKEN, '/api/v2/write?bucket=my%2Fbucket&precision=ns'],
    ['cloud', 'my-token', TOKEN, '/api/v2/write?org=my%20org&bucket=my%2Fbucket&precision=ns'],
  ])('writes to %s with %s', async (version, token, header, path) => {
    const { fake, store } = await storeOn(version, token, header);
    expect(await store.write(points(2), 2)).toEqual({ kind: 'stored', rejected: [] });
    expect(writes(fake).map((write) => write.path)).toEqual([path]);
    expect(writes(fake)[0]?.body.split('\n')).toHaveLength(2);
  });

  it.each<FakeVersion>(['1.8', '2.7', '3.4'])(
    'finds the lines that %s dropped, by its words',
    async (version) => {
      const token = version === '1.8' ? (['ann:pass', BASIC] as const) : (['my-token', TOKEN] as const);
      const { fake, store } = await storeOn(version, ...token);
      fake.refuse = 'bad.n';
      const bad = [1, 40, 41, 99];
      const outcome = await store.write(points(99, bad), 99);
      expect(outcome.kind === 'stored' && outcome.rejected.map(({ point }) => point.seq)).toEqual(bad);
      // In one go: its answer names them.
      expect(writes(fake)).toHaveLength(1);
    },
  );

  it('finds bad lines by halving where a server names one at a time', async () => {
    const { fake, store } = await storeOn('cloud');
    fake.refuse = 'bad.n';
    const outcome = await store.write(points(64, [7]), 64);
    expect(outcome.kind === 'stored' && outcome.rejected.map(({ point }) => point.seq)).toEqual([7]);
    // Whole, then two halves of each that was refused.
    expect(writes(fake)).toHaveLength(1 + 2 * Math.log2(64));
  });

  it('waits with a wrong token, for 2.x and 3 alike, and tells no token', async () => {
    for (const version of ['2.7', '3.4'] as const) {
      const { store } = await storeOn(version, 'wrong-token');
      const outcome = await store.write(points(1), 1);
      expect(outcome).toMatchObject({
        kind: 'retry',
        message: expect.stringContaining('WAYSIDE_INFLUX_TOKEN'),
      });
      expect(JSON.stringify(outcome)).not.toContain('wrong-token');
      expect(await store.probe()).toMatchObject(version === '3.4' ? { ok: false } : {});
    }
  });

  it('reads with InfluxQL, with or without a Z behind the time', async () => {
    for (const [version, time] of [
      ['2.7', '2026-03-01T12:00:00.001000002Z'],
      ['3.4', '2026-03-01T12:00:00.001000002'],
    ] as const) {
      const { fake, store } = await storeOn(version);
      const series = { name: 'readings', columns: ['time', 'device', 'n.n'], values: [[time, 'k', 3]] };
      fake.answer = { results: [{ statement_id: 0, series: [series] }] };
      const page = await store.read({ deviceKey: 'k', limit: 10 });
      expect(page.points).toEqual([{ at: T0 + 1, metrics: { n: 3 }, flags: [] }]);
      expect(fake.requests.at(-1)).toMatchObject({ method: 'POST', path: '/query?db=my%2Fbucket' });
    }
  });

  it('removes through the delete API of 2.x, one device a request', async () => {
    const { fake, store } = await storeOn('2.7');
    expect(await store.erase(['key-1', 'key-2'])).toEqual({ kind: 'removed' });
    expect(
      await store.expire({ readings: [{ deviceKeys: ['key-3'], before: T0 }], positionsBefore: null }),
    ).toEqual({ kind: 'removed' });
    const bodies = fake.requests
      .filter(({ path }) => path === '/api/v2/delete?org=my+org&bucket=my%2Fbucket')
      .map(({ body }) => JSON.parse(body) as object);
    const start = '1970-01-01T00:00:00Z';
    const end = '2262-01-01T00:00:00Z';
    const lastBeforeT0 = '2026-03-01T11:59:59.999999999Z';
    const both = (device: string, stop: string) =>
      ['readings', 'positions'].map((measurement) => ({
        start,
        stop,
        predicate: `_measurement="${measurement}" AND device="${device}"`,
      }));
    expect(bodies).toEqual([...both('key-1', end), ...both('key-2', end), ...both('key-3', lastBeforeT0)]);
  });

  it('clears positions through the delete API of 2.x, all devices at once', async () => {
    const { fake, store } = await storeOn('2.7');
    expect(await store.expire({ readings: [], positionsBefore: T0 })).toEqual({ kind: 'removed' });
    const bodies = fake.requests
      .filter(({ path }) => path.startsWith('/api/v2/delete'))
      .map(({ body }) => JSON.parse(body) as object);
    expect(bodies).toEqual([
      {
        start: '1970-01-01T00:00:00Z',
        stop: '2026-03-01T11:59:59.999999999Z',
        predicate: '_measurement="positions"',
      },
    ]);
  });

  it('gives nobody positions that 3 can not remove, once they should be gone', async () => {
    const { fake, store } = await storeOn('3.4');
    const columns = ['time', 'device', 'lat', 'lon', 'receivedAt'];
    const row = (time: string) => [time, 'k', 45, 9, T0];
    const values = [row('2026-03-01T11:59:59.999'), row('2026-03-01T12:00:00')];
    fake.answer = { results: [{ statement_id: 0, series: [{ name: 'positions', columns, values }] }] };
    const position = { lat: 45, lon: 9 };
    const read = async () => (await store.read({ deviceKey: 'k', limit: 10 })).points;
    expect(await read()).toEqual([
      { at: T0 - 1, position, flags: [] },
      { at: T0, position, flags: [] },
    ]);
    expect(await store.expire({ readings: [], positionsBefore: T0 })).toMatchObject({ kind: 'impossible' });
    expect(await read()).toEqual([
      { at: T0 - 1, flags: [] },
      { at: T0, position, flags: [] },
    ]);
    expect(fake.requests.some(({ path }) => path.includes('delete'))).toBe(false);
  });

  it('says that 3 has no way to remove points', async () => {
    const { fake, store } = await storeOn('3.4');
    expect(await store.erase(['key'])).toMatchObject({
      kind: 'impossible',
      message: expect.stringContaining('3.4.1'),
    });
    expect(fake.requests.some(({ path }) => path.includes('delete'))).toBe(false);
  });

  it.each([
    [
      { versionHeader: '1.6.7~rc0', buildHeader: 'OSS', body: '' },
      { major: 1, label: '1.6.7~rc0' },
    ],
    [
      { versionHeader: 'v2.7.11', buildHeader: 'OSS', body: '' },
      { major: 2, label: 'v2.7.11' },
    ],
    [
      { versionHeader: '3.4.1', buildHeader: 'Core', body: '' },
      { major: 3, label: '3.4.1 Core' },
    ],
    [
      { versionHeader: null, buildHeader: null, body: '{"version":"3.0.1"}' },
      { major: 3, label: '3.0.1' },
    ],
    [
      { versionHeader: null, buildHeader: null, body: '{"version":"v2.0.4"}' },
      { major: 2, label: 'v2.0.4' },
    ],
    [
      { versionHeader: null, buildHeader: 'cloud2', body: '' },
      { major: 2, label: 'cloud2' },
    ],
    [{ versionHeader: '0.9.1', buildHeader: null, body: '' }, null],
    [{ versionHeader: null, buildHeader: null, body: '<html>hello</html>' }, null],
  ])('knows a version by what it says: %j', (said, version) => {
    expect(versionOf(said)).toEqual(version);
  });
});
