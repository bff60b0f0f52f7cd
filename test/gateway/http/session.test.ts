import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureAdmin } from '../../../gateway/records/users.ts';
import { cookieOf, NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const signIn = (name: string, password: string) =>
  server.call('POST', '/api/v1/session', { token: null, body: { name, password } });

describe('signing in', () => {
  it('works with the password of the first start, whose file is the owner’s alone', async () => {
    expect((await stat(`${server.dataDir}/admin-password`)).mode & 0o777).toBe(0o600);
    expect(await ensureAdmin(server.db, server.dataDir)).toBeNull();
    const answer = await signIn('admin', server.password);
    expect(answer.status).toBe(204);
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^wayside_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await server.call('GET', '/api/v1/session', { cookie: cookieOf(answer) })).toMatchObject({
      status: 200,
      body: { name: 'admin', role: 'admin' },
    });
  });

  it('keeps no cookie that could be used again', async () => {
    const cookie = cookieOf(await signIn('admin', server.password)).split('=')[1] ?? '';
    const rows = await server.db.selectFrom('sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(cookie);
  });

  it('ends on signing out, and by itself after twelve hours', async () => {
    const first = cookieOf(await signIn('admin', server.password));
    expect((await server.call('DELETE', '/api/v1/session', { cookie: first })).status).toBe(204);
    expect((await server.call('GET', '/api/v1/session', { cookie: first })).status).toBe(401);
    const second = cookieOf(await signIn('admin', server.password));
    server.realNow = NOW + 12 * 3_600_000;
    expect((await server.call('GET', '/api/v1/session', { cookie: second })).status).toBe(401);
    server.realNow = NOW;
  });

  it('answers alike for a wrong password and an unknown name', async () => {
    const wrong = await signIn('admin', 'wrong');
    const unknown = await signIn('nobody', 'wrong');
    expect(wrong).toMatchObject({ status: 401, body: { code: 'bad_credentials' } });
    expect(unknown.body).toEqual({ ...wrong.body, requestId: unknown.body.requestId });
    await signIn('admin', server.password);
  });

  it('does not count as a try what was refused because too many were being looked at', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `busy-${index}`);
    const answers = await Promise.all(names.map((name) => signIn(name, 'wrong')));
    const refused = names.find((_, index) => answers[index]?.status === 429) ?? '';
    expect(refused).not.toBe('');
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await signIn(refused, 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('has those wait who guess from ever other addresses of one household', async () => {
    const statuses: number[] = [];
    for (const end of [1, 2, 3, 4, 5, 6]) {
      const headers = { 'x-forwarded-for': `2001:db8:0:7::${end}` };
      const body = { name: 'household', password: 'wrong' };
      statuses.push((await server.call('POST', '/api/v1/session', { token: null, body, headers })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('has those wait who guess, also many at once, and forgives in time', async () => {
    const tries = await Promise.all(Array.from({ length: 12 }, () => signIn('guessed', 'wrong')));
    const statuses = tries.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    const refused = tries.find((answer) => answer.status === 429);
    expect(refused).toMatchObject({ body: { code: 'too_many_requests' } });
    expect(refused?.headers.get('retry-after')).toBe('1');
    server.realNow = NOW + 1_000;
    expect((await signIn('guessed', 'wrong')).status).toBe(401);
    server.realNow = NOW + 1_500;
    expect((await signIn('guessed', 'wrong')).headers.get('retry-after')).toBe('2');
    server.realNow = NOW + 3_600_000;
    expect((await signIn('guessed', 'wrong')).status).toBe(401);
    server.realNow = NOW;
  });

  it('checks few passwords at once, whoever asks', async () => {
    const tries = await Promise.all(Array.from({ length: 30 }, (_, i) => signIn(`sprayed-${i}`, 'wrong')));
    const statuses = new Set(tries.map((answer) => answer.status));
    expect([...statuses].sort()).toEqual([401, 429]);
  });

  it('is not held up by those who guess at another name', async () => {
    expect((await signIn('admin', server.password)).status).toBe(204);
  });

  it('is of no use to a page of another origin, not even of the same site', async () => {
    const cookie = cookieOf(await signIn('admin', server.password));
    const from = (site: string, method: string) =>
      server.call(method, '/api/v1/consumers', {
        cookie,
        headers: { 'sec-fetch-site': site },
        ...(method === 'POST' && { body: {} }),
      });
    for (const site of ['same-site', 'cross-site'])
      expect(await from(site, 'POST')).toMatchObject({ status: 403, body: { code: 'foreign_origin' } });
    expect((await from('same-origin', 'POST')).status).toBe(201);
    expect((await from('same-site', 'GET')).status).toBe(200);

    const { host } = new URL(server.url);
    const withOrigin = (origin: string) =>
      server.call('POST', '/api/v1/consumers/absent/invitations', { cookie, headers: { origin } });
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'null'])
      expect(await withOrigin(origin)).toMatchObject({ status: 403, body: { code: 'foreign_origin' } });
    for (const origin of [`http://${host}`, `https://${host}`])
      expect((await withOrigin(origin)).status).toBe(404);
    const byToken = await server.call('POST', '/api/v1/consumers', {
      body: {},
      headers: { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
    });
    expect(byToken.status).toBe(201);
  });

  it('logs neither passwords nor cookies', () => {
    expect(server.logLines.join()).not.toContain(server.password);
  });
});

describe('behind https', () => {
  it('cookies are for https alone, and browsers are told to stay with it', async () => {
    const secure = await startHttp({ publicUrl: 'https://wayside.example' });
    const answer = await secure.call('POST', '/api/v1/session', {
      token: null,
      body: { name: 'admin', password: secure.password },
    });
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
    expect(answer.headers.get('strict-transport-security')).toContain('max-age');
    await secure.stop();
  });
});

describe('the consumer page', () => {
  let link: string;
  const code = () => link.split('#invite=')[1] ?? '';
  const open = (value: string) =>
    server.call('POST', '/api/v1/me/session', { token: null, body: { code: value } });

  beforeAll(async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'anna', timezone: 'Europe/Rome' } });
    await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car', consumerId: 'anna' } });
    const made = await server.call('POST', '/api/v1/consumers/anna/invitations');
    expect(made).toMatchObject({ status: 201, body: { expiresAt: NOW + 7 * 86_400_000 } });
    link = made.body.url;
  });

  it('opens with a link once', async () => {
    expect(link).toMatch(/^http:\/\/localhost:\d+\/me#invite=[\w-]{43}$/);
    const [one, two] = await Promise.all([open(code()), open(code())]);
    expect([one.status, two.status].sort()).toEqual([204, 401]);
    expect((await open(code())).body).toMatchObject({ code: 'bad_invitation' });
  });

  it('does not open with a link that is a week old, nor with a made-up one', async () => {
    const { body } = await server.call('POST', '/api/v1/consumers/anna/invitations');
    server.realNow = NOW + 7 * 86_400_000;
    expect((await open(body.url.split('#invite=')[1])).status).toBe(401);
    server.realNow = NOW;
    expect((await open('made-up')).status).toBe(401);
    expect((await server.call('POST', '/api/v1/consumers/absent/invitations')).status).toBe(404);
  });

  it('shows what is known, and lets the person decide', async () => {
    server.realNow = NOW + 3_600_000;
    const { body } = await server.call('POST', '/api/v1/consumers/anna/invitations');
    const cookie = cookieOf(await open(body.url.split('#invite=')[1]));
    const me = (method: string, path: string, sent?: unknown) =>
      server.call(method, `/api/v1/me${path}`, { cookie, ...(sent !== undefined && { body: sent }) });
    expect(await me('GET', '')).toMatchObject({
      status: 200,
      body: {
        id: 'anna',
        timezone: 'Europe/Rome',
        quietHours: { from: '21:00', to: '08:00' },
        consents: [],
        devices: [{ id: 'car-1', type: 'car' }],
        vapidPublicKey: server.pushKeys.ring.current.publicKey,
        subscriptions: 0,
      },
    });
    server.changes.length = 0;
    expect((await me('PUT', '/consents/location_offers', { granted: true })).body).toMatchObject({
      source: 'consumer-page',
      granted: true,
    });
    expect((await me('PUT', '/quiet-hours', { quietHours: null, timezone: 'Asia/Tokyo' })).body).toEqual({
      quietHours: null,
      timezone: 'Asia/Tokyo',
    });
    expect((await me('PUT', '/quiet-hours', { quietHours: null, timezone: 'Mars/Base' })).status).toBe(400);
    const endpoint = 'http://127.0.0.1:9999/browser';
    const keys = {
      p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    };
    expect(
      (await me('POST', '/push-subscriptions', { endpoint: 'https://example.org/x', keys })).status,
    ).toBe(422);
    expect((await me('POST', '/push-subscriptions', { endpoint, keys })).status).toBe(201);
    expect((await me('GET', '')).body.subscriptions).toBe(1);
    expect((await me('DELETE', '/push-subscriptions', { endpoint })).status).toBe(204);
    expect((await me('DELETE', '/push-subscriptions', { endpoint })).status).toBe(404);
    await me('POST', '/push-subscriptions', { endpoint, keys });
    expect(server.changes).toHaveLength(5);
    expect((await me('POST', '/stop')).status).toBe(204);
    const stopped = (await me('GET', '')).body;
    expect(stopped.subscriptions).toBe(0);
    expect(stopped.consents).toMatchObject([
      { purpose: 'location_offers', granted: false, source: 'consumer-page' },
    ]);
    expect((await me('GET', '/offers')).body).toEqual({ items: [], next: null });
    expect((await server.call('DELETE', '/api/v1/me/session', { cookie })).status).toBe(204);
    expect((await me('GET', '')).status).toBe(401);
    const audit = await server.call('GET', '/api/v1/audit?actor=consumer:anna');
    expect(audit.body.items[0]).toMatchObject({ action: 'consumer.stopped', subject: 'anna' });
    server.realNow = NOW;
  });
});
