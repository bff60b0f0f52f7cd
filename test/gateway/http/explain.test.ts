import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from '../../../gateway/records/schema.ts';
import { addDelivery } from './delivery-row.ts';
import { startHttp, type TestServer } from './http-server.ts';

const AT = 1_763_800_000_000;
const MINUTE = 60_000;
const OFFER = { title: 'Hello', body: 'Two for one', expires: 'PT30M' };

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
  await server.call('POST', '/api/v1/consumers', { body: { id: 'anna', timezone: 'Europe/Rome' } });
  await server.call('POST', '/api/v1/consumers', { body: { id: 'ben' } });
  await server.call('POST', '/api/v1/devices', { body: { id: 'car-1', type: 'car', consumerId: 'anna' } });
  for (const [id, tags] of [
    ['cafe', ['coffee']],
    ['pump', ['fuel']],
  ] as const) {
    const feature = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
      properties: { name: id, radiusMetres: 100, tags },
    };
    await server.call('PUT', `/api/v1/places/${id}`, { body: feature });
  }
});
afterAll(() => server.stop());
beforeEach(async () => {
  for (const table of ['rules', 'rule_versions', 'rule_states', 'decisions', 'deliveries', 'visits'] as const)
    await server.db.deleteFrom(table).execute();
});

/** A rule that is live since a day before, unless told otherwise. */
async function rule(id: string, trigger: object, more: { state?: string; at?: number; when?: string } = {}) {
  const { state = 'live', at = AT - 86_400_000, ...rest } = more;
  const saved = await server.call('PUT', `/api/v1/rules/${id}`, {
    body: { id, name: `Rule ${id}`, trigger, offer: OFFER, state, ...rest },
  });
  expect(saved.status).toBe(201);
  await server.db.updateTable('rule_states').set({ at }).where('rule', '=', id).execute();
}

const visit = (id: string, enteredAt: number, more: Partial<Schema['visits']> = {}) =>
  server.db
    .insertInto('visits')
    .values({
      id,
      device: 'car-1',
      consumer: 'anna',
      place: 'cafe',
      entered_at: enteredAt,
      exited_at: null,
      ended_by: null,
      ...more,
    })
    .execute();

const decision = (id: number, ruleId: string, at: number, more: object = {}) =>
  server.db
    .insertInto('decisions')
    .values({
      id,
      at,
      rule: ruleId,
      rule_version: 1,
      consumer: 'anna',
      device: 'car-1',
      place: 'cafe',
      visit: 'v1',
      cause: 'v1',
      outcome: 'suppressed',
      reason: 'condition_false',
      detail: 'car-1 entered cafe; metrics.fuel < 0.15 is false: metrics.fuel is 0.4.',
      delivery_id: null,
      ...more,
    })
    .execute();

async function explained(query = `consumer=anna&place=cafe&at=${AT}`) {
  const { status, body } = await server.call('GET', `/api/v1/explain?${query}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}
const ofRule = async (id: string, query?: string) =>
  (await explained(query)).rules.find((one: { rule: string }) => one.rule === id);

const ENTER = { place: { tag: 'coffee' }, on: 'enter' };

describe('why a consumer was not brought an offer', () => {
  it('is told in the words of the decision, with what was false', async () => {
    await rule('fuel', ENTER);
    await visit('v1', AT - MINUTE);
    await decision(1, 'fuel', AT - MINUTE);
    const answer = await explained();
    expect(answer).toMatchObject({
      consumer: 'anna',
      place: 'cafe',
      at: AT,
      from: AT - 15 * MINUTE,
      omitted: 0,
      visits: [{ id: 'v1', enteredAt: AT - MINUTE }],
      rules: [
        {
          rule: 'fuel',
          version: 1,
          name: 'Rule fuel',
          state: 'live',
          verdict: 'suppressed',
          reason: 'condition_false',
          explanation: 'car-1 entered cafe; metrics.fuel < 0.15 is false: metrics.fuel is 0.4.',
          decision: { id: '1', visit: 'v1' },
        },
      ],
    });
  });

  it('takes the condition apart, and marks the part that was false', async () => {
    await rule('fuel', ENTER, {
      when: 'device.type == "car" && (metrics.fuel < 0.15 || metrics.fuel > 0.9)',
    });
    await decision(1, 'fuel', AT, {
      detail:
        'car-1 entered cafe; metrics.fuel < 0.15 is false: metrics.fuel is 0.4 and metrics.fuel > 0.9 is false: metrics.fuel is 0.4.',
    });
    await server.call('PUT', '/api/v1/rules/fuel', {
      body: { id: 'fuel', trigger: ENTER, offer: OFFER, when: 'metrics.fuel < 0.5' },
    });
    const { condition } = await ofRule('fuel');
    expect(condition.text).toContain('device.type');
    const [type, either] = condition.parts;
    expect([type.text, type.stopped]).toEqual(['device.type == "car"', false]);
    expect(either.parts).toMatchObject([
      { text: 'metrics.fuel < 0.15', stopped: true },
      { text: 'metrics.fuel > 0.9', stopped: true },
    ]);
  });

  it('names the version that decided, also where the rule was changed since', async () => {
    await rule('fuel', ENTER);
    await decision(1, 'fuel', AT);
    await server.call('PUT', '/api/v1/rules/fuel', {
      body: { id: 'fuel', name: 'Now another', trigger: { event: 'x' }, offer: OFFER },
    });
    expect(await ofRule('fuel')).toMatchObject({
      version: 1,
      verdict: 'suppressed',
      reason: 'condition_false',
    });
  });

  it('takes the offer that was sent before what was withheld beside it, and tells what became of it', async () => {
    await rule('fuel', ENTER);
    await decision(101, 'fuel', AT - 2 * MINUTE, {
      outcome: 'sent',
      reason: null,
      detail: 'It was sent.',
      delivery_id: 'd1',
    });
    await decision(102, 'fuel', AT, { reason: 'cooldown', cause: 'v2' });
    await addDelivery(server.db, 'd1', 'withdrawn', 'anna', AT);
    await server.db.updateTable('deliveries').set({ reason: 'no_consent' }).execute();
    const found = await ofRule('fuel');
    expect(found).toMatchObject({
      verdict: 'sent',
      explanation: 'It was sent.',
      delivery: { state: 'withdrawn', reason: 'no_consent' },
    });
    expect(found.decisions.map((one: { id: string }) => one.id)).toEqual(['101', '102']);
  });

  it('tells rules that waited for something else, with the reason of each', async () => {
    await rule('enter', ENTER);
    await rule('exit', { place: { id: 'cafe' }, on: 'exit' });
    await rule('dwell', { place: { tag: 'coffee' }, on: 'dwell', for: 'PT10M' });
    await rule('approach', { place: { tag: 'coffee' }, on: 'approach' });
    await rule('pass', { place: { tag: 'coffee' }, on: 'pass' });
    await rule('elsewhere', { place: { tag: 'fuel' }, on: 'enter' });
    await rule('metric', { metric: { name: 'fuel', below: 0.15 } });
    await rule('event', { event: 'purchase' });
    await rule('draft', ENTER, { state: 'draft' });
    await rule('later', ENTER, { at: AT + 86_400_000 });
    const reasons = async () =>
      Object.fromEntries(
        (await explained()).rules.map((one: { rule: string; reason: string }) => [one.rule, one.reason]),
      );
    expect(await reasons()).toEqual({
      enter: 'no_visit',
      exit: 'no_visit',
      dwell: 'no_visit',
      approach: 'no_approach',
      pass: 'no_pass',
      elsewhere: 'other_place',
      metric: 'no_crossing',
      event: 'no_event',
      draft: 'not_live',
      later: 'not_saved_yet',
    });
    await visit('v1', AT - 20 * MINUTE, { exited_at: AT - 14 * MINUTE, ended_by: 'silence' });
    expect(await reasons()).toMatchObject({
      enter: 'entered_before',
      exit: 'ended_by_silence',
      dwell: 'dwell_not_reached',
    });
    const dwell = await ofRule('dwell');
    expect(dwell.explanation).toBe('car-1 was inside for 6 min; the rule asks for 10 min.');
    expect((await explained()).rules.map((one: { rule: string }) => one.rule).at(-1)).toBe('elsewhere');
  });

  it('says that the visit had brought its offer before', async () => {
    await rule('enter', ENTER);
    await visit('v1', AT - 60 * MINUTE);
    await decision(1, 'enter', AT - 60 * MINUTE, { outcome: 'sent', reason: null });
    expect(await ofRule('enter')).toMatchObject({
      reason: 'already_sent',
      explanation: expect.stringMatching(/sent its offer at 2025-11-22 08:26:40 \(Europe\/Rome\)/),
    });
  });

  it('says so too where another device had come before, and left since', async () => {
    await rule('enter', ENTER);
    await visit('phone', AT - 60 * MINUTE, {
      device: 'phone',
      exited_at: AT - 20 * MINUTE,
      ended_by: 'exit',
    });
    await visit('car', AT - 30 * MINUTE);
    await decision(1, 'enter', AT - 60 * MINUTE, {
      outcome: 'sent',
      reason: null,
      visit: 'phone',
      cause: 'phone',
    });
    expect(await ofRule('enter')).toMatchObject({ reason: 'already_sent' });
  });

  it('knows what state the rule was in at the moment of entering', async () => {
    await rule('enter', ENTER, { state: 'draft' });
    await server.call('POST', '/api/v1/rules/enter/state', { body: { state: 'live' } });
    await server.db.updateTable('rule_states').set({ at: AT }).where('state', '=', 'live').execute();
    await visit('v1', AT - MINUTE);
    expect(await ofRule('enter')).toMatchObject({
      state: 'live',
      reason: 'not_live',
      explanation: expect.stringContaining('when the rule was a draft'),
    });
    await visit('v2', AT + MINUTE);
    expect(await ofRule('enter')).toMatchObject({ reason: 'not_recorded' });
  });

  it('tells what the devices said, where that is why', async () => {
    await rule('enter', ENTER);
    await rule('metric', { metric: { name: 'fuel', below: 0.15 } });
    const { device_key: deviceKey } = await server.db
      .selectFrom('devices')
      .select('device_key')
      .where('id', '=', 'car-1')
      .executeTakeFirstOrThrow();
    const point = (seq: number, lat: number, fuel: number, flags: readonly 'late'[] = []) => ({
      deviceKey,
      at: AT + seq,
      seq,
      receivedAt: AT,
      position: { lat, lon: 9.19, accuracy: seq === 3 ? 900 : 5 },
      metrics: { fuel },
      flags,
    });
    await server.telemetry.write(
      [point(1, 45.47, 0.4), point(2, 45.5, 0.2, ['late']), point(3, 45.6, 0.3)],
      3,
    );
    expect((await explained()).evidence).toMatchObject({ positions: 3, late: 1, coarse: 1, inside: 0 });
    expect((await ofRule('enter')).explanation).toMatch(
      /are 3 positions, the nearest 5\d\d m from it, 1 late, 1 too inaccurate for this place\.$/,
    );
    expect((await ofRule('metric')).explanation).toMatch(/It was between 0.2 and 0.4\.$/);
  });

  it('shows health metrics of those alone who agreed to their use', async () => {
    await rule('pulse', { metric: { name: 'heartRate', above: 180 } });
    const { device_key: deviceKey } = await server.db
      .selectFrom('devices')
      .select('device_key')
      .where('id', '=', 'car-1')
      .executeTakeFirstOrThrow();
    const metrics = { heartRate: 143, fuel: 0.4 };
    await server.telemetry.write([{ deviceKey, at: AT + 7, seq: 7, receivedAt: AT, metrics, flags: [] }], 7);
    const hidden = (await explained()).evidence;
    expect(hidden.metrics).toMatchObject({ fuel: { last: 0.4 } });
    expect(JSON.stringify([hidden, await ofRule('pulse')])).not.toMatch(/143/);
    await server.call('PUT', '/api/v1/consumers/anna/consents/health_offers', {
      body: { granted: true, source: 'form' },
    });
    expect((await explained()).evidence.metrics).toMatchObject({ heartRate: { last: 143 } });
    expect((await ofRule('pulse')).explanation).toMatch(/It was 143\.$/);
  });

  it('says that the place lies in a sensitive zone', async () => {
    await rule('enter', ENTER);
    const zone = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
      properties: { name: 'A clinic', category: 'health_care' },
    };
    expect((await server.call('PUT', '/api/v1/sensitive-zones/clinic', { body: zone })).status).toBeLessThan(
      300,
    );
    const found = await ofRule('enter');
    await server.call('DELETE', '/api/v1/sensitive-zones/clinic');
    expect([found.reason, found.explanation]).toEqual([
      'in_sensitive_zone',
      expect.stringContaining('A clinic'),
    ]);
    expect(await ofRule('enter')).toMatchObject({ reason: 'no_visit' });
  });

  it('says that nobody is linked', async () => {
    await rule('enter', ENTER);
    expect(await ofRule('enter', `consumer=ben&place=cafe&at=${AT}`)).toMatchObject({ reason: 'not_linked' });
  });

  it('needs no place, where the rule is about none', async () => {
    await rule('event', { event: 'purchase' });
    await rule('enter', ENTER);
    await decision(1, 'event', AT, { place: null, visit: null, cause: '7', reason: 'quiet_hours' });
    const query = `consumer=anna&at=${new Date(AT).toISOString()}&window=PT1M`;
    expect(await ofRule('event', query)).toMatchObject({ verdict: 'suppressed', reason: 'quiet_hours' });
    expect(await ofRule('enter', query)).toMatchObject({ reason: 'no_place_given' });
  });

  it('lists as many rules as a page can show, those that decided first', async () => {
    const rules = Array.from({ length: 250 }, (_, n) => {
      const id = `r${String(n).padStart(3, '0')}`;
      return { id, document: { id, trigger: ENTER, offer: OFFER, state: 'live' } };
    });
    expect((await server.call('POST', '/api/v1/rules/apply', { body: { rules } })).status).toBe(200);
    await decision(1, 'r249', AT);
    const { rules: listed, omitted } = await explained();
    expect([listed.length, omitted, listed[0].rule]).toEqual([200, 50, 'r249']);
  });

  it.each([
    ['no such consumer', `consumer=nobody&place=cafe&at=${AT}`, 404],
    ['no such place', `consumer=anna&place=nowhere&at=${AT}`, 404],
    ['no time', 'consumer=anna&place=cafe', 400],
    ['a time that is none', 'consumer=anna&place=cafe&at=noon', 400],
    ['a window without end', `consumer=anna&place=cafe&at=${AT}&window=P2D`, 400],
    ['an unknown parameter', `consumer=anna&place=cafe&at=${AT}&rule=x`, 400],
  ])('is refused for %s', async (_what, query, status) => {
    expect((await server.call('GET', `/api/v1/explain?${query}`)).status).toBe(status);
  });
});
