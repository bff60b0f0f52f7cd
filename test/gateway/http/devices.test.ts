import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../../broker/credentials.ts';
import { findUser, findUserNameByToken } from '../../../gateway/records/logins.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  await server.call('POST', '/api/v1/consumers', { body: { id: 'anna' } });
  await server.call('POST', '/api/v1/consumers', { body: { id: 'ben' } });
});
afterAll(() => server.stop());

describe('devices', () => {
  it('are registered with a token that is shown once and kept as a hash', async () => {
    server.changes.length = 0;
    const made = await server.call('POST', '/api/v1/devices', {
      body: { id: 'car-1', type: 'car', consumerId: 'anna' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'car-1', token: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(server.changes).toEqual([{ kind: 'devices', ids: ['car-1'] }]);
    const hash = (await findUser(server.db, 'car-1', NOW))?.tokenHashes[0];
    expect(hash).not.toContain(made.body.token);
    expect(verifyToken(made.body.token, hash ?? '')).toBe(true);
    expect((await server.call('GET', '/api/v1/devices/car-1')).body).toEqual({
      id: 'car-1',
      type: 'car',
      consumerId: 'anna',
      createdAt: NOW + 5,
      revokedAt: null,
      awaitsToken: false,
      presence: { state: 'offline', since: null, lastSeenAt: null },
    });
  });

  it('have ids of their own', async () => {
    const again = await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car' } });
    expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } });
  });

  it('have a known type and owner', async () => {
    const type = await server.call('POST', '/api/v1/devices', { body: { id: 'x', type: 'fridg' } });
    expect(type).toMatchObject({
      status: 422,
      body: { code: 'unknown_device_type', detail: expect.stringContaining('"fridge"') },
    });
    const owner = await server.call('POST', '/api/v1/devices', {
      body: { id: 'x', type: 'car', consumerId: 'nobody' },
    });
    expect(owner).toMatchObject({ status: 422, body: { code: 'unknown_consumer' } });
    expect((await server.call('GET', '/api/v1/devices/x')).status).toBe(404);
  });

  it('can be linked to another consumer, and to nobody', async () => {
    server.changes.length = 0;
    const linked = await server.call('PATCH', '/api/v1/devices/car-1', { body: { consumerId: 'ben' } });
    expect(linked).toMatchObject({ status: 200, body: { consumerId: 'ben' } });
    expect(server.changes).toEqual([
      { kind: 'devices', ids: ['car-1'] },
      { kind: 'consumers', ids: ['anna', 'ben'] },
    ]);
    const free = await server.call('PATCH', '/api/v1/devices/car-1', { body: { consumerId: null } });
    expect(free.body.consumerId).toBeNull();
    expect(
      (await server.call('PATCH', '/api/v1/devices/car-1', { body: { consumerId: 'nobody' } })).status,
    ).toBe(422);
    expect(
      (await server.call('PATCH', '/api/v1/devices/absent', { body: { consumerId: null } })).status,
    ).toBe(404);
  });

  const hashes = async (id = 'car-1', now = server.realNow) =>
    (await findUser(server.db, id, now))?.tokenHashes ?? [];
  const opens = async (token: string, now?: number) =>
    (await hashes('car-1', now)).some((hash) => verifyToken(token, hash));

  it('get a new token that ends the old one at once where that is asked for', async () => {
    server.disconnected.length = 0;
    const before = await hashes();
    const renewed = await server.call('POST', '/api/v1/devices/car-1/token', { body: { overlapSeconds: 0 } });
    expect(renewed).toMatchObject({ status: 201, body: { oldTokenUntil: null } });
    expect(await opens(renewed.body.token)).toBe(true);
    expect(await hashes()).not.toContain(before[0]);
    expect(server.disconnected).toEqual(['car-1']);
    expect((await server.call('POST', '/api/v1/devices/absent/token')).status).toBe(404);
  });

  it('get a new token beside the old one, which ends by itself or is ended', async () => {
    const first = (await server.call('POST', '/api/v1/devices/car-1/token', { body: { overlapSeconds: 0 } }))
      .body.token;
    const second = await server.call('POST', '/api/v1/devices/car-1/token');
    expect(second.body.oldTokenUntil).toBe(server.realNow + 86_400_000);
    expect([await opens(first), await opens(second.body.token)]).toEqual([true, true]);
    expect(await opens(first, server.realNow + 86_400_000)).toBe(false);
    expect(await findUserNameByToken(server.db, first, server.realNow)).toBe('car-1');
    expect((await server.call('DELETE', '/api/v1/devices/car-1/old-tokens')).status).toBe(204);
    expect([await opens(first), await opens(second.body.token)]).toEqual([false, true]);
    expect(await findUserNameByToken(server.db, first, server.realNow)).toBeNull();
  });

  it('have at most five tokens at a time, and none outlives what was said last', async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      tokens.push((await server.call('POST', '/api/v1/devices/car-1/token')).body.token);
      if (n > 0) expect(await opens(tokens[n - 1] ?? ''), 'the one that was good until now').toBe(true);
    }
    expect((await hashes()).length).toBe(5);
    expect(await opens(tokens[39] ?? '')).toBe(true);
    await server.call('POST', '/api/v1/devices/car-1/token', { body: { overlapSeconds: 10 } });
    expect((await hashes('car-1', server.realNow + 11_000)).length).toBe(1);
  });

  it('that are revoked stay out until they get a new token', async () => {
    server.disconnected.length = 0;
    expect((await server.call('DELETE', '/api/v1/devices/car-1/token')).status).toBe(204);
    expect(server.disconnected).toEqual(['car-1']);
    expect(await findUser(server.db, 'car-1', server.realNow)).toBeNull();
    expect((await server.call('GET', '/api/v1/devices/car-1')).body.revokedAt).toBe(server.realNow);
    const renewed = await server.call('POST', '/api/v1/devices/car-1/token');
    expect(await hashes()).toHaveLength(1);
    expect(await opens(renewed.body.token)).toBe(true);
    expect((await server.call('GET', '/api/v1/devices/car-1')).body.revokedAt).toBeNull();
  });

  it('are listed in pages without gaps or repeats, also when made in one millisecond', async () => {
    for (let i = 0; i < 7; i += 1)
      await server.call('POST', '/api/v1/devices', { body: { id: `f-${i}`, type: 'fridge' } });
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await server.call('GET', `/api/v1/devices?type=fridge&limit=3${cursor}`);
      expect(page.body.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.body.items.map((device: { id: string }) => device.id));
      cursor = page.body.next === null ? '' : `&cursor=${page.body.next}`;
    } while (cursor !== '');
    expect(seen).toEqual(['f-6', 'f-5', 'f-4', 'f-3', 'f-2', 'f-1', 'f-0']);
  });

  it('refuse the cursor of another list', async () => {
    const page = await server.call('GET', '/api/v1/devices?limit=1');
    expect((await server.call('GET', `/api/v1/consumers?cursor=${page.body.next}`)).body).toMatchObject({
      code: 'bad_cursor',
    });
  });

  it('are filtered by consumer, and tell their types', async () => {
    await server.call('PATCH', '/api/v1/devices/car-1', { body: { consumerId: 'ben' } });
    expect((await server.call('GET', '/api/v1/devices?consumer=ben')).body.items).toHaveLength(1);
    const types = await server.call('GET', '/api/v1/device-types');
    expect(types.body.items.map((type: { id: string }) => type.id)).toContain('fridge');
    expect(types.body.items[0].metrics.fuel).toMatchObject({ kind: 'number', unit: 'ratio', max: 1 });
  });

  it('leave a trace of every change', async () => {
    const audit = await server.call('GET', '/api/v1/audit?subject=car-1');
    const all: string[] = audit.body.items.map((entry: { action: string }) => entry.action);
    const actions = all.filter((action) => action !== 'device.read');
    expect(actions.reverse().slice(0, 5)).toEqual([
      'device.created',
      'device.linked',
      'device.linked',
      'device.token_replaced',
      'device.token_replaced',
    ]);
    expect(actions).toContain('device.old_tokens_ended');
    expect(actions).toContain('device.revoked');
    expect(audit.body.items[0]).toMatchObject({ actor: 'admin-token', at: NOW + 5 });
    expect(JSON.stringify(audit.body)).not.toContain('sha256');
  });
});
