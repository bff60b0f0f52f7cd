import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADMIN_TOKEN, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
const AT = Date.UTC(2026, 5, 1, 12);

beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

async function consumer(id: string): Promise<string> {
  await server.call('POST', '/api/v1/consumers', { body: { id } });
  const { body } = await server.call('POST', `/api/v1/consumers/${id}/invitations`);
  const code = new URL(body.url).hash.split('=')[1];
  const session = await server.call('POST', '/api/v1/me/session', { token: null, body: { code } });
  return session.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function deviceOf(id: string, consumerId: string): Promise<string> {
  await server.call('POST', '/api/v1/devices', { body: { id, type: 'car', consumerId } });
  const row = await server.db
    .selectFrom('devices')
    .select('device_key')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.device_key;
}

describe('the export of a device as CSV', () => {
  it('has a line a reading, with units, and nothing that a spreadsheet takes for a formula', async () => {
    const cookie = await consumer('cas');
    const deviceKey = await deviceOf('cas-car', 'cas');
    await server.telemetry.write(
      [
        {
          deviceKey,
          at: AT,
          seq: 1,
          receivedAt: AT,
          position: { lat: 45.5, lon: -9.25, accuracy: 8, speed: 3.5, heading: 270, altitude: 12 },
          metrics: { fuel: 0.5, note: 'a "quoted", one' },
          flags: [],
        },
        { deviceKey, at: AT + 1, seq: 2, receivedAt: AT, event: '=HYPERLINK("x")', flags: ['late'] },
        { deviceKey, at: AT + 2, seq: 3, receivedAt: AT, event: '＝1+1', flags: [] },
        {
          deviceKey,
          at: AT + 3,
          seq: 4,
          receivedAt: AT,
          event: 'a;=1+1;b',
          metrics: { note: 'a;@SUM(1)' },
          flags: [],
        },
      ],
      4,
    );

    const answer = await server.call('GET', '/api/v1/me/export?format=csv&device=cas-car', { cookie });

    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="wayside-cas-car.csv"');
    const [head = '', first = '', second = '', third = '', fourth = '', end] = String(answer.body).split(
      '\r\n',
    );
    const columns = head.split(',');
    expect(columns.slice(0, 5)).toEqual([
      'at',
      'lat_degrees',
      'lon_degrees',
      'accuracy_metres',
      'speed_metres_per_second',
    ]);
    expect(columns.some((column) => column.startsWith('metric:fuel'))).toBe(true);
    expect(columns.at(-1)).toBe('other_metrics');
    expect(first).toMatch(/^2026-06-01T12:00:00\.000Z,45\.5,-9\.25,8,3\.5,270,12,,,/);
    expect(first.endsWith(String.raw`,"{""note"":""a \""quoted\"", one""}"`)).toBe(true);
    expect(second).toMatch(/^2026-06-01T12:00:00\.001Z,,,,,,,"'=HYPERLINK\(""x""\)",late,/);
    expect(third).toContain(",'＝1+1,");
    // Spreadsheets in German or Italian cut at semicolons.
    expect(fourth).toContain(",a;'=1+1;b,");
    expect(fourth).toContain(`a;'@SUM(1)`);
    expect(end).toBe('');
  });

  it('is of one’s own devices alone', async () => {
    const cookie = await consumer('dan');
    const get = async (query: string) =>
      (await server.call('GET', `/api/v1/me/export?${query}`, { cookie })).status;
    expect(await get('format=csv&device=cas-car')).toBe(404);
    expect(await get('format=csv')).toBe(400);
    expect(await get('device=cas-car')).toBe(400);
    expect(await get('format=xml')).toBe(400);
    expect((await server.call('GET', '/api/v1/consumers/nobody/export')).status).toBe(404);
  });
});

describe('who is erased', () => {
  it('is signed out, and gone with their devices', async () => {
    const cookie = await consumer('eva');
    await deviceOf('eva-car', 'eva');

    const answer = await server.call('DELETE', '/api/v1/me', { cookie });

    expect(answer).toMatchObject({ status: 200, body: { state: 'erased', waitsFor: [] } });
    expect(answer.headers.get('set-cookie')).toMatch(/^wayside_consumer=;/);
    expect((await server.call('GET', '/api/v1/me', { cookie })).status).toBe(401);
    expect((await server.call('GET', '/api/v1/devices/eva-car')).status).toBe(404);
    expect((await server.call('DELETE', '/api/v1/consumers/eva')).status).toBe(404);
    const { body } = await server.call('GET', '/api/v1/audit?action=consumer.erased');
    expect(body.items[0]).toMatchObject({
      action: 'consumer.erased',
      subject: 'erased',
      actor: 'consumer:erased',
    });
    expect(JSON.stringify(body)).not.toContain('eva');
  });

  it('is not erased by a page of another origin', async () => {
    const cookie = await consumer('fay');
    const answer = await server.call('DELETE', '/api/v1/me', {
      cookie,
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'foreign_origin' } });
    expect((await server.call('GET', '/api/v1/consumers/fay')).status).toBe(200);
  });
});

describe('exports that nobody takes', () => {
  it('leave room for other people, and end with their connection', async () => {
    await consumer('slow');
    await consumer('other');
    const cell = 'x'.repeat(1_000_000);
    for (let n = 0; n < 30; n += 1) {
      await server.db
        .insertInto('decisions')
        .values({
          at: AT,
          rule: 'r',
          rule_version: 1,
          consumer: 'slow',
          device: 'd',
          place: null,
          visit: null,
          cause: `cause-${n}`,
          outcome: 'suppressed',
          reason: 'no_consent',
          detail: cell,
          delivery_id: null,
          variant: null,
          campaign: null,
        })
        .execute();
    }
    const path = `${server.url}/api/v1/consumers/slow/export`;
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const begun = [await fetch(path, { headers }), await fetch(path, { headers })];
    expect(begun.map(({ status }) => status)).toEqual([200, 200]);
    const third = await server.call('GET', '/api/v1/consumers/slow/export');
    expect(third).toMatchObject({ status: 429, body: { code: 'too_many_exports' } });
    expect((await server.call('GET', '/api/v1/consumers/other/export')).status).toBe(200);
    // It would be read from end to end for its headers.
    expect((await fetch(path, { method: 'HEAD', headers })).status).toBe(405);
    for (const { body } of begun) await body?.cancel();
    await vi.waitFor(
      async () => expect((await server.call('GET', '/api/v1/consumers/slow/export')).status).toBe(200),
      { timeout: 20_000 },
    );
  });
});
