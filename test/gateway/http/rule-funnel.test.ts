import type { Insertable } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { liftOf } from '../../../gateway/funnel/lift.ts';
import { countDecisions, countDeliveries } from '../../../gateway/records/rule-funnel.ts';
import type { DeliveryState, Schema } from '../../../gateway/records/schema.ts';
import type { SuppressionReason } from '../../../rules/step.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

const HOUR = 3_600_000;

let server: TestServer;
let nextId = 1;
beforeAll(async () => {
  server = await startHttp();
  const body = {
    id: 'fuel',
    name: 'Fuel',
    trigger: { event: 'purchase' },
    offer: { title: 'Hello', body: 'Two for one', expires: 'PT30M' },
  };
  expect((await server.call('PUT', '/api/v1/rules/fuel', { body })).status).toBe(201);
});
afterAll(() => server.stop());
beforeEach(async () => {
  for (const table of ['decisions', 'deliveries', 'visits'] as const)
    await server.db.deleteFrom(table).execute();
});

async function decided(
  outcome: 'sent' | SuppressionReason,
  more: Partial<Insertable<Schema['decisions']>> & {
    readonly state?: DeliveryState;
    readonly shown?: number;
    readonly clicked?: number;
  } = {},
): Promise<void> {
  const id = nextId++;
  const { state = 'sent', shown = null, clicked = null, ...rest } = more;
  const sent = outcome === 'sent';
  const row = {
    id,
    at: NOW - HOUR + id,
    rule: 'fuel',
    rule_version: 1,
    consumer: `c${id}`,
    device: 'car',
    place: null,
    visit: null,
    cause: String(id),
    outcome: sent ? ('sent' as const) : ('suppressed' as const),
    reason: outcome === 'sent' ? null : outcome,
    detail: 'x',
    delivery_id: sent ? `d${id}` : null,
    variant: null,
    ...rest,
  };
  await server.db.insertInto('decisions').values(row).execute();
  if (!sent) return;
  await server.db
    .insertInto('deliveries')
    .values({
      id: `d${id}`,
      delivery_key: `k${id}`,
      decision_id: id,
      rule: row.rule,
      consumer: row.consumer,
      channel: 'web-push',
      state,
      attempts: 1,
      offer_json: '{}',
      created_at: row.at,
      next_attempt_at: null,
      expires_at_real: NOW,
      sent_at: state === 'queued' ? null : NOW,
      shown_at: shown,
      clicked_at: clicked,
      dismissed_at: null,
      reason: null,
      variant: row.variant,
      campaign: null,
      code: null,
    })
    .execute();
}

async function funnel(query = '') {
  const { status, body } = await server.call('GET', `/api/v1/rules/fuel/funnel${query}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

describe('the funnel of a rule', () => {
  it('goes from triggers through the reasons, in the order in which they are tried, to what was redeemed', async () => {
    await decided('no_consent');
    await decided('no_consent');
    await decided('cooldown');
    await decided('condition_false');
    await decided('sent', { state: 'queued' });
    await decided('sent', { state: 'withdrawn' });
    await decided('sent', { state: 'shown', shown: NOW });
    await decided('sent', { state: 'clicked', shown: NOW, clicked: NOW });
    await decided('sent', { state: 'redeemed', shown: NOW, clicked: NOW });
    expect(await funnel()).toMatchObject({
      rule: 'fuel',
      triggers: 9,
      suppressed: { no_consent: 2, condition_false: 1, cooldown: 1 },
      steps: [
        { reason: 'no_consent', count: 2, left: 7 },
        { reason: 'condition_false', count: 1, left: 6 },
        { reason: 'cooldown', count: 1, left: 5 },
      ],
      sent: 5,
      delivered: 4,
      shown: 3,
      clicked: 2,
      redeemed: 1,
      lost: 1,
      waiting: 1,
      experiment: null,
    });
  });

  it('is told by version and by variant', async () => {
    await decided('no_consent');
    await decided('sent', { rule_version: 2, variant: 'a', state: 'clicked', shown: NOW, clicked: NOW });
    await decided('sent', { rule_version: 2, variant: 'b', state: 'shown', shown: NOW });
    const { byVersion, byVariant } = await funnel();
    expect(byVersion).toMatchObject([
      { version: 2, triggers: 2, sent: 2, clicked: 1 },
      { version: 1, triggers: 1, sent: 0, suppressed: { no_consent: 1 } },
    ]);
    expect(byVariant).toMatchObject([
      { variant: null, triggers: 1 },
      { variant: 'a', sent: 1, shown: 1, clicked: 1 },
      { variant: 'b', sent: 1, shown: 1, clicked: 0 },
    ]);
  });

  it('holds what was decided in the period, its beginning included and its end not', async () => {
    await decided('no_consent', { at: NOW - 10 });
    await decided('sent', { at: NOW - 5 });
    await decided('no_consent', { at: NOW - 5, rule: 'other' });
    const triggers = async (from: number, to: number) => (await funnel(`?from=${from}&to=${to}`)).triggers;
    expect([
      await triggers(NOW - 10, NOW),
      await triggers(NOW - 9, NOW),
      await triggers(NOW - 10, NOW - 5),
    ]).toEqual([2, 1, 1]);
    expect((await funnel(`?from=${NOW - 100}&to=${NOW - 50}`)).steps).toEqual([]);
  });

  it('counts the same in however many parts', async () => {
    for (let n = 0; n < 23; n += 1) {
      const at = NOW - HOUR + Math.floor(n / 4);
      await decided(n % 3 === 0 ? 'sent' : 'cooldown', { at, state: n % 2 === 0 ? 'shown' : 'sent' });
    }
    const query = { rule: 'fuel', from: NOW - 2 * HOUR, to: NOW };
    const sums = async (sliceRows: number) => {
      const decisions = await countDecisions(server.db, query, sliceRows);
      const deliveries = await countDeliveries(server.db, query, sliceRows);
      const sum = (list: readonly { readonly count: number }[]) =>
        list.reduce((total, { count }) => total + count, 0);
      return [sum(decisions), sum(decisions.filter(({ outcome }) => outcome === 'sent')), sum(deliveries)];
    };
    for (const sliceRows of [1, 2, 3, 5, 8, 23, 24, 1_000]) expect(await sums(sliceRows)).toEqual([23, 8, 8]);
  });

  it('is counted from the index alone', async () => {
    const { rows } = await server.db.getExecutor().executeQuery<{ detail: string }>({
      sql: `explain query plan select outcome, reason, variant, rule_version, count(*) from decisions
        where rule = 'fuel' and (at, id) > (1, -1) and at < 9 group by 1, 2, 3, 4`,
      parameters: [],
      query: { kind: 'RawNode', sqlFragments: [], parameters: [] },
      queryId: { queryId: 'plan' },
    });
    expect(rows.map(({ detail }) => detail).join()).toContain('COVERING INDEX decisions_by_rule');
  });

  it.each([
    ['no such rule', '/api/v1/rules/none/funnel', 404],
    ['an end before the beginning', `/api/v1/rules/fuel/funnel?from=${NOW}&to=${NOW - 1}`, 400],
    ['a time that is none', '/api/v1/rules/fuel/funnel?from=yesterday', 400],
  ])('is refused for %s', async (_what, path, status) => {
    expect((await server.call('GET', path)).status).toBe(status);
  });
});

describe('an experiment', () => {
  const AT_PLACE = { place: 'cafe', visit: 'v' };
  const came = (consumer: string, at: number) =>
    server.db
      .insertInto('visits')
      .values({
        id: `v-${consumer}-${at}`,
        device: 'car',
        consumer,
        place: 'cafe',
        entered_at: at,
        exited_at: null,
        ended_by: null,
      })
      .execute();

  it('sets who was held out beside who could be sent to, each person once', async () => {
    await decided('no_consent', { ...AT_PLACE, consumer: 'never-dealt' });
    await decided('holdout', { ...AT_PLACE, consumer: 'held', at: NOW - 100 });
    await decided('holdout', { ...AT_PLACE, consumer: 'held', at: NOW - 50 });
    await decided('sent', { ...AT_PLACE, consumer: 'treated', at: NOW - 100 });
    await decided('cooldown', { ...AT_PLACE, consumer: 'treated', at: NOW - 50 });
    await decided('quiet_hours', { ...AT_PLACE, consumer: 'asleep', at: NOW - 100 });
    await came('treated', NOW - 80);
    await came('held', NOW - 100);
    await came('asleep', NOW + 25 * HOUR);
    const { experiment } = await funnel();
    expect(experiment).toMatchObject({
      treated: { consumers: 2, atPlace: 2, cameAfter: 1 },
      holdout: { consumers: 1, atPlace: 1, cameAfter: 0 },
      lift: { difference: 0.5 },
      truncated: false,
    });
    expect(experiment.notes.join(' ')).toContain('cannot be told from chance');
    expect(experiment.notes.join(' ')).toContain('could not click');
  });

  it('says that nothing can be said where the rule is about no place', async () => {
    await decided('holdout');
    await decided('sent');
    const { experiment } = await funnel();
    expect(experiment).toMatchObject({ treated: { consumers: 1, atPlace: 0 }, lift: null });
    expect(experiment.notes.join(' ')).toContain('cannot be told');
  });

  // Newcombe 1998, table II, method 10.
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
  ])(
    'gives the interval that its source gives for %i of %i against %i of %i',
    (did, people, otherDid, others, low, high) => {
      const lift = liftOf({ people, did }, { people: others, did: otherDid });
      expect(lift?.low).toBeCloseTo(low, 4);
      expect(lift?.high).toBeCloseTo(high, 4);
    },
  );

  it('has no interval without people', () => {
    expect(liftOf({ people: 0, did: 0 }, { people: 5, did: 1 })).toBeNull();
  });
});
