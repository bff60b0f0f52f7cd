import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../../broker/credentials.ts';
import { findUser } from '../../../gateway/records/logins.ts';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  await server.call('POST', '/api/v1/consumers', { body: { id: 'anna' } });
  await server.call('POST', '/api/v1/devices', { body: { id: 'known', type: 'car' } });
  await server.call('POST', '/api/v1/service-accounts', { body: { id: 'grafana', subscribe: ['#'] } });
});
afterAll(() => server.stop());

const send = (csv: string, contentType = 'text/csv') =>
  server.call('POST', '/api/v1/devices/import', { body: csv, contentType });

describe('devices from CSV', () => {
  it('are registered row by row, each with its token or its reason', async () => {
    server.changes.length = 0;
    const answer = await send(
      [
        'type,id,consumerId',
        'car,one,anna',
        'cra,two,',
        'car,known,',
        'fridge,"three",',
        'car,one,',
        'car,not an id,',
        ',four,',
        'car,five,nobody',
        'car,grafana,',
        '',
      ].join('\r\n'),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ registered: 2, refused: 7 });
    const rows = answer.body.rows as {
      row: number;
      id: string;
      status: string;
      code?: string;
      message?: string;
    }[];
    expect(rows.map(({ row, id, status, code }) => [row, id, status, code])).toEqual([
      [2, 'one', 'registered', undefined],
      [3, 'two', 'refused', 'unknown_device_type'],
      [4, 'known', 'refused', 'already_exists'],
      [5, 'three', 'registered', undefined],
      [6, 'one', 'refused', 'bad_request'],
      [7, 'not an id', 'refused', 'bad_request'],
      [8, 'four', 'refused', 'bad_request'],
      [9, 'five', 'refused', 'unknown_consumer'],
      [10, 'grafana', 'refused', 'already_exists'],
    ]);
    expect(rows[1]?.message).toContain('Did you mean "car"?');
    expect(server.changes).toEqual([
      { kind: 'devices', ids: ['one', 'three'] },
      { kind: 'consumers', ids: ['anna'] },
    ]);
    const user = await findUser(server.db, 'one', server.realNow);
    expect(verifyToken(answer.body.rows[0].token, user?.tokenHashes[0] ?? '')).toBe(true);
    expect((await server.call('GET', '/api/v1/devices/one')).body).toMatchObject({ consumerId: 'anna' });
    expect((await server.call('GET', '/api/v1/devices/two')).status).toBe(404);
  });

  it('can be ten thousand at once, and no more', async () => {
    const csv = (count: number) =>
      `id,type\n${Array.from({ length: count }, (_, n) => `bulk-${n},fridge`).join('\n')}`;
    expect(await send(csv(10_001))).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    const answer = await send(csv(10_000));
    expect(answer.body).toMatchObject({ registered: 10_000, refused: 0 });
    expect(new Set(answer.body.rows.map(({ token }: { token: string }) => token)).size).toBe(10_000);
    expect((await send(csv(10_000))).body).toMatchObject({ registered: 0, refused: 10_000 });
  });

  it.each([
    ['', 'invalid_document'],
    ['id,kind\na,car', 'invalid_document'],
    ['id,type,consumer\na,car,', 'invalid_document'],
    ['id,type\n"a,car', 'invalid_document'],
  ])('%j is none', async (csv, code) => {
    const answer = await send(csv);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    if (csv !== '') expect(answer).toMatchObject({ status: 422, body: { code } });
  });

  it('come as CSV only', async () => {
    expect((await send('{"id":"x"}', 'application/json')).status).toBe(415);
  });
});
