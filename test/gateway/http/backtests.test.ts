import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../rules/duration.ts';
import { startHttp, type TestServer } from './http-server.ts';

const DAY = Date.UTC(2026, 4, 4);
const CAFE = { lat: 45.4642, lon: 9.19 };
const AWAY = { lat: 45.5, lon: 9.3 };

const RULE = {
  name: 'Espresso',
  trigger: { place: { id: 'cafe' }, on: 'enter' },
  limits: { cooldown: 'PT6H' },
  offer: { title: 'Espresso at {{ place.name }}', body: 'Today only', expires: 'PT30M' },
};

let server: TestServer;

/** A person with a phone, who agreed and has a browser since long ago. */
async function addPerson(id: string): Promise<void> {
  await server.call('POST', '/api/v1/consumers', { body: { id } });
  await server.call('POST', '/api/v1/devices', {
    body: { id: `phone-${id}`, type: 'phone', consumerId: id },
  });
  const { db } = server;
  await db
    .insertInto('consent_log')
    .values({ consumer_id: id, purpose: 'location_offers', granted: 1, source: 'test', at: 0 })
    .execute();
  await db
    .insertInto('push_subscriptions')
    .values({
      id: `push-${id}`,
      consumer_id: id,
      endpoint: `https://push.invalid/${id}`,
      p256dh: '',
      auth: '',
      created_at: 0,
      gone_at: null,
    })
    .execute();
  await db.updateTable('consumers').set({ quiet_hours_json: 'null' }).where('id', '=', id).execute();
}

let seq = 0;

/** Stores fixes of a phone: minutes of the day, and where it was. */
async function walk(id: string, fixes: readonly (readonly [number, { lat: number; lon: number }])[]) {
  const { device_key } = await server.db
    .selectFrom('devices')
    .select('device_key')
    .where('id', '=', `phone-${id}`)
    .executeTakeFirstOrThrow();
  const points = fixes.map(([minute, position]) => {
    const at = DAY + minute * MINUTE_MS;
    seq += 1;
    return { deviceKey: device_key, at, receivedAt: at, seq, position, flags: [] };
  });
  await server.telemetry.write(points, seq);
}

const backtest = (body: object, rule = 'espresso', query = '') =>
  server.call('POST', `/api/v1/rules/${rule}/backtest${query}`, { body });

const WHOLE_DAY = { from: DAY, to: DAY + 24 * HOUR_MS };

beforeAll(async () => {
  server = await startHttp();
  await server.call('PUT', '/api/v1/places/cafe', {
    body: {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat] },
      properties: { name: 'Café Roma', radiusMetres: 100, tags: [] },
    },
  });
  for (const id of ['ada', 'ben']) await addPerson(id);
  await walk('ada', [
    [600, AWAY],
    [610, CAFE],
    [620, AWAY],
    [640, CAFE],
  ]);
  await walk('ben', [[700, CAFE]]);
});
afterAll(() => server?.stop());

describe('a backtest over the API', () => {
  it('tries a rule that is not saved: what it would have sent, and why not', async () => {
    const { status, body } = await backtest({ ...WHOLE_DAY, rule: RULE });
    expect(body).toMatchObject({ state: 'done', progress: 1, ruleVersion: null, alone: false });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      positions: 5,
      devices: 2,
      consumers: 2,
      consumersReached: 2,
      decisions: { sent: 2, suppressed: { cooldown: 1 } },
      perHour: [
        { at: DAY + 10 * HOUR_MS, sent: 1, suppressed: 1 },
        { at: DAY + 11 * HOUR_MS, sent: 1, suppressed: 0 },
      ],
      perPlace: [{ place: 'cafe', name: 'Café Roma', sent: 2, suppressed: 1 }],
    });
    expect(body.decisionsSample.map((one: { consumer: string }) => one.consumer)).toEqual([
      'ada',
      'ada',
      'ben',
    ]);
  });
});
