import type { KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addCodes } from '../../../gateway/records/code-pools.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';

const DAY_MS = 86_400_000;
const CHANGE = { actor: 'test', at: START };
let engine: EngineUnderTest;
let fails = 0;

/** Lets statements fail on demand, within the transaction that they belong to. */
const failing: KyselyPlugin = {
  transformQuery: ({ node }) => {
    if (fails > 0 && JSON.stringify(node).includes('"sends"')) {
      fails -= 1;
      throw new Error('this commit fails');
    }
    return node;
  },
  transformResult: async ({ result }) => result,
};

const start = (dir?: string) => startEngine({ plugin: failing, ...(dir !== undefined && { dir }) });

beforeEach(async () => {
  fails = 0;
  engine = await start();
});
afterEach(async () => {
  await engine.close();
  await engine.remove();
});

async function restart(): Promise<void> {
  await engine.close();
  engine = await start(engine.dir);
}

/** A rule that greets whoever buys something, with more fields if need be. */
async function addRule(id: string, over: object): Promise<void> {
  const document = {
    id,
    trigger: { event: 'purchase' },
    offer: { title: 'Thanks', body: 'Come again', expires: 'PT30M' },
    ...over,
  };
  const row = { id, version: 1, state: 'live' as const, updated_at: START };
  await engine.db
    .insertInto('rules')
    .values({ ...row, document_json: JSON.stringify(document) })
    .execute();
  await engine.changed({ kind: 'rules' });
}

async function addPool(...codes: string[]): Promise<void> {
  await engine.db
    .insertInto('code_pools')
    .values({ id: 'pool', document_json: '{"id":"pool","name":"Pool"}', updated_at: START })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await addCodes(engine.db, 'pool', codes, CHANGE);
  await engine.changed({ kind: 'code-pools', ids: ['pool'] });
}

const WITH_CODE = { offer: { title: 'Yours: {{ code }}', body: 'Show it', expires: 'PT30M', code: 'pool' } };

/** Each of these people buys something, all in one batch. */
async function buy(...people: string[]): Promise<void> {
  for (const person of people) {
    const known = await engine.db
      .selectFrom('consumers')
      .select('id')
      .where('id', '=', person)
      .executeTakeFirst();
    if (known === undefined) await addPerson(engine.db, person, { [`card-${person}`]: 'card' });
    await engine.send(`card-${person}`, { at: engine.clock.now(), event: 'purchase' });
  }
  await engine.engine.drain();
}

async function codesOf(): Promise<readonly (readonly [string, string | null])[]> {
  const rows = await engine.db
    .selectFrom('deliveries')
    .select(['consumer', 'code'])
    .orderBy('decision_id')
    .execute();
  return rows.map(({ consumer, code }) => [consumer, code] as const);
}

async function reasons(): Promise<readonly (string | null)[]> {
  const rows = await engine.db.selectFrom('decisions').select('reason').orderBy('id').execute();
  return rows.map(({ reason }) => reason);
}

const pool = () => engine.db.selectFrom('code_pools').select(['codes', 'given']).executeTakeFirstOrThrow();

describe('codes', () => {
  it('are given in order, each to one person, until none is left; more can be added', async () => {
    await addPool('A', 'B', 'C');
    await addRule('thanks', WITH_CODE);
    await buy('ann', 'bob');
    await restart();
    await buy('cid', 'dan');
    expect(await codesOf()).toEqual([
      ['ann', 'A'],
      ['bob', 'B'],
      ['cid', 'C'],
    ]);
    expect(await reasons()).toEqual([null, null, null, 'no_code_left']);
    expect(await pool()).toEqual({ codes: 3, given: 3 });
    await addPool('D');
    await buy('eve');
    expect((await codesOf()).at(-1)).toEqual(['eve', 'D']);
    const offer = await engine.db
      .selectFrom('deliveries')
      .select('offer_json')
      .where('consumer', '=', 'eve')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(offer.offer_json)).toMatchObject({ title: 'Yours: D', code: 'D' });
  });

  it('of a commit that failed are given by the next one, to the same people', async () => {
    await addPool('A', 'B');
    await addRule('thanks', WITH_CODE);
    fails = 1;
    await buy('ann', 'bob');
    expect(fails).toBe(0);
    expect(await codesOf()).toEqual([
      ['ann', 'A'],
      ['bob', 'B'],
    ]);
    expect(await pool()).toEqual({ codes: 2, given: 2 });
  });

  it('that were deleted meanwhile are not given', async () => {
    await addPool('A', 'B');
    await addRule('thanks', WITH_CODE);
    await buy('ann');
    await engine.db.deleteFrom('codes').where('code', '=', 'B').execute();
    await buy('bob');
    expect(await codesOf()).toEqual([['ann', 'A']]);
    expect(await reasons()).toEqual([null, 'no_code_left']);
  });

  it('by the hundred in one batch are each given once', async () => {
    const codes = Array.from({ length: 1_200 }, (_, n) => `code-${n}`);
    await addPool(...codes);
    await addRule('thanks', WITH_CODE);
    await addPerson(engine.db, 'ann', { card: 'card' });
    const readings = codes.map((_, n) => ({ at: START - 60_000 + n * 10, event: 'purchase' }));
    await engine.send('card', readings.slice(0, 600));
    await engine.send('card', readings.slice(600));
    await engine.engine.drain();
    expect((await codesOf()).map(([, code]) => code)).toEqual(codes);
  });
});

describe('totals', () => {
  it('of a rule hold for all people together, in one batch and over a restart', async () => {
    await addRule('thanks', { limits: { total: 3 } });
    await buy('ann', 'bob');
    await restart();
    await buy('cid', 'dan');
    expect(await reasons()).toEqual([null, null, null, 'rule_total']);
  });

  it('count once where a commit failed', async () => {
    await addRule('thanks', { limits: { total: 2 } });
    fails = 2;
    await buy('ann', 'bob', 'cid');
    expect(await reasons()).toEqual([null, null, 'rule_total']);
    const sent = await engine.db.selectFrom('sends').select('sent').where('day', '=', '').execute();
    expect(sent).toEqual([{ sent: 2 }]);
  });

  it('of a campaign hold for its rules together, in all and by its day', async () => {
    const campaign = { id: 'spring', name: 'Spring', budget: { total: 3, perDay: 2 }, timezone: null };
    await engine.db
      .insertInto('campaigns')
      .values({ id: 'spring', document_json: JSON.stringify(campaign), updated_at: START })
      .execute();
    await engine.changed({ kind: 'campaigns' });
    await addRule('thanks', { campaign: 'spring' });
    await buy('ann', 'bob', 'cid');
    expect(await reasons()).toEqual([null, null, 'rule_total']);
    await restart();
    engine.clock.set(START + DAY_MS);
    await buy('dan', 'eve');
    expect(await reasons()).toEqual([null, null, 'rule_total', null, 'rule_total']);
    const rows = await engine.db
      .selectFrom('sends')
      .select(['day', 'sent'])
      .where('kind', '=', 'campaign')
      .orderBy('day')
      .execute();
    expect(rows).toEqual([
      { day: '', sent: 3 },
      { day: '2026-05-04', sent: 2 },
      { day: '2026-05-05', sent: 1 },
    ]);
    const campaigns = await engine.db.selectFrom('deliveries').select('campaign').distinct().execute();
    expect(campaigns).toEqual([{ campaign: 'spring' }]);
  });
});

describe('an offer that was made before', () => {
  it('takes no code and does not count', async () => {
    await addPool('A', 'B');
    await addRule('thanks', { ...WITH_CODE, limits: { total: 2 } });
    await addPerson(engine.db, 'ann', { 'card-ann': 'card' });
    // The cause of an event is its reading, by its place in the journal.
    await engine.db
      .insertInto('deliveries')
      .values({
        id: 'before',
        delivery_key: JSON.stringify(['thanks', 'ann', '1']),
        decision_id: 0,
        rule: 'thanks',
        consumer: 'ann',
        channel: 'web-push',
        state: 'sent',
        attempts: 1,
        offer_json: '{}',
        created_at: START,
        next_attempt_at: null,
        expires_at_real: START,
        sent_at: START,
        shown_at: null,
        clicked_at: null,
        dismissed_at: null,
        reason: null,
      })
      .execute();
    await buy('ann', 'bob');
    await buy('cid');
    expect(await codesOf()).toEqual([
      ['ann', null],
      ['bob', 'B'],
      ['cid', 'A'],
    ]);
    expect(await pool()).toEqual({ codes: 2, given: 2 });
    expect(await reasons()).toEqual([null, null]);
  });
});
