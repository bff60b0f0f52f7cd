import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addSends } from '../../../gateway/records/sends.ts';
import { addSession } from '../../../gateway/records/sessions.ts';
import { addDelivery } from './delivery-row.ts';
import { NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.changes.length = 0;
});

const call = (method: string, path: string, body?: unknown) =>
  server.call(method, `/api/v1${path}`, body === undefined ? {} : { body });

/** Saves a rule that waits for a purchase. */
async function saveRule(id: string, over: object, state = 'live') {
  const answer = await call('PUT', `/rules/${id}?state=${state}`, {
    trigger: { event: 'purchase' },
    offer: { title: 'Hello', body: 'There', expires: 'PT30M' },
    ...over,
  });
  expect(answer).toMatchObject({ status: 201 });
}

const end = (id: string) => call('POST', `/rules/${id}/state`, { state: 'ended' });
const offer = (code: string) => ({ title: 'Yours: {{ code }}', body: 'Show it', expires: 'PT30M', code });

describe('segments', () => {
  it('are saved, told to the engine, listed, used by rules and removed', async () => {
    const saved = await call('PUT', '/segments/gold', { when: 'consumer.attributes.tier == "gold"' });
    expect(saved).toMatchObject({ status: 201, body: { id: 'gold', name: 'gold' } });
    expect(server.changes).toEqual([{ kind: 'segments' }]);
    expect(await call('PUT', '/segments/gold', { name: 'Gold', when: 'true' })).toMatchObject({
      status: 200,
    });
    expect((await call('GET', '/segments')).body.items).toEqual([
      { id: 'gold', name: 'Gold', when: 'true', updatedAt: NOW + 5 },
    ]);
    await saveRule('for-gold', { audience: { segment: 'gold' } });
    expect(await call('DELETE', '/segments/gold')).toMatchObject({
      status: 409,
      body: { code: 'in_use', detail: 'the rule "for-gold" uses the segment "gold"' },
    });
    await end('for-gold');
    await saveRule('by-text', { when: '"gold" in segments' });
    expect((await call('DELETE', '/segments/gold')).body.problems).toMatchObject([{ path: 'rule by-text' }]);
    await end('by-text');
    expect((await call('DELETE', '/segments/gold')).status).toBe(204);
    expect((await call('GET', '/segments/gold')).status).toBe(404);
  });

  it('that are gone keep a draft from going live', async () => {
    await call('PUT', '/segments/short-lived', { when: 'true' });
    await saveRule('late', { audience: { segment: 'short-lived' } }, 'draft');
    expect((await call('DELETE', '/segments/short-lived')).status).toBe(204);
    const answer = await call('POST', '/rules/late/state', { state: 'live' });
    expect(answer).toMatchObject({ status: 422, body: { problems: [{ path: 'audience.segment' }] } });
    expect((await call('GET', '/rules/late')).body.state).toBe('draft');
  });

  it('tell every problem at its path', async () => {
    const answer = await call('PUT', '/segments/bad', {
      id: 'other',
      when: 'metrics.fuel < 1',
      color: 'red',
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    expect(answer.body.problems.map(({ path }: { path: string }) => path).sort()).toEqual([
      'color',
      'id',
      'when',
    ]);
    expect((await call('PUT', '/segments/bad', '[]')).status).toBe(422);
  });

  it('that a rule names must be there', async () => {
    await call('PUT', '/segments/commuters', { when: 'true' });
    const answer = await call('PUT', '/rules/typo', {
      trigger: { event: 'purchase' },
      audience: { segment: 'comuters' },
      campaign: 'nowhere',
      offer: offer('no-pool'),
    });
    expect(answer.status).toBe(422);
    expect(answer.body.problems.map(({ path }: { path: string }) => path).sort()).toEqual([
      'audience.segment',
      'campaign',
      'offer.code',
    ]);
    expect(JSON.stringify(answer.body.problems)).toContain('Did you mean \\"commuters\\"');
  });
});

describe('traits', () => {
  it('are refused where a live rule or a segment would not be understood any more', async () => {
    await saveRule('by-age', { when: 'consumer.attributes.age > 17.0' });
    expect(await call('PUT', '/traits/age', { kind: 'number', description: 'In years' })).toMatchObject({
      status: 201,
      body: { name: 'age', kind: 'number', description: 'In years' },
    });
    expect(await call('PUT', '/traits/tier', { kind: 'string' })).toMatchObject({ status: 201 });
    expect(server.changes).toContainEqual({ kind: 'traits' });
    const changed = await call('PUT', '/traits/age', { kind: 'string' });
    expect(changed).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(changed.body.detail).toContain('rule by-age');
    expect((await call('DELETE', '/traits/age')).status).toBe(409);
    await end('by-age');
    await call('PUT', '/segments/old', { when: 'consumer.attributes.age > 65.0' });
    expect((await call('DELETE', '/traits/age')).body.detail).toContain('segment old');
    expect((await call('DELETE', '/segments/old')).status).toBe(204);
    expect((await call('DELETE', '/traits/age')).status).toBe(204);
    expect((await call('DELETE', '/traits/tier')).status).toBe(204);
    expect((await call('GET', '/traits')).body.items).toEqual([]);
  });

  it('can be declared one after the other where rules read several already', async () => {
    await saveRule('by-two', {
      when: 'consumer.attributes.age > 17.0 && consumer.attributes.tier == "gold"',
    });
    expect((await call('PUT', '/traits/age', { kind: 'number' })).status).toBe(201);
    expect((await call('PUT', '/traits/tier', { kind: 'string' })).status).toBe(201);
    await end('by-two');
    for (const name of ['age', 'tier']) expect((await call('DELETE', `/traits/${name}`)).status).toBe(204);
  });

  it('have names that a condition can read', async () => {
    for (const name of ['9lives', 'a-b', 'a.b', '__proto__'])
      expect((await call('PUT', `/traits/${name}`, { kind: 'number' })).status).toBe(422);
    expect((await call('PUT', '/traits/age', { kind: 'int' })).status).toBe(422);
  });
});

describe('campaigns', () => {
  it('show what they sent, in all and on the day of their own time zone', async () => {
    const body = { name: 'Spring', budget: { total: 100, perDay: 10 }, timezone: 'Pacific/Auckland' };
    expect(await call('PUT', '/campaigns/spring', body)).toMatchObject({
      status: 201,
      body: { id: 'spring', budget: body.budget, sent: { total: 0, today: 0 } },
    });
    // 2025-11-21T20:20Z is the next day there.
    await addSends(server.db, [
      { kind: 'campaign', id: 'spring', day: '', sent: 7 },
      { kind: 'campaign', id: 'spring', day: '2025-11-21', sent: 4 },
      { kind: 'campaign', id: 'spring', day: '2025-11-22', sent: 3 },
    ]);
    expect((await call('GET', '/campaigns')).body.items).toMatchObject([{ sent: { total: 7, today: 3 } }]);
    await saveRule('in-spring', { campaign: 'spring' });
    expect((await call('DELETE', '/campaigns/spring')).body).toMatchObject({ code: 'in_use' });
    await end('in-spring');
    expect((await call('DELETE', '/campaigns/spring')).status).toBe(204);
    const bad = await call('PUT', '/campaigns/spring', { budget: { total: 0 }, timezone: 'Mars/Olympus' });
    expect(bad.body.problems.map(({ path }: { path: string }) => path)).toEqual(['budget.total', 'timezone']);
  });
});

describe('code pools', () => {
  it('take codes as a list or as CSV, each once, and say what became of them', async () => {
    expect(await call('PUT', '/code-pools/fuel', { name: 'Fuel' })).toMatchObject({
      status: 201,
      body: { id: 'fuel', name: 'Fuel', codes: 0, given: 0, left: 0 },
    });
    const list = await call('POST', '/code-pools/fuel/codes', ['A1', 'B 2', 'A1', 7, ' C3', '', 'D\n4']);
    expect(list).toMatchObject({
      status: 200,
      body: { added: 2, duplicates: { count: 1, codes: ['A1'] }, refused: { count: 4 }, left: 2 },
    });
    expect(list.body.refused.problems.map(({ path }: { path: string }) => path)).toEqual([
      '3',
      '4',
      '5',
      '6',
    ]);
    const csv = await server.call('POST', '/api/v1/code-pools/fuel/codes', {
      body: 'Code,note\r\nB 2,old\r\n"E,5",quoted\r\nF6\r\n',
      contentType: 'text/csv',
    });
    expect(csv.body).toMatchObject({ added: 2, duplicates: { count: 1, codes: ['B 2'] }, codes: 4, left: 4 });
    expect(server.changes.at(-1)).toEqual({ kind: 'code-pools', ids: ['fuel'] });
    for (const wrong of [{ codes: [] }, '"A1"', 'null'])
      expect((await call('POST', '/code-pools/fuel/codes', wrong)).status).toBe(422);
    expect((await call('POST', '/code-pools/none/codes', [])).status).toBe(404);
    const rows = await server.db.selectFrom('codes').select('code').orderBy('id').execute();
    expect(rows.map(({ code }) => code)).toEqual(['A1', 'B 2', 'E,5', 'F6']);
  });

  it('take 100,000 codes in a request, and no more', async () => {
    await call('PUT', '/code-pools/many', {});
    const codes = Array.from({ length: 100_000 }, (_, n) => `many-${n}`);
    expect((await call('POST', '/code-pools/many/codes', codes)).body).toMatchObject({ added: 100_000 });
    expect((await call('POST', '/code-pools/many/codes', [...codes, 'x'])).status).toBe(422);
    expect((await call('POST', '/code-pools/many/codes', codes)).body).toMatchObject({
      added: 0,
      duplicates: { count: 100_000 },
      left: 100_000,
    });
    expect((await call('DELETE', '/code-pools/many')).status).toBe(204);
    expect((await call('GET', '/code-pools/many')).status).toBe(404);
  });

  it('stay while a live rule or one of its variants takes codes from them', async () => {
    await saveRule('coded', {
      offer: undefined,
      experiment: { variants: [{ name: 'a', weight: 1, offer: offer('fuel') }] },
    });
    expect((await call('DELETE', '/code-pools/fuel')).body.detail).toBe(
      'the rule "coded" uses the code pool "fuel"',
    );
    await end('coded');
    expect((await call('DELETE', '/code-pools/fuel')).status).toBe(204);
  });

  it('are filled by marketers, and never listed code by code', async () => {
    await call('PUT', '/code-pools/secret', {});
    await call('POST', '/code-pools/secret/codes', ['TOPSECRET']);
    await addDelivery(server.db, 'd1', 'shown');
    await server.db
      .updateTable('deliveries')
      .set({ code: 'TOPSECRET', variant: 'a', campaign: 'c' })
      .execute();
    const paths = ['/code-pools', '/code-pools/secret', '/audit'];
    for (const path of paths)
      expect(JSON.stringify((await call('GET', path)).body)).not.toContain('TOPSECRET');
    await addSession(server.db, {
      token: 'cookie-of-analyst',
      session: { kind: 'staff', id: 's1', subject: 'ana', role: 'analyst' },
      now: NOW,
      browser: null,
      openedWith: null,
    });
    const answer = await server.call('POST', '/api/v1/code-pools/secret/codes', {
      body: ['X'],
      cookie: 'wayside_session=cookie-of-analyst',
    });
    expect(answer.status).toBe(403);
    const [forMarketer] = (await call('GET', '/deliveries')).body.items;
    expect(forMarketer).toMatchObject({ code: 'TOPSECRET', variant: 'a', campaign: 'c' });
    const seen = await server.call('GET', '/api/v1/deliveries', {
      cookie: 'wayside_session=cookie-of-analyst',
    });
    const { code: _, ...rest } = forMarketer;
    expect(seen.body.items).toEqual([rest]);
  });

  it('are shown to whom they were offered', async () => {
    const offer = { title: 'Hello', body: 'There', expiresAt: NOW, code: 'MINE', codePool: 'secret' };
    await server.db
      .updateTable('deliveries')
      .set({ offer_json: JSON.stringify(offer) })
      .execute();
    await addSession(server.db, {
      token: 'cookie-of-anna',
      session: { kind: 'consumer', id: 's2', subject: 'anna' },
      now: NOW,
      browser: null,
      openedWith: 'invitation',
    });
    const { body } = await server.call('GET', '/api/v1/me/offers', {
      cookie: 'wayside_consumer=cookie-of-anna',
    });
    expect(body.items).toMatchObject([{ title: 'Hello', code: 'MINE' }]);
    expect(body.items[0]).not.toHaveProperty('codePool');
  });
});

describe('pacing', () => {
  it('is unlimited until it is set, and told to the engine', async () => {
    expect((await call('GET', '/pacing')).body).toEqual({ perConsumer: null, updatedAt: null });
    const set = await call('PUT', '/pacing', { perConsumer: { count: 3, per: 'P1D' } });
    expect(set).toMatchObject({ status: 200, body: { perConsumer: { count: 3, per: 'P1D' } } });
    expect(server.changes).toEqual([{ kind: 'pacing' }]);
    expect((await call('GET', '/pacing')).body).toEqual(set.body);
    expect(await call('PUT', '/pacing', { perConsumer: { count: 0, per: 'never' } })).toMatchObject({
      status: 422,
      body: { problems: [{ path: 'perConsumer.count' }, { path: 'perConsumer.per' }] },
    });
    expect((await call('PUT', '/pacing', { perConsumer: null })).body.perConsumer).toBeNull();
  });
});
