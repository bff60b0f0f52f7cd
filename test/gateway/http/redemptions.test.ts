import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../../gateway/http/dependencies.ts';
import { responsesOf } from '../../../gateway/records/responses.ts';
import type { DeliveryState } from '../../../gateway/records/schema.ts';
import { addDelivery } from './delivery-row.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

/** Domain time of the test server runs a little ahead, 60 times as fast. */
const DOMAIN_NOW = NOW + 5;

let server: TestServer;
const tokens: Record<string, string> = {};

async function addTill(id: string): Promise<void> {
  const { body } = await server.call('POST', '/api/v1/tills', { body: { id, name: `Till ${id}` } });
  tokens[id] = body.token;
}

beforeAll(async () => {
  server = await startHttp();
  for (const id of ['t1', 't2']) await addTill(id);
});
afterAll(() => server.stop());

let nth = 0;
/** An offer with a code of its own. */
async function offer(state: DeliveryState = 'shown', expiresAt = DOMAIN_NOW + 1_000): Promise<string> {
  nth += 1;
  const id = `d-${nth}`;
  await addDelivery(server.db, id, state);
  await server.db
    .updateTable('deliveries')
    .set({
      code: `CODE ${nth}`,
      offer_json: JSON.stringify({ title: `Offer ${nth}`, body: '', expiresAt, code: `CODE ${nth}` }),
    })
    .where('id', '=', id)
    .execute();
  return id;
}
const codeOf = (delivery: string) => delivery.replace('d-', 'CODE ');
const post = (till: string, body: unknown) =>
  server.call('POST', '/api/v1/redemptions', { token: tokens[till] ?? till, body });
const row = (id: string) =>
  server.db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

beforeEach(() => {
  // A till has forgotten its wrong codes by then.
  server.realNow = NOW;
});

describe('redeeming a code', () => {
  it('marks its offer redeemed, tells so, and answers the same again', async () => {
    const id = await offer('sent');
    const told: LiveEvent[] = [];
    server.listeners.add((event) => told.push(event));
    server.changes.length = 0;
    const first = await post('t1', { id: 'r-1', code: ` ${codeOf(id)} ` });
    expect(first).toMatchObject({ status: 200 });
    expect(first.body).toEqual({
      id: 'r-1',
      outcome: 'redeemed',
      delivery: id,
      rule: 'coffee',
      offer: { title: `Offer ${nth}` },
      redeemedAt: DOMAIN_NOW,
    });
    expect(await post('t1', { id: 'r-1', code: codeOf(id) })).toMatchObject({
      status: 200,
      body: first.body,
    });
    expect(await row(id)).toMatchObject({
      state: 'redeemed',
      redeemed_at: DOMAIN_NOW,
      shown_at: DOMAIN_NOW,
      next_attempt_at: null,
    });
    expect(told).toMatchObject([
      { kind: 'delivery', delivery: { id, state: 'redeemed', redeemedAt: DOMAIN_NOW } },
    ]);
    server.listeners.clear();
    await expect.poll(() => server.changes).toContainEqual({ kind: 'consumers', ids: ['anna'] });
    const { body } = await server.call('GET', '/api/v1/deliveries?state=redeemed');
    expect(body.items[0]).toMatchObject({ id, redeemedAt: DOMAIN_NOW });
  });

  it('counts as taking the offer up, also without a click', async () => {
    const taken = async () => (await responsesOf(server.db, ['anna'])).get('anna')?.coffee?.taken ?? 0;
    const before = await taken();
    const id = await offer('sent');
    await post('t1', { id: 'taken', code: codeOf(id) });
    expect(await taken()).toBe(before + 1);
  });

  it('does it once: a second time is refused, whoever asks', async () => {
    const id = await offer();
    await post('t1', { id: 'once', code: codeOf(id) });
    for (const [till, as] of [
      ['t1', 'again'],
      ['t2', 'once'],
    ] as const)
      expect(await post(till, { id: as, code: codeOf(id) })).toMatchObject({
        status: 409,
        body: { code: 'already_redeemed' },
      });
  });

  it('lets one of many that try at once have it', async () => {
    const id = await offer();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        post(n % 2 === 0 ? 't1' : 't2', { id: `race-${n}`, code: codeOf(id) }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    const rows = await server.db
      .selectFrom('redemptions')
      .selectAll()
      .where('delivery_id', '=', id)
      .execute();
    expect(rows).toHaveLength(1);
  });

  it('knows no other code under the same id', async () => {
    const [one, other] = [await offer(), await offer()];
    await post('t1', { id: 'same', code: codeOf(one) });
    expect(await post('t1', { id: 'same', code: codeOf(other) })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    expect((await row(other)).state).toBe('shown');
  });

  it('is over at the end of the offer, by when the code was handed in', async () => {
    const ended = await offer('shown', DOMAIN_NOW);
    expect(await post('t1', { id: 'late', code: codeOf(ended) })).toMatchObject({
      status: 410,
      body: { code: 'offer_over' },
    });
    // One second of real time is a minute of domain time.
    const inTime = await post('t1', { id: 'in-time', code: codeOf(ended), at: NOW - 1_000 });
    expect(inTime).toMatchObject({ status: 200, body: { redeemedAt: NOW } });
    expect((await row(ended)).redeemed_at).toBe(NOW);
  });

  it('does not believe a till’s clock beyond reason', async () => {
    const long = await offer('shown', DOMAIN_NOW - 8 * 86_400_000 * 60);
    expect(await post('t1', { id: 'old', code: codeOf(long), at: 0 })).toMatchObject({ status: 410 });
    const ahead = await offer('shown', DOMAIN_NOW + 1);
    expect(await post('t1', { id: 'ahead', code: codeOf(ahead), at: NOW + 1e9 })).toMatchObject({
      status: 200,
      body: { redeemedAt: DOMAIN_NOW },
    });
  });

  it.each(['withdrawn', 'expired', 'failed', 'gone'] as const)(
    'takes no code of an offer that nobody was sent: %s',
    async (state) => {
      const id = await offer(state);
      expect(await post('t1', { id: `never-${state}`, code: codeOf(id) })).toMatchObject({
        status: 410,
        body: { code: 'offer_over', detail: 'the offer was not sent' },
      });
      expect((await row(id)).state).toBe(state);
    },
  );

  it.each(['queued', 'retrying', 'sent', 'clicked', 'dismissed'] as const)(
    'takes one of an offer that was %s, which is not sent again',
    async (state) => {
      const id = await offer(state);
      expect((await post('t2', { id: `from-${state}`, code: codeOf(id) })).status).toBe(200);
      expect(await row(id)).toMatchObject({ state: 'redeemed', next_attempt_at: null });
    },
  );

  it('takes the one of two same codes that is still open', async () => {
    const [one, other] = [await offer(), await offer()];
    await server.db.updateTable('deliveries').set({ code: 'TWIN' }).where('id', 'in', [one, other]).execute();
    expect((await post('t1', { id: 'twin-1', code: 'TWIN' })).body.delivery).toBe(one);
    expect((await post('t1', { id: 'twin-2', code: 'TWIN' })).body.delivery).toBe(other);
    expect((await post('t1', { id: 'twin-3', code: 'TWIN' })).body.code).toBe('already_redeemed');
  });

  it('is for tills, admins and marketers; staff are noted in the audit log', async () => {
    const id = await offer();
    expect(await post('no-till-has-this-token', { id: 'x', code: codeOf(id) })).toMatchObject({
      status: 401,
    });
    const asAdmin = await server.call('POST', '/api/v1/redemptions', { body: { id: 'x', code: codeOf(id) } });
    expect(asAdmin.status).toBe(200);
    const audit = await server.call('GET', '/api/v1/audit?action=redemption.made');
    expect(audit.body.items).toMatchObject([{ actor: 'admin-token', subject: id }]);
    const { body } = await server.call('GET', '/api/v1/redemptions?till=@admin-token');
    expect(body.items).toMatchObject([{ id: 'x', delivery: id, till: '@admin-token' }]);
  });
});

describe('a batch', () => {
  it('has an outcome for each, in its order, and the same again', async () => {
    const [good, ended, twice] = [await offer(), await offer('shown', DOMAIN_NOW), await offer()];
    const batch = [
      { id: 'b-1', code: codeOf(good) },
      { id: 'b-2', code: codeOf(ended) },
      { id: 'b-3', code: 'WRONG' },
      { id: 'b-4', code: codeOf(twice) },
      { id: 'b-5', code: codeOf(twice) },
      { id: 'b-4', code: codeOf(twice) },
    ];
    const first = await post('t2', batch);
    expect(first.body.items.map(({ id, outcome }: { id: string; outcome: string }) => [id, outcome])).toEqual(
      [
        ['b-1', 'redeemed'],
        ['b-2', 'offer_over'],
        ['b-3', 'unknown_code'],
        ['b-4', 'redeemed'],
        ['b-5', 'already_redeemed'],
        ['b-4', 'redeemed'],
      ],
    );
    expect(first.body.items[0]).toMatchObject({ delivery: good, rule: 'coffee', redeemedAt: DOMAIN_NOW });
    expect(first.body.items[0]).not.toHaveProperty('consumer');
    expect((await post('t2', batch)).body).toEqual(first.body);
  });

  it('may be 1,000 long, and is redeemed by one of two tills that send it at once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 60; n++) ids.push(await offer());
    const batch = ids.map((id) => ({ id: `long-${id}`, code: codeOf(id) }));
    const answers = await Promise.all([post('t1', batch), post('t2', batch)]);
    const outcomes = answers.map(({ body }) => body.items.map(({ outcome }: { outcome: string }) => outcome));
    for (const [index] of ids.entries())
      expect([outcomes[0][index], outcomes[1][index]].sort()).toEqual(['already_redeemed', 'redeemed']);
    const full = Array.from({ length: 1_000 }, (_, n) => ({ id: `f-${n}`, code: codeOf(ids[n % 60] ?? '') }));
    expect((await post('t1', full)).body.items).toHaveLength(1_000);
    expect((await post('t1', [...full, full[0]])).status).toBe(400);
    expect((await post('t1', [])).status).toBe(400);
  });
});

describe('guessing codes', () => {
  it('is slowed for a till, and for no other', async () => {
    await addTill('guesser');
    const id = await offer();
    const guess = (n: number) => post('guesser', { id: `g-${n}`, code: `GUESS ${n}` });
    for (let n = 0; n < 10; n++)
      expect(await guess(n)).toMatchObject({ status: 404, body: { code: 'unknown_code' } });
    const slowed = await guess(10);
    expect(slowed).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(slowed.headers.get('retry-after')).toBe('30');
    // Else the right one among many guesses would still be told.
    expect((await post('guesser', { id: 'right', code: codeOf(id) })).status).toBe(429);
    expect((await post('t1', { id: 'others', code: 'WRONG' })).status).toBe(404);
    server.realNow = NOW + 30_000;
    expect((await post('guesser', { id: 'right', code: codeOf(id) })).status).toBe(200);
    expect((await guess(11)).status).toBe(404);
    expect((await guess(12)).status).toBe(429);
  });

  it('is not made quicker by a batch, or by many at once', async () => {
    for (const id of ['batcher', 'parallel']) await addTill(id);
    const known = await offer();
    const guesses = Array.from({ length: 50 }, (_, n) => ({ id: `g-${n}`, code: `GUESS ${n}` }));
    const { body } = await post('batcher', [...guesses, { id: 'last', code: codeOf(known) }]);
    const outcomes = body.items.map(({ outcome }: { outcome: string }) => outcome);
    expect(outcomes.filter((outcome: string) => outcome === 'unknown_code')).toHaveLength(10);
    expect(outcomes.at(-1)).toBe('too_many_requests');
    expect((await row(known)).state).toBe('shown');
    const answers = await Promise.all(guesses.map((guess) => post('parallel', guess)));
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(10);
  });

  it('does not trouble a till whose codes are good', async () => {
    await addTill('busy');
    const ids: string[] = [];
    for (let n = 0; n < 30; n++) ids.push(await offer());
    const answers = await Promise.all(ids.map((id) => post('busy', { id, code: codeOf(id) })));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('tills', () => {
  it('are listed without their tokens, which are kept as hashes, and open nothing once removed', async () => {
    await addTill('short-lived');
    const token = tokens['short-lived'] ?? '';
    const { body } = await server.call('GET', '/api/v1/tills');
    expect(body.items.find(({ id }: { id: string }) => id === 'short-lived')).toEqual({
      id: 'short-lived',
      name: 'Till short-lived',
      createdAt: DOMAIN_NOW,
      lastRedemptionAt: null,
    });
    expect(body.items.find(({ id }: { id: string }) => id === 't1').lastRedemptionAt).toBe(DOMAIN_NOW);
    const rows = await server.db.selectFrom('tills').selectAll().execute();
    expect(JSON.stringify([rows, body])).not.toContain(token);
    expect((await server.call('POST', '/api/v1/tills', { body: { id: 't1', name: 'x' } })).status).toBe(409);
    expect((await server.call('DELETE', '/api/v1/tills/short-lived')).status).toBe(204);
    expect((await server.call('DELETE', '/api/v1/tills/short-lived')).status).toBe(404);
    expect((await post('short-lived', { id: 'x', code: 'y' })).status).toBe(401);
    const audit = await server.call('GET', '/api/v1/audit?subject=short-lived');
    expect(audit.body.items.map(({ action }: { action: string }) => action)).toEqual([
      'till.deleted',
      'till.created',
    ]);
  });

  it('say what is wrong with what they send', async () => {
    for (const body of [{}, { id: 'a' }, { id: 'a', code: '' }, { id: 'a b', code: 'x' }, 7])
      expect(await post('t1', body)).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    const extra = await post('t1', { id: 'a', code: 'x', consumer: 'anna' });
    expect(extra.body.detail).toContain('unknown field "consumer"');
  });
});
