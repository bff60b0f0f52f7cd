import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimCodeHash, newClaimCode } from '../../../gateway/http/claim-code.ts';
import { cookieOf, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
const cookies = new Map<string, string>();
beforeAll(async () => {
  server = await startHttp();
  for (const id of ['anna', 'ben', 'guess']) {
    await server.call('POST', '/api/v1/consumers', { body: { id } });
    const { url } = (await server.call('POST', `/api/v1/consumers/${id}/invitations`)).body;
    const code = new URL(url).hash.replace('#invite=', '');
    cookies.set(id, cookieOf(await server.call('POST', '/api/v1/me/session', { body: { code } })));
  }
});
afterAll(() => server.stop());

const register = async (id: string) =>
  (await server.call('POST', '/api/v1/devices', { body: { id, type: 'car' } })).body.token as string;
const makeCode = async (id: string, body?: object) =>
  server.call('POST', `/api/v1/devices/${id}/claim-code`, body === undefined ? {} : { body });
const claim = (consumer: string, code: string) =>
  server.call('POST', '/api/v1/me/devices', { body: { code }, cookie: cookies.get(consumer) ?? '' });

describe('claiming', () => {
  it('links a device to who types its code, once, however it is written', async () => {
    await register('c-1');
    const made = await makeCode('c-1');
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: 'c-1',
        code: expect.stringMatching(/^[A-Z2-9]{4}-[A-Z2-9]{4}$/),
        url: expect.stringMatching(/^http:\/\/localhost:\d+\/me#claim=[A-Z2-9]{4}-[A-Z2-9]{4}$/),
        expiresAt: server.realNow + 604_800_000,
      },
    });
    server.changes.length = 0;
    const typed = ` ${made.body.code.toLowerCase().replace('-', ' ')} `;
    expect(await claim('anna', typed)).toMatchObject({ status: 201, body: { id: 'c-1', type: 'car' } });
    expect(server.changes).toEqual([
      { kind: 'devices', ids: ['c-1'] },
      { kind: 'consumers', ids: ['anna'] },
    ]);
    expect(await claim('ben', made.body.code)).toMatchObject({
      status: 422,
      body: { code: 'bad_claim_code' },
    });
    const me = await server.call('GET', '/api/v1/me', { cookie: cookies.get('anna') ?? '' });
    expect(me.body.devices).toEqual([{ id: 'c-1', type: 'car' }]);
    const audit = await server.call('GET', '/api/v1/audit?subject=c-1');
    expect(audit.body.items[0]).toMatchObject({ actor: 'consumer:anna', action: 'device.claimed' });
    expect(JSON.stringify(audit.body)).not.toContain(made.body.code);
  });

  it('takes a code that the device asked for, but nobody else', async () => {
    const token = await register('c-2');
    const ask = (authorization: string) =>
      server.call('POST', '/api/v1/device/claim-code', { token: '', headers: { authorization } });
    const made = await ask(`Bearer ${token}`);
    expect(made).toMatchObject({ status: 201, body: { id: 'c-2', expiresAt: server.realNow + 900_000 } });
    expect((await claim('ben', made.body.code)).status).toBe(201);
    for (const wrong of ['Bearer nonsense', 'Basic x', ''])
      expect(await ask(wrong)).toMatchObject({ status: 401, body: { code: 'bad_device_token' } });
  });

  it('ends codes by time and by a newer one', async () => {
    await register('c-3');
    const first = (await makeCode('c-3', { expiresInSeconds: 60 })).body.code;
    const second = (await makeCode('c-3', { expiresInSeconds: 60 })).body.code;
    expect((await claim('anna', first)).status).toBe(422);
    server.realNow += 60_000;
    expect((await claim('anna', second)).status).toBe(422);
  });

  it('is for devices that have no owner, until the owner gives them up', async () => {
    expect(await makeCode('c-1')).toMatchObject({ status: 409, body: { code: 'already_claimed' } });
    const release = (consumer: string) =>
      server.call('DELETE', '/api/v1/me/devices/c-1', { cookie: cookies.get(consumer) ?? '' });
    expect((await release('ben')).status).toBe(404);
    expect((await release('anna')).status).toBe(204);
    const { code } = (await makeCode('c-1')).body;
    await server.call('PATCH', '/api/v1/devices/c-1', { body: { consumerId: 'ben' } });
    expect((await claim('anna', code)).status).toBe(422);
  });

  it('lets nobody guess: after five wrong codes each further one has to wait', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1) statuses.push((await claim('guess', newClaimCode())).status);
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429]);
    await register('c-4');
    const { code } = (await makeCode('c-4')).body;
    const held = await claim('guess', code);
    expect(held.status).toBe(429);
    expect(held.headers.get('retry-after')).toMatch(/^\d+$/);
    server.realNow += 16 * 60_000;
    expect((await claim('guess', code)).status).toBe(201);
  });

  it('keeps no code that could be searched for without the key', () => {
    const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(claimCodeHash('abcd-2345', one)).toBe(claimCodeHash('ABCD 2345', one));
    expect(claimCodeHash('ABCD-2345', one)).not.toBe(claimCodeHash('ABCD-2345', other));
    expect(new Set(Array.from({ length: 500 }, newClaimCode)).size).toBe(500);
  });
});
