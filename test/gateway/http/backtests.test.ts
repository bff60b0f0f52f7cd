import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../rules/time/duration.ts';
import { subscriptionRow } from '../../support/push-subscription.ts';
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
  await db.insertInto('push_subscriptions').values(subscriptionRow(id, 0)).execute();
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

  it('tries the saved rule, as the version that it is, and alone where that is asked for', async () => {
    await server.call('PUT', '/api/v1/rules/espresso', { body: { id: 'espresso', ...RULE } });
    await server.call('PUT', '/api/v1/rules/rival', {
      body: { id: 'rival', ...RULE, weight: 3, state: 'live' },
    });
    const beside = await backtest(WHOLE_DAY);
    expect(beside.body).toMatchObject({
      ruleVersion: 1,
      otherRules: { rules: 1, sent: 2 },
      // Ada's second stay comes within the rival's cooldown.
      decisions: { sent: 1, suppressed: { outranked: 2 } },
    });
    const alone = await backtest({ ...WHOLE_DAY, alone: true });
    expect(alone.body).toMatchObject({ alone: true, otherRules: { rules: 0 }, decisions: { sent: 2 } });
  });

  it('shows journeys for a map, with a point for each decision', async () => {
    const { body } = await backtest({ ...WHOLE_DAY, rule: RULE });
    const kinds = body.journeys.features.map(
      (feature: { properties: { kind: string } }) => feature.properties.kind,
    );
    expect(kinds.filter((kind: string) => kind === 'decision')).toHaveLength(3);
    expect(body.journeys.features[0]).toMatchObject({
      geometry: { type: 'LineString', coordinates: expect.arrayContaining([[CAFE.lon, CAFE.lat]]) },
      properties: { kind: 'journey', device: 'phone-ada', consumer: 'ada' },
    });
  });

  it('sends and decides nothing for real', async () => {
    expect((await server.call('GET', '/api/v1/decisions')).body.items).toEqual([]);
    expect((await server.call('GET', '/api/v1/deliveries')).body.items).toEqual([]);
  });

  it('goes by consents and browsers as they were', async () => {
    await addPerson('cy');
    await walk('cy', [
      [600, AWAY],
      [660, CAFE],
      [670, AWAY],
      [720, CAFE],
      [730, AWAY],
      [780, CAFE],
    ]);
    const withdrawn = { consumer_id: 'cy', purpose: 'location_offers', source: 'test' } as const;
    await server.db
      .insertInto('consent_log')
      .values([
        { ...withdrawn, granted: 0, at: DAY + 690 * MINUTE_MS },
        { ...withdrawn, granted: 1, at: DAY + 750 * MINUTE_MS },
      ])
      .execute();
    await server.db
      .updateTable('push_subscriptions')
      .set({ gone_at: DAY + 760 * MINUTE_MS })
      .where('consumer_id', '=', 'cy')
      .execute();
    const rule = { ...RULE, limits: {} };
    const { body } = await backtest({ ...WHOLE_DAY, rule, alone: true });
    const of = body.decisionsSample.filter(({ consumer }: { consumer: string }) => consumer === 'cy');
    expect(of.map((one: { reason?: string }) => one.reason ?? 'sent')).toEqual([
      'sent',
      'no_consent',
      'no_channel',
    ]);
  });

  it('is noted as a look at those whom it shows, however it is asked for', async () => {
    const looks = async () => {
      const { body } = await server.call('GET', '/api/v1/audit?limit=1000');
      return body.items
        .filter(({ detail }: { detail: { what?: string } }) => detail.what === 'backtest')
        .map(({ action, subject }: { action: string; subject: string }) => `${action} ${subject}`);
    };
    const { body } = await backtest({ ...WHOLE_DAY, rule: RULE });
    const people: string[] = body.journeys.features.flatMap(
      ({ properties }: { properties: { kind: string; consumer: string } }) =>
        properties.kind === 'journey' ? [properties.consumer] : [],
    );
    expect(people).toContain('ada');
    for (const method of ['POST', 'GET', 'DELETE']) {
      const before = (await looks()).length;
      // The look before is not this one's.
      server.realNow += 2 * HOUR_MS;
      if (method === 'POST') await backtest({ ...WHOLE_DAY, rule: RULE });
      else await server.call(method, `/api/v1/backtests/${body.id}`);
      const all = await looks();
      expect([method, all.slice(0, all.length - before).sort()]).toEqual([
        method,
        [
          'people.read ',
          ...people.flatMap((person) => [`consumer.read ${person}`, `device.read phone-${person}`]),
        ].sort(),
      ]);
    }
  });

  it('answers 202 with where to ask, and can be asked and cancelled', async () => {
    const first = await backtest({ ...WHOLE_DAY, rule: RULE }, 'espresso', '?wait=PT0S');
    expect(first.status).toBe(202);
    const job = first.headers.get('location') ?? '';
    expect(job).toBe(`/api/v1/backtests/${first.body.id}`);
    const done = await server.call('GET', `${job}?wait=PT30S`);
    expect(done.body).toMatchObject({ id: first.body.id, state: 'done' });
    // What has ended stays as it is.
    expect((await server.call('DELETE', job)).body).toMatchObject({ state: 'done' });
    const second = await backtest({ ...WHOLE_DAY, rule: RULE }, 'espresso', '?wait=PT0S');
    const cancelled = await server.call('DELETE', `/api/v1/backtests/${second.body.id}`);
    expect(cancelled.body).toMatchObject({ state: 'cancelled' });
    expect((await server.call('GET', '/api/v1/backtests/nobody')).body.code).toBe('not_found');
  });

  it('runs two at a time, lets ten wait, and refuses more', async () => {
    const begun = [];
    for (let index = 0; index < 14; index += 1)
      begun.push(await backtest({ ...WHOLE_DAY, rule: RULE }, 'espresso', '?wait=PT0S'));
    const refused = begun.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.body.code).toBe('too_many_backtests');
    for (const { body, status } of begun)
      if (status === 202) await server.call('DELETE', `/api/v1/backtests/${body.id}`);
  });

  it.each([
    ['a time that is none', { from: 'yesterday', to: DAY }, 400, 'bad_request'],
    ['an end before the begin', { from: DAY, to: DAY }, 400, 'bad_request'],
    ['more than 400 days', { from: DAY, to: DAY + 401 * 24 * HOUR_MS }, 400, 'bad_request'],
    ['no times', {}, 400, 'bad_request'],
    ['an unknown field', { ...WHOLE_DAY, speed: 2 }, 400, 'bad_request'],
    ['a rule with problems', { ...WHOLE_DAY, rule: { name: 'x' } }, 422, 'invalid_document'],
    ['a rule that is no object', { ...WHOLE_DAY, rule: 'espresso' }, 422, 'invalid_document'],
  ])('refuses %s', async (_what, body, status, code) => {
    const answer = await backtest(body);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  });

  it('knows no rule that was never saved, and waits for no more than a minute', async () => {
    expect((await backtest(WHOLE_DAY, 'nothing')).body.code).toBe('not_found');
    expect((await backtest(WHOLE_DAY, 'espresso', '?wait=PT2M')).body.code).toBe('bad_request');
    expect((await backtest(WHOLE_DAY, 'espresso', '?wait=soon')).body.code).toBe('bad_request');
  });
});
