import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cookieOf, NOW, startHttp, type TestServer } from '../http-server.ts';
import { addPerson, enter, openPage } from './people.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.realNow = NOW;
});

const status = async (cookie: string) => (await server.call('GET', '/api/v1/me', { cookie })).status;
const sessions = async (cookie: string) =>
  (await server.call('GET', '/api/v1/me/sessions', { cookie })).body as {
    id: string;
    browser: string | null;
    openedWith: string;
    current: boolean;
    lastSeenAt: number;
    expiresAt: number;
  }[];

describe('sessions of a consumer', () => {
  it('end after seven days without use, and live on while they are used', async () => {
    const idle = await addPerson(server, 'idle');
    const used = await addPerson(server, 'used');
    for (let day = 1; day <= 7; day += 1) {
      server.realNow = NOW + day * DAY_MS - 1;
      expect(await status(used)).toBe(200);
    }
    server.realNow = NOW + 7 * DAY_MS;
    expect(await status(idle)).toBe(401);
    expect(await status(used)).toBe(200);
  });

  it('end after thirty days, however much they are used', async () => {
    const cookie = await addPerson(server, 'eager');
    for (let hours = 12; hours < 30 * 24; hours += 12) {
      server.realNow = NOW + hours * HOUR_MS;
      expect(await status(cookie)).toBe(200);
    }
    server.realNow = NOW + 30 * DAY_MS;
    expect(await status(cookie)).toBe(401);
  });

  it('are listed with their browsers, the one that asks marked', async () => {
    const first = await addPerson(server, 'anna', { userAgent: FIREFOX });
    server.realNow = NOW + HOUR_MS;
    const second = await openPage(server, 'anna', IPHONE);
    const listed = await sessions(second);
    expect(listed).toMatchObject([
      { browser: 'Safari on iPhone', openedWith: 'invitation', current: true, lastSeenAt: NOW + HOUR_MS },
      { browser: 'Firefox on Linux', openedWith: 'invitation', current: false, lastSeenAt: NOW },
    ]);
    expect((await server.call('GET', '/api/v1/me', { cookie: first })).body.sessions).toBe(2);
    // What names a session opens none.
    for (const { id } of listed) expect(await status(`wayside_consumer=${id}`)).toBe(401);
  });

  it('are ended one by one, and not by others', async () => {
    const own = await addPerson(server, 'bert');
    const other = await openPage(server, 'bert');
    const stranger = await addPerson(server, 'carla');
    const [target] = (await sessions(own)).filter(({ current }) => !current);
    const end = (cookie: string) => server.call('DELETE', `/api/v1/me/sessions/${target?.id}`, { cookie });
    expect((await end(stranger)).status).toBe(404);
    expect(await status(other)).toBe(200);
    expect((await end(own)).status).toBe(204);
    expect([await status(own), await status(other)]).toEqual([200, 401]);
    expect((await end(own)).status).toBe(404);
  });

  it('are all ended together, with links that nobody opened yet; other people stay', async () => {
    const cookies = [await addPerson(server, 'dora'), await openPage(server, 'dora')];
    const stranger = await addPerson(server, 'emil');
    const waiting = (await server.call('POST', '/api/v1/consumers/dora/invitations')).body.url.split('=')[1];
    const left = await server.call('DELETE', '/api/v1/me/sessions', { cookie: cookies[0] ?? '' });
    expect(left.status).toBe(204);
    expect(left.headers.getSetCookie()[0]).toMatch(/wayside_consumer=;/);
    for (const cookie of cookies) expect(await status(cookie)).toBe(401);
    expect(await enter(server, waiting)).toBe('');
    expect(await status(stranger)).toBe(200);
  });

  it('get a new cookie at each sign-in, and the one before is over', async () => {
    const before = await addPerson(server, 'finn');
    const { body } = await server.call('POST', '/api/v1/consumers/finn/invitations');
    const again = await server.call('POST', '/api/v1/me/session', {
      cookie: before,
      body: { code: body.url.split('=')[1] },
    });
    const after = cookieOf(again);
    expect(after).not.toBe(before);
    expect([await status(before), await status(after)]).toEqual([401, 200]);
    expect(again.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict/);
  });

  it('are refused where they were forged', async () => {
    const cookie = await addPerson(server, 'gina');
    const row = await server.db
      .selectFrom('sessions')
      .selectAll()
      .where('subject', '=', 'gina')
      .executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(cookie.split('=')[1]);
    for (const forged of [
      `${cookie}x`,
      cookie.slice(0, -1),
      `wayside_consumer=${row.token_hash}`,
      'wayside_consumer=',
    ])
      expect(await status(forged)).toBe(401);
    expect(await status(cookie.replace('wayside_consumer', 'wayside_session'))).toBe(401);
  });

  it('are fifty at most: the one that was used longest ago is signed out', async () => {
    const first = await addPerson(server, 'hugo');
    for (let opened = 1; opened <= 50; opened += 1) {
      server.realNow = NOW + opened * 1_000;
      await openPage(server, 'hugo');
    }
    expect(await status(first)).toBe(401);
    const rows = await server.db.selectFrom('sessions').select('id').where('subject', '=', 'hugo').execute();
    expect(rows).toHaveLength(50);
  });
});
