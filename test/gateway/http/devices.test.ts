import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../../broker/credentials.ts';
import { findUser } from '../../../gateway/records/logins.ts';
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
    const hash = (await findUser(server.db, 'car-1'))?.tokenHashes[0];
    expect(hash).not.toContain(made.body.token);
    expect(verifyToken(made.body.token, hash ?? '')).toBe(true);
    expect((await server.call('GET', '/api/v1/devices/car-1')).body).toEqual({
      id: 'car-1',
      type: 'car',
      consumerId: 'anna',
      createdAt: NOW + 5,
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

  it('get a new token that closes their connections', async () => {
    const before = (await findUser(server.db, 'car-1'))?.tokenHashes[0];
    const renewed = await server.call('POST', '/api/v1/devices/car-1/token');
    expect(renewed.status).toBe(201);
    const after = (await findUser(server.db, 'car-1'))?.tokenHashes[0] ?? '';
    expect(verifyToken(renewed.body.token, after)).toBe(true);
    expect(verifyToken(renewed.body.token, before ?? '')).toBe(false);
    expect(server.disconnected).toEqual(['car-1']);
    expect((await server.call('POST', '/api/v1/devices/absent/token')).status).toBe(404);
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
    const actions = audit.body.items.map((entry: { action: string }) => entry.action);
    expect(actions.reverse()).toEqual([
      'device.created',
      'device.linked',
      'device.linked',
      'device.token_replaced',
      'device.linked',
    ]);
    expect(audit.body.items[0]).toMatchObject({ actor: 'admin-token', at: NOW + 5 });
    expect(JSON.stringify(audit.body)).not.toContain('sha256');
  });
});
