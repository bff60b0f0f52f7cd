import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../broker/credentials.ts';
import { ERRORS } from '../../../gateway/errors.ts';
import { ACCESS } from '../../../gateway/http/access.ts';
import type { Role } from '../../../gateway/records/schema.ts';
import { addSession } from '../../../gateway/records/sessions.ts';
import { ADMIN_TOKEN, NOW, startHttp, type TestServer } from './http-server.ts';

const ROLES: readonly Role[] = ['admin', 'marketer', 'analyst', 'device-manager'];
const routes = Object.entries(ACCESS).map(([line, access]) => {
  const [method = '', path = ''] = line.split(' ');
  return { line, method, path, url: path.replaceAll(/:\w+/g, 'nobody'), access };
});

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  await server.db
    .insertInto('users')
    .values({ name: 'maria', role: 'marketer', password_hash: await hashPassword('x') })
    .execute();
  for (const role of ROLES) {
    await addSession(server.db, {
      token: `cookie-of-${role}`,
      session: { kind: 'staff', id: `session-of-${role}`, subject: role, role },
      now: NOW,
      browser: null,
      openedWith: null,
    });
  }
  await signAnnaIn();
});
afterAll(() => server.stop());

async function signAnnaIn(): Promise<void> {
  await server.db.deleteFrom('sessions').where('subject', '=', 'anna').execute();
  await addSession(server.db, {
    token: 'cookie-of-anna',
    session: { kind: 'consumer', id: 'session-of-anna', subject: 'anna' },
    now: NOW,
    browser: null,
    openedWith: 'invitation',
  });
}

/** Live streams do not end by themselves, so only the head of the answer is looked at. */
async function headOf(method: string, url: string, headers: Record<string, string>): Promise<Response> {
  const controller = new AbortController();
  const answer = await fetch(server.url + url, { method, headers, signal: controller.signal });
  controller.abort();
  return answer;
}

async function statusOf(method: string, url: string, headers: Record<string, string>): Promise<number> {
  return (await headOf(method, url, headers)).status;
}

/** By a token that came by e-mail. */
const UNSUBSCRIBE = ['GET /api/v1/unsubscribe/:token', 'POST /api/v1/unsubscribe/:token'];

describe('what a route answers', () => {
  it('is kept by no cache, save the schema that is the same for all', async () => {
    for (const { line, method, url, access } of routes) {
      if (method !== 'GET' || !url.startsWith('/api/v1/')) continue;
      const isMine = access === 'consumer';
      const headers: Record<string, string> = isMine
        ? { cookie: 'wayside_consumer=cookie-of-anna' }
        : { authorization: `Bearer ${ADMIN_TOKEN}` };
      const kept = (await headOf(method, url, headers)).headers.get('cache-control');
      expect([line, kept]).toEqual([
        line,
        url.includes('/schemas/') ? expect.stringContaining('public') : 'no-store',
      ]);
    }
  });
});

describe('who may use which route', () => {
  it('asks everybody to sign in, except where anybody may come', async () => {
    expect(routes.length).toBeGreaterThan(40);
    for (const { line, method, url, access } of routes) {
      const status = await statusOf(method, url, {});
      // Nobody signs in there: a device shows its token, and a notification the one it came with.
      if (['POST /api/v1/device/claim-code', 'POST /api/v1/stop/:token', ...UNSUBSCRIBE].includes(line))
        expect(status).toBe(401);
      else if (access === 'anybody') expect([line, [200, 204, 400, 415, 503]].flat()).toContain(status);
      else expect([line, status]).toEqual([line, 401]);
    }
  });

  it.each(ROLES)('lets the role %s do what the table says, and no more', async (role) => {
    for (const { line, method, url, access } of routes) {
      if (access === 'anybody' || access === 'consumer') continue;
      const status = await statusOf(method, url, { cookie: `wayside_session=cookie-of-${role}` });
      const roles = 'tillsAnd' in access ? access.tillsAnd : access;
      expect([line, status === 403]).toEqual([line, !roles.includes(role)]);
      expect([line, status]).not.toEqual([line, 401]);
    }
  });

  it('lets a consumer reach only their own page', async () => {
    for (const { line, method, url, access } of routes) {
      if (access === 'anybody') continue;
      // Some of the routes sign her out.
      await signAnnaIn();
      const status = await statusOf(method, url, { cookie: 'wayside_consumer=cookie-of-anna' });
      if (access === 'consumer') expect([line, status === 401 || status === 403]).toEqual([line, false]);
      else expect([line, status]).toEqual([line, 403]);
    }
  });

  it('lets a till redeem codes, and nothing else', async () => {
    const { body } = await server.call('POST', '/api/v1/tills', { body: { id: 'till-1', name: 'One' } });
    const authorization = `Bearer ${body.token}`;
    for (const { line, method, url, access } of routes) {
      if (access === 'anybody') continue;
      const status = await statusOf(method, url, { authorization });
      if (line === 'POST /api/v1/redemptions') expect([line, status]).toEqual([line, 400]);
      else expect([line, status]).toEqual([line, 401]);
    }
  });

  it('does not take one kind of cookie for the other', async () => {
    expect(await statusOf('GET', '/api/v1/devices', { cookie: 'wayside_session=cookie-of-anna' })).toBe(401);
    expect(await statusOf('GET', '/api/v1/me', { cookie: 'wayside_consumer=cookie-of-admin' })).toBe(401);
  });

  it('refuses a wrong bearer token, also beside a good cookie', async () => {
    for (const authorization of [`Bearer ${ADMIN_TOKEN}x`, 'Bearer', `Basic ${ADMIN_TOKEN}`]) {
      expect(
        await statusOf('GET', '/api/v1/devices', {
          authorization,
          cookie: 'wayside_session=cookie-of-admin',
        }),
      ).toBe(401);
    }
  });

  it('guards HEAD as GET', async () => {
    expect(await statusOf('HEAD', '/api/v1/devices', {})).toBe(401);
  });
});

describe('documentation', () => {
  it('lists every route of the table and no other', async () => {
    const { body } = await server.call('GET', '/api/openapi.json', { token: null });
    expect(body.openapi).toBe('3.1.0');
    const documented = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(documented.sort()).toEqual(Object.keys(ACCESS).sort());
  });

  it('gives each operation a summary, its roles and the form of its problems', async () => {
    const { body } = await server.call('GET', '/api/openapi.json', { token: null });
    for (const [path, methods] of Object.entries<
      Record<string, { summary?: string; security?: unknown; responses: object }>
    >(body.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect([method, path, operation.summary]).not.toEqual([method, path, undefined]);
        expect([method, path, operation.security]).not.toEqual([method, path, undefined]);
        expect(operation.responses).toHaveProperty('default', { $ref: '#/components/responses/Problem' });
      }
    }
  });

  it('lists every error code', async () => {
    const { body } = await server.call('GET', '/api/openapi.json', { token: null });
    for (const code of Object.keys(ERRORS)) expect(body.info.description).toContain(`\`${code}\``);
  });

  it('shows a page that loads nothing from elsewhere', async () => {
    const page = await server.call('GET', '/api/docs', { token: null });
    expect(page.status).toBe(200);
    expect(page.body).toContain('swagger-ui');
    expect(page.body.match(/(src|href)="https?:/g)).toBeNull();
    expect(page.body).not.toMatch(/<script>/);
    const script = await server.call('GET', '/api/docs/static/swagger-ui-bundle.js', { token: null });
    expect(script.status).toBe(200);
  });
});

describe('the table of errors', () => {
  it('has a mend for each that ends as a sentence', () => {
    for (const [code, { mend, title }] of Object.entries(ERRORS)) {
      expect([code, mend.endsWith('.')]).toEqual([code, true]);
      expect([code, title.endsWith('.')]).toEqual([code, false]);
    }
  });

  it('is where the password file of `bad_credentials` is named as it is written', async () => {
    expect(ERRORS.bad_credentials.mend).toContain('admin-password');
    expect((await readFile(`${server.dataDir}/admin-password`, 'utf8')).trim()).toBe(server.password);
  });
});
