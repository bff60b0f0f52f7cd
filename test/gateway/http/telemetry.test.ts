import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceKeyOf } from '../../../gateway/records/devices.ts';
import { startHttp, type TestServer } from './http-server.ts';

const T0 = 1_763_756_400_000;

let server: TestServer;
const read = (query: string, device = 'car-1') => server.call('GET', `/api/v1/telemetry/${device}${query}`);

beforeAll(async () => {
  server = await startHttp();
  await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car' } });
  const deviceKey = await deviceKeyOf(server.db, 'car-1');
  const points = Array.from({ length: 6 }, (_, i) => ({
    deviceKey,
    at: T0 + i * 1_000,
    seq: i + 1,
    receivedAt: T0 + i * 1_000,
    position: { lat: 45 + i / 1_000, lon: 9 },
    metrics: { fuel: i / 10, ignition: i % 2 === 0 },
    flags: i === 5 ? (['late'] as const) : [],
  }));
  expect(await server.telemetry.write(points, 6)).toMatchObject({ kind: 'stored' });
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
