import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../../broker/credentials.ts';
import { findUser } from '../../../gateway/records/logins.ts';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const PATH = '/api/v1/service-accounts';

describe('service accounts', () => {
  it('are made with a token that is shown once, and found by their filters', async () => {
    const filters = { publish: ['devices/+/telemetry'], subscribe: ['devices/#'] };
    const made = await server.call('POST', PATH, { body: { id: 'node-red', ...filters } });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'node-red', token: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(Object.keys(made.body)).toEqual(['id', 'token']);
    const user = await findUser(server.db, 'node-red', server.realNow);
    expect(user?.principal).toEqual({ kind: 'service', id: 'node-red', ...filters });
    expect(verifyToken(made.body.token, user?.tokenHashes[0] ?? '')).toBe(true);
    expect((await server.call('GET', PATH)).body.items).toEqual([
      { id: 'node-red', ...filters, createdAt: expect.any(Number) },
    ]);
  });

  it('share their names with devices', async () => {
    await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car' } });
    expect(await server.call('POST', PATH, { body: { id: 'car-1' } })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    expect(
      await server.call('POST', '/api/v1/devices', { body: { id: 'node-red', type: 'car' } }),
    ).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
  });

  it('have filters that are filters; all that are not are named', async () => {
    const answer = await server.call('POST', PATH, {
      body: { id: 'x', publish: ['a/#/b', 'ok/+'], subscribe: ['', '$SYS/#'] },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual([
      'publish.0',
      'subscribe.0',
      'subscribe.1',
    ]);
  });

  it('get new filters and new tokens, and go with their sessions', async () => {
    server.disconnected.length = 0;
    const changed = await server.call('PUT', `${PATH}/node-red`, {
      body: { publish: [], subscribe: ['a/#'] },
    });
    expect(changed).toMatchObject({ status: 200, body: { publish: [], subscribe: ['a/#'] } });
    const renewed = await server.call('POST', `${PATH}/node-red/token`, { body: { overlapSeconds: 60 } });
    expect(renewed).toMatchObject({ status: 201, body: { oldTokenUntil: server.realNow + 60_000 } });
    expect((await findUser(server.db, 'node-red', server.realNow))?.tokenHashes).toHaveLength(2);
    expect((await server.call('DELETE', `${PATH}/node-red/old-tokens`)).status).toBe(204);
    expect((await findUser(server.db, 'node-red', server.realNow))?.tokenHashes).toHaveLength(1);
    expect((await server.call('DELETE', `${PATH}/node-red`)).status).toBe(204);
    expect(server.disconnected[0]).toBe('node-red');
    expect(server.disconnected.at(-1)).toBe('forgotten:node-red');
    expect(await findUser(server.db, 'node-red', server.realNow)).toBeNull();
    for (const [method, path] of [
      ['GET', PATH],
      ['DELETE', PATH],
      ['POST', `${PATH}/absent/token`],
    ] as const) {
      const answer = await server.call(method, path.includes('absent') ? path : `${path}/node-red`);
      expect(answer.status).toBe(404);
    }
  });
});
