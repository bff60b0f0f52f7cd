import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const get = (path: string) => server.call('GET', `/api/v1${path}`);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((item) => item.id);

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
    const base = {
      topic: 'devices/d/telemetry',
      message: 'm',
      payload: Buffer.from('{"a":'),
      payload_digest: 'x',
      count: 3,
    };
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
