import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieOf, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const add = (name: string, role: string) => server.call('POST', '/api/v1/users', { body: { name, role } });
const remove = (name: string) => server.call('DELETE', `/api/v1/users/${name}`);
const signIn = (name: string, password: string) =>
  server.call('POST', '/api/v1/session', { token: null, body: { name, password } });

describe('users', () => {
  it('are made with a password that is shown once, and do what their role may', async () => {
    const made = await add('maria@acme.example', 'marketer');
    expect(made).toMatchObject({ status: 201, body: { name: 'maria@acme.example', role: 'marketer' } });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const answer = await signIn('maria@acme.example', made.body.password);
    expect(answer.status).toBe(204);
    const cookie = cookieOf(answer);
    expect((await server.call('GET', '/api/v1/session', { cookie })).body.role).toBe('marketer');
    expect((await server.call('GET', '/api/v1/rules', { cookie })).status).toBe(200);
    expect((await server.call('GET', '/api/v1/users', { cookie })).status).toBe(403);
    const { body } = await server.call('GET', '/api/v1/users');
    expect(body).toEqual({
      items: [
        { name: 'admin', role: 'admin' },
        { name: 'maria@acme.example', role: 'marketer' },
      ],
      next: null,
    });
    expect(server.logLines.join()).not.toContain(made.body.password);
  });

  it('can be removed, which ends their sessions', async () => {
    const { body } = await add('ben', 'analyst');
    const cookie = cookieOf(await signIn('ben', body.password));
    expect((await server.call('GET', '/api/v1/session', { cookie })).status).toBe(200);
    expect((await remove('ben')).status).toBe(204);
    expect((await server.call('GET', '/api/v1/session', { cookie })).status).toBe(401);
    expect((await signIn('ben', body.password)).status).toBe(401);
    expect((await remove('ben')).status).toBe(404);
    const audit = await server.call('GET', '/api/v1/audit?subject=ben');
    expect(audit.body.items).toMatchObject([
      { action: 'user.deleted', actor: 'admin-token', detail: { role: 'analyst' } },
      { action: 'user.created', actor: 'admin-token', detail: { role: 'analyst' } },
    ]);
  });

  it('are in no session that their password opened while they were removed', async () => {
    const { body } = await add('carl', 'admin');
    const [, removed] = await Promise.all([signIn('carl', body.password), remove('carl')]);
    expect(removed.status).toBe(204);
    const left = server.db.selectFrom('sessions').select('id').where('subject', '=', 'carl');
    expect(await left.execute()).toEqual([]);
  });

  it('always have an admin among them', async () => {
    expect(await remove('admin')).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
    expect((await add('second', 'admin')).status).toBe(201);
    const both = await Promise.all([remove('admin'), remove('second')]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 409]);
  });

  it.each([
    ['a name that is taken', 409, { name: 'maria@acme.example', role: 'admin' }],
    ['a name that the audit gives to the token', 409, { name: 'admin-token', role: 'admin' }],
    ['a name like that of a consumer in the audit', 400, { name: 'consumer:anna', role: 'admin' }],
    ['an unknown role', 400, { name: 'carl', role: 'owner' }],
    ['a password of their own', 400, { name: 'carl', role: 'admin', password: '1234' }],
  ])('are refused with %s', async (_what, status, body) => {
    expect((await server.call('POST', '/api/v1/users', { body })).status).toBe(status);
  });
});
