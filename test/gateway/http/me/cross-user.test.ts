import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS } from '../../../../gateway/http/access.ts';
import type { Schema } from '../../../../gateway/records/schema.ts';
import type { TelemetryPoint } from '../../../../gateway/telemetry/telemetry-store.ts';
import { addDelivery } from '../delivery-row.ts';
import { NOW, startHttp, type TestServer } from '../http-server.ts';
import { createAuthenticator } from './authenticator.ts';
import { addPerson, agree, openPage } from './people.ts';

/** Stands in all that is known of the other person, and in nothing that names it in an address. */
const MARKER = 'SECRET-OF-BERT';
const routes = Object.entries(ACCESS)
  .filter(([, access]) => access === 'consumer')
  .map(([line]) => line.split(' ') as [method: string, path: string]);

let server: TestServer;
let anna: string;
let bert: string;
let bertsKey: string;
/** By which what is the other person's is named in addresses. */
let ids: readonly string[];

function pointOf(at: number, seq: number): TelemetryPoint {
  const metrics = { note: `${MARKER} ${seq}` };
  return { deviceKey: bertsKey, seq, at, receivedAt: at, metrics, position: { lat: 1, lon: 2 }, flags: [] };
}

beforeAll(async () => {
  server = await startHttp();
  anna = await addPerson(server, 'anna');
  bert = await addPerson(server, 'bert', { email: `${MARKER}@example.org` });
  await server.call('PATCH', '/api/v1/consumers/bert', { body: { attributes: { note: MARKER } } });
  await agree(server, 'bert', ['location_offers']);
  await server.call('PUT', '/api/v1/me/quiet-hours', {
    cookie: bert,
    body: { quietHours: { from: '01:23', to: '04:56' } },
  });
  await server.call('POST', '/api/v1/devices', { body: { id: 'x1', type: 'car', consumerId: 'bert' } });
  await addDelivery(server.db, 'x2', 'sent', 'bert');
  await server.db
    .updateTable('deliveries')
    .set({ offer_json: JSON.stringify({ title: MARKER, body: MARKER, expiresAt: NOW + 1e6 }) })
    .execute();
  await server.db.updateTable('decisions').set({ detail: MARKER }).execute();
  await server.call('POST', '/api/v1/me/offers/x2/fewer', { cookie: bert, body: { level: 1 } });
  const authenticator = createAuthenticator('http://localhost:1');
  await server.db
    .insertInto('passkeys')
    .values({
      id: authenticator.id,
      consumer_id: 'bert',
      user_handle: 'AAAA',
      public_key: new Uint8Array(8),
      counter: 0,
      transports_json: '[]',
      backed_up: 0,
      name: MARKER,
      created_at: NOW,
      last_used_at: null,
    })
    .execute();
  await server.db
    .insertInto('visits')
    .values({
      id: MARKER,
      device: 'x1',
      consumer: 'bert',
      place: MARKER,
      entered_at: NOW,
      exited_at: null,
      ended_by: null,
    })
    .execute();
  await server.db.updateTable('sessions').set({ browser: MARKER }).where('subject', '=', 'bert').execute();
  const session = await server.db
    .selectFrom('sessions')
    .select('id')
    .where('subject', '=', 'bert')
    .executeTakeFirstOrThrow();
  const device = await server.db.selectFrom('devices').select('device_key').executeTakeFirstOrThrow();
  bertsKey = device.device_key;
  await server.telemetry.write([pointOf(NOW - 10, 1), pointOf(NOW + 10, 2)], 2);
  ids = ['x1', 'x2', session.id, authenticator.id, 'coffee', 'bert'];
});
afterAll(() => server.stop());

/** Every address of a route with the other person's ids in the places of its parameters. */
function addressesOf(path: string): readonly string[] {
  if (!path.includes(':')) return [path];
  return ids.map((id) => path.replace(':purpose', 'device_offers').replaceAll(/:\w+/g, id));
}

/** Bodies that one route or another takes. */
const BODIES: readonly unknown[] = [
  undefined,
  { kind: 'clicked' },
  { granted: true },
  { quietHours: null },
  { code: 'x' },
  { name: 'x' },
];

const TABLES_OF_BERT = [
  ['consumers', 'id'],
  ['consents', 'consumer_id'],
  ['consent_log', 'consumer_id'],
  ['devices', 'consumer_id'],
  ['deliveries', 'consumer'],
  ['decisions', 'consumer'],
  ['fewer', 'consumer_id'],
  ['passkeys', 'consumer_id'],
  ['sessions', 'subject'],
  ['visits', 'consumer'],
  ['push_subscriptions', 'consumer_id'],
] as const satisfies readonly (readonly [keyof Schema, string])[];

async function rowsOfBert(): Promise<unknown> {
  const found: unknown[] = [];
  for (const [table, column] of TABLES_OF_BERT) {
    const rows = await server.db
      .selectFrom(table as 'consumers')
      .selectAll()
      .where(column as 'id', '=', 'bert')
      .execute();
    found.push([table, rows]);
  }
  return found;
}

describe('the cookie of one person', () => {
  it('reads and changes nothing of another, on any route and with any of their ids', async () => {
    const before = await rowsOfBert();
    const all = routes.flatMap(([method, path]) =>
      addressesOf(path).map((address) => [method, address] as const),
    );
    expect(all.length).toBeGreaterThan(60);
    for (const [method, address] of all) {
      for (const body of ['POST', 'PUT', 'PATCH'].includes(method) ? BODIES : [undefined]) {
        const answer = await server.call(method, address, {
          cookie: anna,
          ...(body !== undefined && { body }),
        });
        const text = JSON.stringify(answer.body).toUpperCase();
        expect([method, address, text.includes(MARKER), text.includes('01:23')]).toEqual([
          method,
          address,
          false,
          false,
        ]);
        expect([method, address, answer.status]).not.toEqual([method, address, 401]);
        expect(answer.status).toBeLessThan(500);
        // Some routes sign her out, and one erases her.
        if (method === 'DELETE') {
          await server.call('POST', '/api/v1/consumers', { body: { id: 'anna' } });
          anna = await openPage(server, 'anna');
        }
      }
    }
    expect(await rowsOfBert()).toEqual(before);
  });

  it('does read and change what is one’s own, so that the test above looks at something', async () => {
    for (const path of [
      '',
      '/offers',
      '/offers/x2',
      '/sessions',
      '/passkeys',
      '/devices/x1/telemetry',
      '/devices/x1/visits',
      '/export',
    ]) {
      const answer = await server.call('GET', `/api/v1/me${path}`, { cookie: bert });
      expect([path, answer.status, JSON.stringify(answer.body).toUpperCase().includes(MARKER)]).toEqual([
        path,
        200,
        true,
      ]);
    }
  });
});

describe('a device that changed hands', () => {
  const readings = async (cookie: string, query = '') =>
    (await server.call('GET', `/api/v1/me/devices/x1/telemetry${query}`, { cookie })).body;

  it('shows its owner what it told since then, and nothing of who had it before', async () => {
    expect((await readings(bert)).points).toMatchObject([{ metrics: { note: `${MARKER} 2` } }]);
    expect((await readings(bert, `?from=${NOW - 1_000}&metric=note`)).points).toHaveLength(1);
    await server.call('POST', '/api/v1/consumers', { body: { id: 'carla' } });
    const carla = await openPage(server, 'carla');
    await server.call('PATCH', '/api/v1/devices/x1', { body: { consumerId: null } });
    expect((await readings(bert)).code).toBe('not_found');
    await server.db.updateTable('devices').set({ linked_at: null }).where('id', '=', 'x1').execute();
    const claim = await server.call('POST', '/api/v1/devices/x1/claim-code');
    await server.call('POST', '/api/v1/me/devices', { cookie: carla, body: { code: claim.body.code } });
    await server.db
      .updateTable('devices')
      .set({ linked_at: NOW + 20 })
      .where('id', '=', 'x1')
      .where('linked_at', 'is not', null)
      .execute();
    expect((await readings(carla)).points).toEqual([]);
    expect((await readings(carla, `?from=${NOW - 1_000}`)).points).toEqual([]);
    expect((await server.call('GET', '/api/v1/me/devices/x1/visits', { cookie: carla })).body.items).toEqual(
      [],
    );
  });
});
