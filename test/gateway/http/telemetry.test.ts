import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceKeyOf } from '../../../gateway/records/devices.ts';
import type { TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';
import { startHttp, type TestServer } from './http-server.ts';

const T0 = 1_763_756_400_000;

let server: TestServer;
let seq = 1;
const read = (query: string, device = 'car-1') => server.call('GET', `/api/v1/telemetry/${device}${query}`);

/** Readings of a new device, a second apart. */
async function report(
  device: string,
  count: number,
  said: (i: number) => Pick<TelemetryPoint, 'metrics' | 'position' | 'flags'>,
): Promise<void> {
  await server.call('POST', '/api/v1/devices', { body: { id: device, type: 'car' } });
  const deviceKey = await deviceKeyOf(server.db, device);
  const points = Array.from({ length: count }, (_, i) => ({
    deviceKey,
    at: T0 + i * 1_000,
    seq: seq + i,
    receivedAt: T0 + i * 1_000,
    ...said(i),
  }));
  seq += count;
  expect(await server.telemetry.write(points, seq - 1)).toMatchObject({ kind: 'stored' });
}

beforeAll(async () => {
  server = await startHttp();
  await report('car-1', 6, (i) => ({
    position: { lat: 45 + i / 1_000, lon: 9 },
    metrics: { fuel: i / 10, ignition: i % 2 === 0 },
    flags: i === 5 ? (['late'] as const) : [],
  }));
});
afterAll(() => server.stop());

describe('telemetry', () => {
  it('is whole readings, oldest first, with position and flags', async () => {
    const { body } = await read('');
    expect(body.points).toHaveLength(6);
    expect(body.points[0]).toEqual({
      at: T0,
      position: { lat: 45, lon: 9 },
      metrics: { fuel: 0, ignition: true },
      flags: [],
    });
    expect(body.points[5].flags).toEqual(['late']);
    expect(body.next).toBeNull();
  });

  it('is one metric, within a time', async () => {
    const { body } = await read(`?metric=fuel&from=${T0 + 1_000}&to=${new Date(T0 + 3_000).toISOString()}`);
    expect(body.points).toEqual([
      { at: T0 + 1_000, value: 0.1 },
      { at: T0 + 2_000, value: 0.2 },
    ]);
  });

  it('is averaged over a time given in milliseconds or ISO 8601', async () => {
    const inMs = await read('?metric=fuel&every=2000');
    const inIso = await read('?metric=fuel&every=PT2S');
    expect(inMs.body.points).toHaveLength(3);
    expect(inMs.body.points[0].value).toBeCloseTo(0.05);
    expect(inIso.body).toEqual(inMs.body);
  });

  it('comes in pages', async () => {
    const first = await read('?metric=fuel&limit=4');
    const second = await read(`?metric=fuel&limit=4&cursor=${first.body.next}`);
    expect([...first.body.points, ...second.body.points].map((point) => point.at)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => T0 + i * 1_000),
    );
    expect(second.body.next).toBeNull();
  });

  it('is as much as was asked for, in the order of all', async () => {
    await report('long', 25_000, (i) => ({ metrics: { n: i }, flags: [] }));
    const all = await read('?limit=100000', 'long');
    expect(all.body.points.map((point: { metrics: { n: number } }) => point.metrics.n)).toEqual(
      Array.from({ length: 25_000 }, (_, i) => i),
    );
    expect(all.body.next).toBeNull();
    const most = await read('?metric=n&limit=24999', 'long');
    expect(most.body.points).toHaveLength(24_999);
    const rest = await read(`?metric=n&cursor=${most.body.next}`, 'long');
    expect(rest.body).toEqual({ points: [{ at: T0 + 24_999_000, value: 24_999 }], next: null });
    const averages = await read('?metric=n&every=PT2S&limit=12000', 'long');
    expect(averages.body.points).toHaveLength(12_000);
    expect(averages.body.points.at(-1).value).toBeCloseTo(23_998.5);
  });

  it('is less where readings are large, and goes on from there', async () => {
    const text = 'x'.repeat(256);
    const metrics = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`text${i}`, text]));
    await report('wordy', 5_000, () => ({ metrics, flags: [] }));
    const first = await read('?limit=100000', 'wordy');
    expect(first.body.points.length).toBeGreaterThan(1_000);
    expect(first.body.points.length).toBeLessThan(5_000);
    const second = await read(`?limit=100000&cursor=${first.body.next}`, 'wordy');
    expect(first.body.points.length + second.body.points.length).toBe(5_000);
    expect(second.body.next).toBeNull();
  });

  it.each([
    ['?every=2000', 400, 'bad_request'],
    ['?metric=fuel&every=0', 400, 'bad_request'],
    ['?metric=fuel&every=P1Y', 400, 'bad_request'],
    ['?metric=fuel&limit=100001', 400, 'bad_request'],
    ['?cursor=nonsense', 400, 'bad_cursor'],
    ['?consumer=x', 400, 'bad_request'],
  ])('refuses %s with %i %s', async (query, status, code) => {
    expect(await read(query)).toMatchObject({ status, body: { code } });
  });

  it('is not there for a device that is not there', async () => {
    expect((await read('', 'absent')).status).toBe(404);
  });
});
