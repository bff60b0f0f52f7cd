import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from '../http-server.ts';
import { addPerson } from './people.ts';

const TIMES = 15;
/** They name whom an erasure is about until the engine has forgotten them, and there is none here. */
const MARKS = ['consumer_erasures', 'device_erasures'];

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

/** Tables of the records in which a text stands somewhere, besides the marks of erasures. */
async function tablesWith(text: string): Promise<readonly string[]> {
  const tables = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
    server.db,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    if (MARKS.includes(name)) continue;
    const { rows } = await sql<object>`select * from ${sql.table(name)}`.execute(server.db);
    if (JSON.stringify(rows).includes(text)) found.push(name);
  }
  return found;
}

const invite = async (id: string): Promise<string> => {
  const { body } = await server.call('POST', `/api/v1/consumers/${id}/invitations`);
  return body.url.split('#invite=')[1];
};

describe('who is erased at the same moment', () => {
  it('is left in no session that a link opened', async () => {
    for (let n = 0; n < TIMES; n += 1) {
      const id = `signs-in-${n}-`;
      await server.call('POST', '/api/v1/consumers', { body: { id } });
      const code = await invite(id);
      const [opened] = await Promise.all([
        server.call('POST', '/api/v1/me/session', { token: null, body: { code } }),
        server.call('DELETE', `/api/v1/consumers/${id}`),
      ]);
      expect([204, 401]).toContain(opened.status);
    }
    expect(await tablesWith('signs-in-')).toEqual([]);
  });

  it.each([
    ['DELETE', '/sessions'],
    ['POST', '/stop'],
    ['PUT', '/consents/device_offers', { granted: true }],
    ['PUT', '/quiet-hours', { quietHours: null }],
    [
      'POST',
      '/push-subscriptions',
      {
        endpoint: 'http://127.0.0.1:9999/somebody',
        keys: {
          p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
          auth: 'tBHItJI5svbpez7KI4CCXg',
        },
      },
    ],
  ])('is written down nowhere again by %s %s', async (method, path, body?: object) => {
    const tag = `does-${method}-${path.split('/')[1]}-`;
    for (let n = 0; n < TIMES; n += 1) {
      const id = tag + n;
      const cookie = await addPerson(server, id);
      const [answer] = await Promise.all([
        server.call(method, `/api/v1/me${path}`, { cookie, ...(body !== undefined && { body }) }),
        server.call('DELETE', `/api/v1/consumers/${id}`),
      ]);
      expect(answer.status).toBeLessThan(500);
    }
    expect(await tablesWith(tag)).toEqual([]);
  });

  it('takes no device along', async () => {
    for (let n = 0; n < TIMES; n += 1) {
      const id = `claims-${n}-`;
      const cookie = await addPerson(server, id);
      await server.call('POST', '/api/v1/devices', { body: { id: `van-${n}`, type: 'car' } });
      const { code } = (await server.call('POST', `/api/v1/devices/van-${n}/claim-code`)).body;
      const [answer] = await Promise.all([
        server.call('POST', '/api/v1/me/devices', { cookie, body: { code } }),
        server.call('DELETE', `/api/v1/consumers/${id}`),
      ]);
      expect(answer.status).toBeLessThan(500);
    }
    expect(await tablesWith('claims-')).toEqual([]);
  });
});

describe('who signs out everywhere at the same moment', () => {
  it('is left in no session that a link opened', async () => {
    for (let n = 0; n < TIMES; n += 1) {
      const id = `everywhere-${n}`;
      const cookie = await addPerson(server, id);
      const code = await invite(id);
      await Promise.all([
        server.call('DELETE', '/api/v1/me/sessions', { cookie }),
        server.call('POST', '/api/v1/me/session', { token: null, body: { code } }),
      ]);
    }
    const left = await server.db.selectFrom('sessions').select('subject').execute();
    expect(left.filter(({ subject }) => subject.startsWith('everywhere-'))).toEqual([]);
  });
});
