import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceKeyOf } from '../../../../gateway/records/devices.ts';
import { emptyMemory, newDeviceMemory } from '../../../../rules/memory.ts';
import { cookieOf, NOW, startHttp, type TestServer } from '../http-server.ts';

const STEP_MS = 1_000;
const READINGS = 5_000;

let server: TestServer;
const cookies = new Map<string, string>();

beforeAll(async () => {
  server = await startHttp({ mapOverlay: new URL('../../../../package.json', import.meta.url).pathname });
  for (const id of ['anna', 'ben']) {
    await server.call('POST', '/api/v1/consumers', { body: { id, attributes: {} } });
    const invitation = await server.call('POST', `/api/v1/consumers/${id}/invitations`);
    const code = new URL(invitation.body.url).hash.slice('#invite='.length);
    cookies.set(
      id,
      cookieOf(await server.call('POST', '/api/v1/me/session', { token: null, body: { code } })),
    );
  }
  await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car', consumerId: 'anna' } });
  const deviceKey = await deviceKeyOf(server.db, 'car-1');
  // Half of it before the car was Anna's.
  const points = Array.from({ length: READINGS }, (_, step) => ({
    deviceKey,
    at: NOW + (step - READINGS / 2) * STEP_MS,
    seq: step + 1,
    receivedAt: NOW,
    position: { lat: 45 + step / 1e5, lon: 9, accuracy: 8 },
    flags: [],
  }));
  await server.telemetry.write(points, READINGS);
  const car = {
    ...newDeviceMemory('car'),
    lastAt: NOW + 60_000,
    positionAt: NOW + 50_000,
    metrics: { fuel: { value: 0.5, at: NOW + 60_000 }, tyre: { value: 'flat', at: NOW + 1 } },
  };
  await server.db
    .insertInto('subject_memories')
    .values({
      subject: 'c:anna',
      memory_json: JSON.stringify({ ...emptyMemory, devices: { 'car-1': car } }),
      wake_at: null,
    })
    .execute();
});
afterAll(() => server.stop());

const ask = (consumer: string, path: string) =>
  server.call('GET', `/api/v1/me/${path}`, { cookie: cookies.get(consumer) ?? '' });
const track = (from: number, to: number) => ask('anna', `devices/car-1/track?from=${from}&to=${to}`);

describe('a device of mine', () => {
  it('tells its latest values, described by its type, and how long they are kept', async () => {
    expect((await ask('anna', 'devices/car-1')).body).toEqual({
      id: 'car-1',
      type: 'car',
      typeName: 'Car adapter',
      lastAt: NOW + 60_000,
      positionAt: NOW + 50_000,
      linkedAt: NOW + 5,
      positionDays: 30,
      readingDays: null,
      metrics: [
        { name: 'fuel', unit: 'ratio', kind: 'number', sensitivity: 'none', value: 0.5, at: NOW + 60_000 },
        { name: 'tyre', unit: '', kind: 'string', sensitivity: 'none', value: 'flat', at: NOW + 1 },
      ],
    });
  });

  it.each(['devices/car-1', `devices/car-1/track?from=0&to=1`, 'devices/nobodys', 'devices/constructor'])(
    'is nobody else’s: %s',
    async (path) => {
      expect((await ask('ben', path)).body).toMatchObject({ status: 404, code: 'not_found' });
    },
  );
});

describe('its track', () => {
  it('begins where it became mine', async () => {
    const { body } = await track(NOW - 3_600_000, NOW + 10_000);
    expect(body.readUntil).toBeNull();
    expect(body.points.map(({ at }: { at: number }) => at)).toEqual(
      Array.from({ length: 9 }, (_, step) => NOW + (step + 1) * STEP_MS),
    );
    expect((await track(NOW - 3_600_000, NOW)).body).toEqual({ points: [], readUntil: null });
  });

  it('is thinned evenly, with both of its ends', async () => {
    const { points } = (await track(NOW, NOW + 86_400_000)).body as {
      points: { at: number; lat: number }[];
    };
    expect(points.length).toBeGreaterThan(1_000);
    expect(points.length).toBeLessThanOrEqual(2_001);
    expect(points[0]?.at).toBe(NOW + STEP_MS);
    expect(points.at(-1)?.at).toBe(NOW + (READINGS / 2 - 1) * STEP_MS);
    const pauses = points.slice(1, -1).map(({ at }, index) => at - (points[index]?.at ?? 0));
    expect(new Set(pauses).size).toBe(1);
  });

  it.each([
    ['to before from', '?from=10&to=5'],
    ['more than a week', `?from=0&to=${8 * 86_400_000}`],
    ['no time', '?from=then&to=now'],
    ['none', ''],
  ])('refuses %s', async (_, query) => {
    const answer = await ask('anna', `devices/car-1/track${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });
});

describe('the ground of my map', () => {
  it('is the console’s, at an address of my own', async () => {
    expect((await ask('anna', 'map')).body).toEqual({
      styleUrl: null,
      overlayUrl: '/api/v1/me/map/overlay',
    });
    expect((await ask('anna', 'map/overlay')).status).toBe(200);
    expect((await server.call('GET', '/api/v1/me/map', { token: null })).status).toBe(401);
  });
});
