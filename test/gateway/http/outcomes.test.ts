import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signReceipt } from '../../../gateway/delivery/receipt-token.ts';
import type { LiveEvent } from '../../../gateway/http/dependencies.ts';
import type { DeliveryState } from '../../../gateway/records/schema.ts';
import { NOW, RECEIPT_KEY, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const get = (path: string) => server.call('GET', `/api/v1${path}`);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((item) => item.id);

async function addDelivery(
  id: string,
  state: DeliveryState,
  consumer = 'anna',
  createdAt = NOW,
): Promise<void> {
  const decision = await server.db
    .insertInto('decisions')
    .values({
      at: createdAt,
      rule: 'coffee',
      rule_version: 2,
      consumer,
      device: `car-of-${consumer}`,
      place: 'cafe',
      visit: 'v1',
      cause: id,
      outcome: 'sent',
      reason: null,
      detail: 'anna entered Café',
      delivery_id: id,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await server.db
    .insertInto('deliveries')
    .values({
      id,
      delivery_key: `coffee ${consumer} ${id}`,
      decision_id: decision.id,
      rule: 'coffee',
      consumer,
      channel: 'web-push',
      state,
      attempts: 1,
      offer_json: JSON.stringify({
        title: 'Coffee',
        body: 'Two for one',
        url: 'https://example.org',
        expiresAt: NOW + 1e6,
      }),
      created_at: createdAt,
      next_attempt_at: state === 'queued' ? NOW : null,
      expires_at_real: NOW + 1e6,
      sent_at: state === 'queued' ? null : NOW + 1,
      shown_at: null,
      clicked_at: null,
      dismissed_at: null,
      reason: null,
    })
    .execute();
}

describe('decisions', () => {
  beforeAll(async () => {
    const base = {
      rule_version: 1,
      place: null,
      visit: null,
      outcome: 'suppressed' as const,
      detail: 'x',
      delivery_id: null,
    };
    await server.db
      .insertInto('decisions')
      .values([
        { ...base, at: 1_000, rule: 'r1', consumer: 'c1', device: 'd1', cause: 'a', reason: 'no_consent' },
        { ...base, at: 2_000, rule: 'r1', consumer: 'c2', device: 'd2', cause: 'b', reason: 'cooldown' },
        {
          ...base,
          at: 2_000,
          rule: 'r2',
          consumer: 'c1',
          device: 'd1',
          cause: 'c',
          reason: 'cooldown',
          place: 'p',
          visit: 'v',
        },
        {
          ...base,
          at: 3_000,
          rule: 'r2',
          consumer: 'c2',
          device: 'd2',
          cause: 'd',
          outcome: 'sent',
          reason: null,
          delivery_id: 'x',
        },
      ])
      .execute();
  });

  it('come newest first, and leave out what does not apply', async () => {
    const { body } = await get('/decisions?to=5000');
    expect(body.items.map((item: { cause: string }) => item.cause)).toEqual(['d', 'c', 'b', 'a']);
    expect(body.items[0]).toEqual({
      id: expect.stringMatching(/^\d+$/),
      at: 3_000,
      rule: 'r2',
      ruleVersion: 1,
      consumer: 'c2',
      device: 'd2',
      cause: 'd',
      outcome: 'sent',
      detail: 'x',
      deliveryId: 'x',
    });
    expect(body.items[1]).toMatchObject({
      place: 'p',
      visit: 'v',
      outcome: 'suppressed',
      reason: 'cooldown',
    });
  });

  it.each([
    ['consumer=c1', 2],
    ['device=d2', 2],
    ['rule=r1', 2],
    ['rule=r1&consumer=c1', 1],
    ['reason=cooldown', 2],
    ['state=sent', 1],
    ['state=suppressed&reason=no_consent', 1],
    ['from=2000', 3],
    ['from=1970-01-01T00:00:02Z', 3],
    ['from=1970-01-01T01:00:02%2B01:00', 3],
    ['to=2000', 1],
    ['from=2000&to=3000', 2],
    ['consumer=nobody', 0],
  ])('filtered by %s are %i', async (query, count) => {
    const to = query.includes('to=') ? '' : '&to=5000';
    expect((await get(`/decisions?${query}${to}`)).body.items).toHaveLength(count);
  });

  it('come page by page, with filters kept', async () => {
    const first = await get('/decisions?consumer=c1&limit=1&to=5000');
    const second = await get(`/decisions?consumer=c1&limit=1&to=5000&cursor=${first.body.next}`);
    expect([first, second].map((page) => page.body.items[0].cause)).toEqual(['c', 'a']);
    expect(second.body.next).toBeNull();
  });
});

describe('receipts', () => {
  const receipt = (id: string, kind: string, at = NOW, token = signReceipt(RECEIPT_KEY, id)) =>
    server.call('POST', '/api/v1/receipts', { token: null, body: { token, kind, at } });
  const delivery = async (id: string) =>
    (await get('/deliveries?limit=1000')).body.items.find((item: { id: string }) => item.id === id);

  it('move a delivery on, are told to the live stream once, and change nothing when repeated', async () => {
    await addDelivery('d1', 'sent');
    const told: LiveEvent[] = [];
    server.listeners.add((event) => told.push(event));
    expect((await receipt('d1', 'shown')).status).toBe(204);
    const shown = await delivery('d1');
    expect(shown).toMatchObject({ state: 'shown', shownAt: NOW + 5, sentAt: NOW + 1 });
    expect(told).toEqual([{ kind: 'delivery', delivery: shown }]);
    server.realNow = NOW + 60_000;
    expect((await receipt('d1', 'shown', NOW + 60_000)).status).toBe(204);
    server.realNow = NOW;
    expect(await delivery('d1')).toEqual(shown);
    expect(told).toHaveLength(1);
    server.listeners.clear();
  });

  it('never take back what is known, in whatever order they come', async () => {
    await addDelivery('d2', 'sent');
    await receipt('d2', 'clicked');
    expect(await delivery('d2')).toMatchObject({ state: 'clicked', shownAt: NOW + 5, clickedAt: NOW + 5 });
    await receipt('d2', 'dismissed');
    await receipt('d2', 'shown');
    expect(await delivery('d2')).toMatchObject({ state: 'clicked', clickedAt: NOW + 5 });
    await addDelivery('d3', 'sent');
    await receipt('d3', 'dismissed');
    expect(await delivery('d3')).toMatchObject({ state: 'dismissed' });
    await receipt('d3', 'clicked');
    expect(await delivery('d3')).toMatchObject({ state: 'clicked' });
  });

  it('stop a second sending where a crash left the delivery queued', async () => {
    await addDelivery('d4', 'queued');
    await receipt('d4', 'shown');
    const row = await server.db
      .selectFrom('deliveries')
      .selectAll()
      .where('id', '=', 'd4')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'shown', next_attempt_at: null });
  });

  it('are timed by the domain clock, and a browser’s clock is not believed beyond reason', async () => {
    await addDelivery('d5', 'sent');
    await receipt('d5', 'shown', NOW - 10_000);
    expect((await delivery('d5')).shownAt).toBe(NOW + 5 - 600_000);
    await addDelivery('d6', 'sent');
    await receipt('d6', 'shown', NOW + 1e9);
    expect((await delivery('d6')).shownAt).toBe(NOW + 5);
    await addDelivery('d7', 'sent');
    await receipt('d7', 'shown', 0);
    expect((await delivery('d7')).shownAt).toBe(NOW + 5 - 7 * 86_400_000 * 60);
  });

  it('are refused when forged, and not minded when the delivery is no more', async () => {
    const forged = signReceipt(new Uint8Array(32).fill(8), 'd1');
    expect(await receipt('d1', 'clicked', NOW, forged)).toMatchObject({
      status: 401,
      body: { code: 'forged_token' },
    });
    expect((await receipt('d1', 'clicked', NOW, 'nonsense')).status).toBe(401);
    expect((await receipt('d1', 'eaten')).status).toBe(400);
    expect((await delivery('d1')).state).toBe('shown');
    expect((await receipt('erased', 'shown')).status).toBe(204);
  });

  it('arriving together leave one result', async () => {
    await addDelivery('d8', 'sent');
    await Promise.all(
      ['shown', 'clicked', 'shown', 'dismissed', 'clicked'].map((kind) => receipt('d8', kind)),
    );
    expect(await delivery('d8')).toMatchObject({ state: 'clicked', shownAt: NOW + 5, clickedAt: NOW + 5 });
  });
});

describe('deliveries', () => {
  it('are filtered by state, consumer, device and rule', async () => {
    await addDelivery('b1', 'failed', 'ben', NOW + 10);
    expect(ids(await get('/deliveries?state=failed'))).toEqual(['b1']);
    expect(ids(await get('/deliveries?consumer=ben'))).toEqual(['b1']);
    expect(ids(await get('/deliveries?device=car-of-ben'))).toEqual(['b1']);
    expect(ids(await get('/deliveries?rule=other'))).toEqual([]);
    expect(ids(await get(`/deliveries?from=${NOW + 10}`))).toEqual(['b1']);
    expect((await get('/deliveries?state=lost')).status).toBe(400);
    const { body } = await get('/deliveries?consumer=ben');
    expect(body.items[0]).toEqual({
      id: 'b1',
      decision: expect.stringMatching(/^\d+$/),
      rule: 'coffee',
      consumer: 'ben',
      channel: 'web-push',
      state: 'failed',
      attempts: 1,
      createdAt: NOW + 10,
      sentAt: NOW + 1,
    });
  });
});

describe('visits and quarantine', () => {
  it('lists visits, open ones without an end', async () => {
    await server.db
      .insertInto('visits')
      .values([
        {
          id: 'v1',
          device: 'd1',
          consumer: 'c1',
          place: 'p1',
          entered_at: 1_000,
          exited_at: 2_000,
          ended_by: 'exit',
        },
        {
          id: 'v2',
          device: 'd1',
          consumer: null,
          place: 'p2',
          entered_at: 3_000,
          exited_at: null,
          ended_by: null,
        },
      ])
      .execute();
    expect((await get('/visits')).body.items).toEqual([
      { id: 'v2', device: 'd1', place: 'p2', enteredAt: 3_000 },
      {
        id: 'v1',
        device: 'd1',
        consumer: 'c1',
        place: 'p1',
        enteredAt: 1_000,
        exitedAt: 2_000,
        endedBy: 'exit',
      },
    ]);
    expect(ids(await get('/visits?place=p1'))).toEqual(['v1']);
    expect(ids(await get('/visits?consumer=c1&device=d1'))).toEqual(['v1']);
    expect((await get('/visits?reason=x')).status).toBe(400);
  });

  it('lists quarantine by what was seen last, with the payload as base64', async () => {
    const base = { topic: 'devices/d/telemetry', message: 'm', payload: Buffer.from('{"a":'), count: 3 };
    await server.db
      .insertInto('quarantine')
      .values([
        { ...base, id: 'q1', device: 'd1', code: 'bad_json', first_seen_at: 1, last_seen_at: 9_000 },
        { ...base, id: 'q2', device: 'd2', code: 'bad_time', first_seen_at: 2, last_seen_at: 5_000 },
      ])
      .execute();
    const { body } = await get('/quarantine');
    expect(body.items.map((item: { id: string }) => item.id)).toEqual(['q1', 'q2']);
    expect(body.items[0]).toMatchObject({
      payloadBase64: 'eyJhIjo=',
      count: 3,
      firstSeenAt: 1,
      lastSeenAt: 9_000,
    });
    expect(ids(await get('/quarantine?device=d2'))).toEqual(['q2']);
    expect(ids(await get('/quarantine?reason=bad_json'))).toEqual(['q1']);
  });
});
