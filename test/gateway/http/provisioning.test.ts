import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../../broker/credentials.ts';
import { firstContact } from '../../../gateway/first-contact.ts';
import { findUser } from '../../../gateway/records/logins.ts';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const makeKey = async (body: object) =>
  (await server.call('POST', '/api/v1/fleet-keys', { body: { type: 'fridge', maxDevices: 2, ...body } }))
    .body;
const provision = (id: string, key: string) =>
  server.call('POST', '/api/v1/provision', { body: { id, key }, token: '' });
const contact = () =>
  firstContact(
    server.db,
    { now: () => server.realNow, realNow: () => server.realNow },
    async () => undefined,
    () => undefined,
  );

describe('first contact', () => {
  it('makes a device of the key’s type, which may ask again until it has used its token', async () => {
    const { key } = await makeKey({ id: 'fridges', idPrefix: 'f-' });
    server.changes.length = 0;
    const first = await provision('f-1', key);
    expect(first.status).toBe(201);
    expect(server.changes).toEqual([{ kind: 'devices', ids: ['f-1'] }]);
    expect((await server.call('GET', '/api/v1/devices/f-1')).body).toMatchObject({
      type: 'fridge',
      awaitsToken: true,
    });
    const second = await provision('f-1', key);
    expect(second.status).toBe(201);
    const [hash = ''] = (await findUser(server.db, 'f-1', server.realNow))?.tokenHashes ?? [];
    expect([verifyToken(first.body.token, hash), verifyToken(second.body.token, hash)]).toEqual([
      false,
      true,
    ]);
    await contact().ownTokenUsed('f-1');
    expect(await provision('f-1', key)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(await contact().provision('f-1', key)).toBeNull();
    expect(await contact().issueToken('f-1')).toBeNull();
  });

  it('keeps to the prefix, the number and the end of the key', async () => {
    const { key } = await makeKey({ id: 'bound', idPrefix: 'b-', expiresAt: server.realNow + 1_000 });
    expect(await provision('f-9', key)).toMatchObject({ status: 401, body: { code: 'bad_fleet_key' } });
    expect((await provision('b-1', key)).status).toBe(201);
    expect(await contact().provision('b-2', key)).toBe('bound');
    expect(await provision('b-3', key)).toMatchObject({ status: 409, body: { code: 'fleet_key_used_up' } });
    const listed = (await server.call('GET', '/api/v1/fleet-keys')).body.items;
    expect(listed.find((one: { id: string }) => one.id === 'bound')).toMatchObject({
      devices: 2,
      maxDevices: 2,
    });
    server.realNow += 1_000;
    expect(await provision('b-1', key)).toMatchObject({ status: 401, body: { code: 'bad_fleet_key' } });
  });

  it('does not take over devices that are there', async () => {
    const { key } = await makeKey({ id: 'any' });
    await server.call('POST', '/api/v1/devices', { body: { id: 'mine', type: 'car' } });
    expect((await provision('mine', key)).status).toBe(409);
    expect(await contact().provision('mine', key)).toBeNull();
    expect((await provision('other', 'no-such-key')).status).toBe(401);
    const { key: another } = await makeKey({ id: 'another' });
    expect((await provision('theirs', key)).status).toBe(201);
    expect((await provision('theirs', another)).status).toBe(409);
  });

  it('ends with a key that is revoked, and for a device that is', async () => {
    const { key } = await makeKey({ id: 'ended' });
    expect((await provision('e-1', key)).status).toBe(201);
    await server.call('DELETE', '/api/v1/devices/e-1/token');
    expect((await provision('e-1', key)).status).toBe(409);
    server.disconnected.length = 0;
    expect((await server.call('DELETE', '/api/v1/fleet-keys/ended')).status).toBe(204);
    expect(server.disconnected).toEqual(['fleet:ended']);
    expect((await provision('e-2', key)).status).toBe(401);
    expect(JSON.stringify((await server.call('GET', '/api/v1/fleet-keys')).body)).not.toContain(key);
  });

  it('takes no key that has ended before it began', async () => {
    const body = { id: 'late', type: 'car', maxDevices: 1, expiresAt: server.realNow };
    const answer = await server.call('POST', '/api/v1/fleet-keys', { body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
  });

  it('knows its types', async () => {
    const answer = await server.call('POST', '/api/v1/fleet-keys', {
      body: { id: 'x', type: 'frige', maxDevices: 1 },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'unknown_device_type' } });
  });
});
