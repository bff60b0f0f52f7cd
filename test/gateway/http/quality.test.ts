import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveQuality } from '../../../gateway/engine/quality-save.ts';
import { QualityTally } from '../../../gateway/engine/quality-tally.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  const tally = new QualityTally();
  for (const [id, late] of [
    ['good', 0],
    ['bad', 5],
    ['fair', 1],
  ] as const) {
    await server.call('POST', '/api/v1/devices', { body: { id, type: 'car' } });
    const of = tally.of(id, NOW);
    of.readings = 10;
    of.stored = 10;
    if (late > 0) of.note('late', '', NOW, late);
    if (late > 0) of.note('unknown_metric', 'oil', NOW, late);
  }
  await server.db.transaction().execute((transaction) => saveQuality(transaction, tally));
});
afterAll(() => server.stop());

it('a device has a quality record, of the days that are asked for', async () => {
  const { status, body } = await server.call('GET', '/api/v1/devices/bad/quality');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    device: 'bad',
    readings: 10,
    stored: 10,
    issues: 5,
    late: 5,
    clockCorrected: 0,
    clockSkewMs: null,
    duplicates: 0,
    unknownMetrics: { oil: 5 },
    refused: {},
    outOfRange: {},
    firstSeenAt: NOW,
    lastSeenAt: NOW,
    lastSeen: { late: NOW },
  });
  expect(body.days).toHaveLength(1);
  const before = await server.call('GET', '/api/v1/devices/bad/quality?to=2025-11-01');
  expect(before.body).toMatchObject({ readings: 0, days: [] });
  expect((await server.call('GET', '/api/v1/devices/bad/quality?from=yesterday')).status).toBe(400);
  expect((await server.call('GET', '/api/v1/devices/nobody/quality')).body.code).toBe('not_found');
});

it('the fleet is listed from the worst on, page by page', async () => {
  const first = (await server.call('GET', '/api/v1/quality?limit=2')).body;
  expect(first.items).toMatchObject([
    { device: 'bad', type: 'car', issuesPerReading: 0.5, late: 5 },
    { device: 'fair', issuesPerReading: 0.1 },
  ]);
  const second = (await server.call('GET', `/api/v1/quality?limit=2&cursor=${first.next}`)).body;
  expect(second).toMatchObject({ items: [{ device: 'good', issuesPerReading: 0 }], next: null });
  expect((await server.call('GET', '/api/v1/quality?cursor=x')).body.code).toBe('bad_cursor');
});
