import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openedAddress } from '../../../gateway/records/push-subscriptions.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

const KEYS = {
  p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
};
const ENDPOINT = 'https://updates.push.services.mozilla.com/wpush/v2/abc';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

describe('consumers', () => {
  it('have the usual quiet hours where nothing is said', async () => {
    const made = await server.call('POST', '/api/v1/consumers', {
      body: { id: 'anna', attributes: { plan: 'gold' } },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: 'anna',
        attributes: { plan: 'gold' },
        timezone: null,
        quietHours: { from: '21:00', to: '08:00' },
        createdAt: NOW + 5,
      },
    });
    expect(made.headers.get('location')).toBe('/api/v1/consumers/anna');
    expect(server.changes).toContainEqual({ kind: 'consumers', ids: ['anna'] });
  });

  it('may have none, a timezone, and get an id where none is given', async () => {
    const made = await server.call('POST', '/api/v1/consumers', {
      body: { timezone: 'Europe/Rome', quietHours: null },
    });
    expect(made).toMatchObject({ status: 201, body: { timezone: 'Europe/Rome', quietHours: null } });
    expect(made.body.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['a timezone that is none', { timezone: 'Europe/Atlantis' }],
    ['quiet hours that are no time of day', { quietHours: { from: '25:00', to: '08:00' } }],
    ['quiet hours without an end', { quietHours: { from: '21:00' } }],
    ['quiet hours that begin when they end', { quietHours: { from: '21:00', to: '21:00' } }],
    ['a number that no double holds', '{"attributes":{"age":1e999}}'],
    ['nesting without end', `{"attributes":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`],
    ['attributes that are no object', { attributes: [1] }],
    [
      'more attributes than fit',
      { attributes: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`a${i}`, i])) },
    ],
  ])('are refused with %s', async (_what, body) => {
    expect(await server.call('POST', '/api/v1/consumers', { body })).toMatchObject({
      status: 400,
      body: { code: 'bad_request' },
    });
  });

  it('are told where a number is that could not be kept', async () => {
    const answer = await server.call('POST', '/api/v1/consumers', {
      body: '{"attributes":{"deep":[1,{"a/b":-1e999}],"age":1e999}}',
    });
    const paths = answer.body.problems.map(({ path }: { path: string }) => path).sort();
    expect(paths).toEqual(['body/attributes/age', 'body/attributes/deep/1/a~1b']);
  });

  it('are told what is wrong with quiet hours, and that alone', async () => {
    const problemsOf = async (quietHours: unknown) =>
      (await server.call('POST', '/api/v1/consumers', { body: { quietHours } })).body.problems;
    expect(await problemsOf({ from: '21:00' })).toEqual([
      { path: 'body/quietHours', message: "must have required property 'to'" },
    ]);
    expect(await problemsOf({ from: '21:00', to: '08:00', on: 1 })).toEqual([
      { path: 'body/quietHours', message: 'has an unknown field "on"' },
    ]);
    expect(await problemsOf({ from: '9:00', to: 8 })).toEqual([
      { path: 'body/quietHours/from', message: 'must be HH:MM, from 00:00 to 23:59' },
      { path: 'body/quietHours/to', message: 'must be string' },
    ]);
    expect(await problemsOf('21-08')).toEqual([
      { path: 'body/quietHours', message: 'must be object or null' },
    ]);
  });

  it('change in what is given, and stay in the rest', async () => {
    const changed = await server.call('PATCH', '/api/v1/consumers/anna', {
      body: { timezone: 'Europe/Berlin', quietHours: null },
    });
    expect(changed.body).toMatchObject({
      attributes: { plan: 'gold' },
      timezone: 'Europe/Berlin',
      quietHours: null,
    });
    const attributes = await server.call('PATCH', '/api/v1/consumers/anna', {
      body: { attributes: { plan: 'basic' } },
    });
    expect(attributes.body).toMatchObject({
      attributes: { plan: 'basic' },
      timezone: 'Europe/Berlin',
      quietHours: null,
    });
    expect((await server.call('PATCH', '/api/v1/consumers/absent', { body: {} })).status).toBe(404);
    expect((await server.call('POST', '/api/v1/consumers', { body: { id: 'anna' } })).body).toMatchObject({
      code: 'already_exists',
    });
  });

  it('grant and withdraw each consent on its own', async () => {
    const put = (purpose: string, body: object) =>
      server.call('PUT', `/api/v1/consumers/anna/consents/${purpose}`, { body });
    server.changes.length = 0;
    expect(await put('location_offers', { granted: true, source: 'sign-up' })).toMatchObject({
      status: 200,
      body: { purpose: 'location_offers', granted: true, source: 'sign-up', at: NOW + 5 },
    });
    expect(server.changes).toEqual([{ kind: 'consumers', ids: ['anna'] }]);
    await put('device_offers', { granted: true, source: 'sign-up' });
    await put('device_offers', { granted: false, source: 'phone call' });
    const { body } = await server.call('GET', '/api/v1/consumers/anna');
    expect(body.consents).toMatchObject([
      { purpose: 'device_offers', granted: false, source: 'phone call', at: NOW + 5 },
      { purpose: 'location_offers', granted: true, source: 'sign-up', at: NOW + 5 },
    ]);
    const said = await server.call('GET', '/api/v1/consumers/anna/consents');
    expect(
      said.body.items.map(({ granted, source }: { granted: boolean; source: string }) => [granted, source]),
    ).toEqual([
      [false, 'phone call'],
      [true, 'sign-up'],
      [true, 'sign-up'],
    ]);
    expect((await server.call('GET', '/api/v1/consumers/absent/consents')).status).toBe(404);
    expect((await put('everything', { granted: true, source: 'x' })).status).toBe(400);
    expect((await put('device_offers', { granted: true })).status).toBe(400);
    const absent = await server.call('PUT', '/api/v1/consumers/absent/consents/device_offers', {
      body: { granted: true, source: 'x' },
    });
    expect(absent.status).toBe(404);
  });

  it('are listed', async () => {
    const { body } = await server.call('GET', '/api/v1/consumers');
    expect(body.items.map((consumer: { id: string }) => consumer.id)).toContain('anna');
    expect(body.next).toBeNull();
  });
});

describe('push subscriptions', () => {
  const path = '/api/v1/consumers/anna/push-subscriptions';

  it.each([
    ['http', 'http://updates.push.services.mozilla.com/a'],
    ['an unknown host', 'https://push.example.org/a'],
    ['a host inside the network', 'https://10.0.0.1/a'],
    ['a look-alike host', 'https://fcm.googleapis.com.evil.example/a'],
    ['a name and password', 'https://user:pw@fcm.googleapis.com/a'],
    ['another scheme', 'file:///etc/passwd'],
    ['no address', 'nonsense'],
  ])('are refused with %s', async (_what, endpoint) => {
    const answer = await server.call('POST', path, { body: { endpoint, keys: KEYS } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'push_host_not_allowed' } });
  });

  it('are refused with keys of the wrong length', async () => {
    const answer = await server.call('POST', path, {
      body: { endpoint: ENDPOINT, keys: { ...KEYS, auth: 'short' } },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    expect(
      (
        await server.call('POST', '/api/v1/consumers/absent/push-subscriptions', {
          body: { endpoint: ENDPOINT, keys: KEYS },
        })
      ).status,
    ).toBe(404);
  });

  it.each([
    ['no point of the curve', Buffer.alloc(65)],
    ['a point beside the curve', Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])],
    ['a point in another form', Buffer.from(KEYS.p256dh, 'base64url').fill(5, 0, 1)],
  ])('are refused with a key that is %s', async (_what, point) => {
    const keys = { ...KEYS, p256dh: point.toString('base64url') };
    expect(await server.call('POST', path, { body: { endpoint: ENDPOINT, keys } })).toMatchObject({
      status: 422,
      body: { code: 'invalid_document', problems: [{ path: 'body/keys/p256dh' }] },
    });
  });

  it('are kept once for each endpoint, and show no endpoint', async () => {
    const first = await server.call('POST', path, { body: { endpoint: ENDPOINT, keys: KEYS } });
    expect(first).toMatchObject({
      status: 201,
      body: { origin: 'https://updates.push.services.mozilla.com', goneAt: null },
    });
    const again = await server.call('POST', path, { body: { endpoint: ENDPOINT, keys: KEYS } });
    expect(again.body.id).toBe(first.body.id);
    const { body } = await server.call('GET', path);
    expect(body.items).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain('wpush');
    expect((await server.call('GET', '/api/v1/consumers/anna')).body.subscriptions).toBe(1);
  });

  it('may go to an origin of WAYSIDE_PUSH_HOSTS', async () => {
    const body = { endpoint: 'http://127.0.0.1:9999/x', keys: KEYS };
    expect((await server.call('POST', path, { body })).status).toBe(201);
  });

  it('become another person’s who signs in on that browser', async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'ben' } });
    server.changes.length = 0;
    await server.call('POST', '/api/v1/consumers/ben/push-subscriptions', {
      body: { endpoint: ENDPOINT, keys: KEYS },
    });
    expect(server.changes).toEqual([{ kind: 'consumers', ids: ['ben', 'anna'] }]);
    expect((await server.call('GET', '/api/v1/consumers/ben')).body.subscriptions).toBe(1);
    expect((await server.call('GET', '/api/v1/consumers/anna')).body.subscriptions).toBe(1);
  });

  it('are at most 20 for one person: the oldest goes, and before it what is gone', async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'many' } });
    const endpoint = (n: number) => `${ENDPOINT}-${n}`;
    const subscribe = (n: number) =>
      server.call('POST', '/api/v1/consumers/many/push-subscriptions', {
        body: { endpoint: endpoint(n), keys: KEYS },
      });
    const kept = async () =>
      (
        await server.db
          .selectFrom('push_subscriptions')
          .select('sealed')
          .where('consumer_id', '=', 'many')
          .orderBy('created_at')
          .execute()
      ).map((row) => Number(openedAddress(TEST_SEAL, row.sealed).endpoint.split('-').at(-1)));
    for (let n = 1; n <= 20; n += 1) {
      await subscribe(n);
      // The server's clock stands still here, and so would the order.
      await server.db
        .updateTable('push_subscriptions')
        .set({ created_at: n, gone_at: n === 3 ? 1 : null })
        .where('endpoint_lookup', '=', TEST_SEAL.lookup(endpoint(n)))
        .execute();
    }
    expect((await subscribe(5)).status).toBe(201);
    expect(await kept()).toHaveLength(20);
    await subscribe(21);
    expect(await kept()).toEqual([1, 2, ...Array.from({ length: 18 }, (_, n) => n + 4)]);
    await subscribe(22);
    expect((await kept()).slice(0, 2)).toEqual([2, 4]);
  });

  it('can be removed', async () => {
    const { body } = await server.call('GET', '/api/v1/consumers/ben/push-subscriptions');
    const address = `/api/v1/consumers/ben/push-subscriptions/${body.items[0].id}`;
    expect((await server.call('DELETE', address)).status).toBe(204);
    expect((await server.call('DELETE', address)).status).toBe(404);
    expect((await server.call('GET', '/api/v1/consumers/ben')).body.subscriptions).toBe(0);
  });
});
