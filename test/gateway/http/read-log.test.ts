import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACCESS } from '../../../gateway/http/access.ts';
import { READS } from '../../../gateway/http/noted-reads.ts';
import { readsOf } from '../../../gateway/records/audit-reads.ts';
import { addDelivery } from './delivery-row.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

const HOUR_MS = 3_600_000;

let server: TestServer;

beforeAll(async () => {
  server = await startHttp();
  for (const id of ['anna', 'carl']) await server.call('POST', '/api/v1/consumers', { body: { id } });
  for (const [id, consumerId] of [
    ['car-1', 'anna'],
    ['van-1', null],
  ])
    await server.call('POST', '/api/v1/devices', { body: { id, type: 'car', consumerId } });
});
afterAll(() => server.stop());

/** Later than all looks before, so that none of them counts. */
beforeEach(() => {
  server.realNow += 2 * HOUR_MS;
});

const entries = async () => (await server.call('GET', '/api/v1/audit?limit=1000')).body.items;
/** What was noted while `look` was done, oldest first. */
async function notedBy(look: () => Promise<unknown>): Promise<[string, string, string][]> {
  const before = (await entries()).length;
  await look();
  const all = await entries();
  return all
    .slice(0, all.length - before)
    .reverse()
    .map(({ action, subject, detail }: { action: string; subject: string; detail: { what: string } }) => [
      action,
      subject,
      detail.what,
    ]);
}

/** What staff may read that is about no person and no single device, or (quarantine, backtests) is noted where it is answered. */
const ABOUT_NOBODY = [
  '/analytics/cells',
  '/audit',
  '/audit/verification',
  '/backtests/:id',
  '/backups',
  '/backups/:id',
  '/campaigns',
  '/campaigns/:id',
  '/code-pools',
  '/code-pools/:id',
  '/consent-policy',
  '/device-types',
  '/device-types/:id',
  '/fleet-keys',
  '/map',
  '/map/overlay',
  '/pacing',
  '/place-search',
  '/places',
  '/places.geojson',
  '/places/:id',
  '/push-services',
  '/quality',
  '/quarantine/:id',
  '/redemptions',
  '/rule-counts',
  '/rules',
  '/rules/:id',
  '/rules/:id/funnel',
  '/rules/:id/versions',
  '/segments',
  '/segments/:id',
  '/sending',
  '/sensitive-zones',
  '/sensitive-zones.geojson',
  '/sensitive-zones/:id',
  '/service-accounts',
  '/service-accounts/:id',
  '/session',
  '/tills',
  '/traits',
  '/traits/:name',
  '/users',
  '/webhooks',
  '/webhooks/:id',
].map((path) => `GET /api/v1${path}`);

describe('looks at data of persons', () => {
  it('at a device are noted for its next owner, too, within the hour', async () => {
    const look = () => server.call('GET', '/api/v1/devices/gift/quality');
    await server.call('POST', '/api/v1/devices', { body: { id: 'gift', type: 'car', consumerId: null } });
    await server.call('POST', '/api/v1/consumers', { body: { id: 'dora' } });
    await look();
    await server.call('PATCH', '/api/v1/devices/gift', { body: { consumerId: 'dora' } });
    expect(await notedBy(look)).toEqual([
      ['device.read', 'gift', 'quality'],
      ['consumer.read', 'dora', 'quality'],
    ]);
    expect(await notedBy(look)).toEqual([]);
  });

  it('are noted on every route that staff may read, but those about nobody', () => {
    const readable = Object.entries(ACCESS).flatMap(([line, access]) =>
      line.startsWith('GET ') && access !== 'anybody' && access !== 'consumer' ? [line] : [],
    );
    expect([...Object.keys(READS), ...ABOUT_NOBODY].sort()).toEqual(readable.sort());
  });

  it('of one offer are noted for whom it was made', async () => {
    await addDelivery(server.db, 'd-1', 'sent');
    expect(await notedBy(() => server.call('GET', '/api/v1/deliveries/d-1'))).toEqual([
      ['consumer.read', 'anna', 'deliveries'],
    ]);
    expect(await notedBy(() => server.call('GET', '/api/v1/deliveries/none'))).toEqual([]);
  });

  it.each([
    ['/consumers/anna', 'profile'],
    ['/consumers/anna/consents', 'consents'],
    ['/consumers/anna/push-subscriptions', 'browsers'],
    ['/decisions?consumer=anna', 'decisions'],
    ['/deliveries?consumer=anna', 'deliveries'],
    ['/visits?consumer=anna', 'visits'],
    ['/devices?consumer=anna', 'devices'],
    [`/explain?consumer=anna&at=${NOW}`, 'explanation'],
  ])('%s is noted as a look at the person', async (path, what) => {
    expect(await notedBy(() => server.call('GET', `/api/v1${path}`))).toEqual([
      ['consumer.read', 'anna', what],
    ]);
  });

  it.each([
    ['/devices/car-1', 'device'],
    ['/devices/car-1/commands', 'commands'],
    ['/devices/car-1/config', 'configuration'],
    ['/devices/car-1/quality', 'quality'],
    ['/telemetry/car-1', 'telemetry'],
    ['/visits?device=car-1', 'visits'],
    ['/decisions?device=car-1', 'decisions'],
    ['/deliveries?device=car-1', 'deliveries'],
    ['/quarantine?device=car-1', 'quarantine'],
  ])('%s is noted for the device and for its owner', async (path, what) => {
    expect(await notedBy(() => server.call('GET', `/api/v1${path}`))).toEqual([
      ['device.read', 'car-1', what],
      ['consumer.read', 'anna', what],
    ]);
  });

  it('of a device that is nobody’s is noted for the device', async () => {
    expect(await notedBy(() => server.call('GET', '/api/v1/devices/van-1'))).toEqual([
      ['device.read', 'van-1', 'device'],
    ]);
  });

  it.each(['/consumers', '/devices', '/decisions', '/deliveries', '/visits', '/quarantine'])(
    '%s without a filter is noted as a look at everybody',
    async (path) => {
      const [noted, ...others] = await notedBy(() => server.call('GET', `/api/v1${path}`));
      expect(noted?.slice(0, 2)).toEqual(['people.read', '']);
      expect(others).toEqual([]);
    },
  );

  it('are noted once an hour for each of the staff', async () => {
    const look = () => server.call('GET', '/api/v1/telemetry/car-1');
    expect(await notedBy(() => Promise.all([look(), look(), look()]))).toHaveLength(2);
    server.realNow += HOUR_MS - 1;
    expect(await notedBy(look)).toEqual([]);
    expect(await notedBy(() => server.call('GET', '/api/v1/consumers/anna'))).toHaveLength(1);
    const { password } = (
      await server.call('POST', '/api/v1/users', { body: { name: 'dora', role: 'analyst' } })
    ).body;
    const signIn = await server.call('POST', '/api/v1/session', {
      token: null,
      body: { name: 'dora', password },
    });
    const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(await notedBy(() => server.call('GET', '/api/v1/telemetry/car-1', { cookie }))).toHaveLength(2);
    server.realNow += 1;
    expect(await notedBy(look)).toHaveLength(2);
    expect((await entries()).slice(0, 4).map(({ actor }: { actor: string }) => actor)).toEqual([
      'admin-token',
      'admin-token',
      'dora',
      'dora',
    ]);
  });

  it('that are refused or find nobody leave nothing', async () => {
    for (const path of ['/consumers/nobody', '/telemetry/nothing', '/decisions?consumer=nobody'])
      expect(await notedBy(() => server.call('GET', `/api/v1${path}`))).toEqual([]);
    const refused = { token: 'wrong-token-0123456789' };
    expect(await notedBy(() => server.call('GET', '/api/v1/consumers/carl', refused))).toEqual([]);
    await server.call('POST', '/api/v1/consumers', { body: { id: 'late' } });
    expect(await notedBy(() => server.call('GET', '/api/v1/decisions?consumer=late'))).toHaveLength(1);
  });

  it('are told to the person by role and device, from a time on', async () => {
    await server.call('GET', '/api/v1/consumers/carl');
    expect(await readsOf(server.db, 'consumer', 'carl', 0)).toEqual([
      { at: NOW + 5, role: 'admin', what: 'profile' },
    ]);
    expect(await readsOf(server.db, 'consumer', 'carl', NOW + 6)).toEqual([]);
    expect(await readsOf(server.db, 'consumer', 'nobody', 0)).toEqual([]);
    const ofAnna = await readsOf(server.db, 'consumer', 'anna', 0);
    expect(ofAnna).toContainEqual({ at: NOW + 5, role: 'analyst', what: 'telemetry', device: 'car-1' });
    const ofDevice = await readsOf(server.db, 'device', 'car-1', 0);
    expect(ofDevice).toContainEqual({ at: NOW + 5, role: 'analyst', what: 'telemetry' });
  });
});
