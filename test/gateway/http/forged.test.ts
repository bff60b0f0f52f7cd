import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signReceipt } from '../../../gateway/delivery/receipt-token.ts';
import { addDelivery } from './delivery-row.ts';
import { cookieOf, NOW, RECEIPT_KEY, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
const cookies: Record<string, string> = {};

async function addPerson(id: string): Promise<void> {
  await server.call('POST', '/api/v1/consumers', { body: { id } });
  await server.call('POST', '/api/v1/devices', { body: { id: `car-of-${id}`, type: 'car', consumerId: id } });
  await grant(id);
  const { body } = await server.call('POST', `/api/v1/consumers/${id}/invitations`);
  const code = body.url.split('#invite=')[1];
  cookies[id] = cookieOf(await server.call('POST', '/api/v1/me/session', { token: null, body: { code } }));
}
const grant = (id: string) =>
  server.call('PUT', `/api/v1/consumers/${id}/consents/location_offers`, {
    body: { granted: true, source: 'test' },
  });

beforeAll(async () => {
  server = await startHttp();
  for (const id of ['anna', 'ben']) await addPerson(id);
  for (const [id, consumer] of [
    ['of-anna', 'anna'],
    ['of-ben', 'ben'],
  ] as const)
    await addDelivery(server.db, id, 'sent', consumer);
});
afterAll(() => server.stop());

const row = (id: string) =>
  server.db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const receipt = (token: string, kind = 'clicked') =>
  server.call('POST', '/api/v1/receipts', { token: null, body: { token, kind, at: NOW } });
const stop = (token: string, method = 'POST') =>
  server.call(method, `/api/v1/stop/${encodeURIComponent(token)}`, { token: null });
const grants = async (consumer: string) =>
  (await server.call('GET', `/api/v1/consumers/${consumer}`)).body.consents.filter(
    ({ granted }: { granted: boolean }) => granted,
  ).length;

const good = (id: string) => signReceipt(RECEIPT_KEY, id);
const [idPart, macPart] = good('of-anna').split('.') as [string, string];
const text = (value: string) => Buffer.from(value).toString('base64url');
const mac = (use: string, id: string) =>
  createHmac('sha256', RECEIPT_KEY).update(`${use}\0`).update(id).digest('base64url');

const FORGED: readonly (readonly [what: string, token: string])[] = [
  ['of another gateway', signReceipt(new Uint8Array(32).fill(8), 'of-anna')],
  ['with the mac of another delivery', `${text('of-anna')}.${good('of-ben').split('.')[1]}`],
  ['cut off by a letter', good('of-anna').slice(0, -1)],
  ['cut off by half', good('of-anna').slice(0, -21)],
  ['without a mac', idPart],
  ['with an empty mac', `${idPart}.`],
  ['without an id', `.${macPart}`],
  ['with more behind it', `${good('of-anna')}.${macPart}`],
  ['with a longer mac', `${idPart}.${macPart}AAAA`],
  ['with a part of another id', `${text('of-anna2')}.${macPart}`],
  ['signed for another use', `${text('of-anna')}.${mac('unsubscribe', 'of-anna')}`],
  [
    'signed for no use',
    `${text('of-anna')}.${createHmac('sha256', RECEIPT_KEY).update('of-anna').digest('base64url')}`,
  ],
  ['an id alone', 'of-anna'],
  ['as long as may be', `${idPart}.${'A'.repeat(500 - idPart.length)}`],
];

describe('a token that was not made here', () => {
  it.each(FORGED)('%s moves no delivery and stops nothing', async (_what, token) => {
    for (const answer of [await receipt(token), await stop(token)])
      expect(answer).toMatchObject({ status: 401, body: { code: 'forged_token' } });
    for (const id of ['of-anna', 'of-ben']) expect((await row(id)).state).toBe('sent');
    for (const id of ['anna', 'ben']) expect(await grants(id)).toBe(1);
  });

  it('is refused as well when it is too long', async () => {
    for (const answer of [await receipt('A'.repeat(513)), await stop('A'.repeat(513))])
      expect(answer.status).toBe(400);
  });
});

describe('a token that is told again', () => {
  it('takes nothing back: not what was clicked, and not what was redeemed', async () => {
    await addDelivery(server.db, 'again', 'sent', 'ben');
    await receipt(good('again'), 'clicked');
    const clicked = await row('again');
    for (const kind of ['shown', 'clicked', 'dismissed', 'clicked']) await receipt(good('again'), kind);
    expect(await row('again')).toMatchObject({
      state: 'clicked',
      shown_at: clicked.shown_at,
      clicked_at: clicked.clicked_at,
    });
    await server.db
      .updateTable('deliveries')
      .set({ state: 'redeemed', redeemed_at: NOW, clicked_at: null })
      .where('id', '=', 'again')
      .execute();
    for (const kind of ['shown', 'dismissed', 'clicked'])
      expect((await receipt(good('again'), kind)).status).toBe(204);
    expect(await row('again')).toMatchObject({ state: 'redeemed', redeemed_at: NOW });
  });

  it('can tell nothing but what browsers tell', async () => {
    for (const kind of ['redeemed', 'sent', 'withdrawn', 'delivered'])
      expect((await receipt(good('of-ben'), kind)).status).toBe(400);
    expect((await row('of-ben')).state).toBe('sent');
  });

  it('of somebody who was erased brings nothing back', async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'gone' } });
    await addDelivery(server.db, 'of-gone', 'sent', 'gone');
    await server.db.deleteFrom('consumers').where('id', '=', 'gone').execute();
    expect((await stop(good('of-gone'))).status).toBe(204);
    await server.db.deleteFrom('deliveries').where('id', '=', 'of-gone').execute();
    for (const answer of [await receipt(good('of-gone')), await stop(good('of-gone'))])
      expect(answer.status).toBe(204);
    const people = await server.db.selectFrom('consumers').select('id').execute();
    expect(people.map(({ id }) => id).sort()).toEqual(['anna', 'ben']);
    const consents = await server.db
      .selectFrom('consents')
      .selectAll()
      .where('consumer_id', '=', 'gone')
      .execute();
    expect(consents).toEqual([]);
  });
});

describe('“Stop everything” on a notification', () => {
  it('is not set off by what only fetches its address', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await stop(good('of-anna'), method)).status).toBeGreaterThanOrEqual(400);
    expect(await grants('anna')).toBe(1);
  });

  it('withdraws every consent and removes every browser of its own person, once', async () => {
    await server.call('POST', '/api/v1/consumers/anna/push-subscriptions', {
      body: {
        endpoint: 'https://updates.push.services.mozilla.com/wpush/v2/anna',
        keys: { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) },
      },
    });
    server.changes.length = 0;
    const answers = await Promise.all([stop(good('of-anna')), stop(good('of-anna'))]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect((await stop(good('of-anna'))).status).toBe(204);
    const { body } = await server.call('GET', '/api/v1/consumers/anna');
    expect(body).toMatchObject({ subscriptions: 0, consents: [{ granted: false, source: 'notification' }] });
    expect(await grants('ben')).toBe(1);
    expect(server.changes).toContainEqual({ kind: 'consumers', ids: ['anna'] });
    const stopped = await server.call('GET', '/api/v1/audit?subject=anna&action=consumer.stopped');
    expect(stopped.body.items.length).toBeLessThanOrEqual(2);
    expect(stopped.body.items[0]).toMatchObject({
      actor: 'consumer:anna',
      detail: { source: 'notification' },
    });
    await stop(good('of-anna'));
    const again = await server.call('GET', '/api/v1/audit?subject=anna&action=consumer.stopped');
    expect(again.body.items).toHaveLength(stopped.body.items.length);
  });

  it('works again after the person has agreed again', async () => {
    await grant('anna');
    expect(await grants('anna')).toBe(1);
    await stop(good('of-anna'));
    expect(await grants('anna')).toBe(0);
  });
});

describe('a consumer’s session', () => {
  const as = (who: string, method: string, path: string, body?: unknown) =>
    server.call(method, `/api/v1${path}`, {
      cookie: cookies[who] ?? '',
      ...(body !== undefined && { body }),
    });

  it('shows that person’s own offers alone', async () => {
    const { body } = await as('anna', 'GET', '/me/offers');
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['of-anna']);
    expect((await as('anna', 'GET', '/me/offers/of-anna')).status).toBe(200);
  });

  it.each([
    ['GET', '/me/offers/of-ben'],
    ['POST', '/me/offers/of-ben/receipt', { kind: 'clicked' }],
    ['POST', '/me/offers/of-ben/fewer', { level: 1 }],
    ['GET', '/me/devices/car-of-ben'],
    ['GET', '/me/devices/car-of-ben/track?from=0&to=1'],
    ['GET', '/me/devices/car-of-ben/telemetry'],
    ['GET', '/me/devices/car-of-ben/visits'],
    ['GET', '/me/export?format=csv&device=car-of-ben'],
    ['DELETE', '/me/devices/car-of-ben'],
  ])('reaches nothing of another: %s %s', async (method, path, body?) => {
    const answer = await as('anna', method, path, body);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(JSON.stringify(answer.body)).not.toContain('Coffee');
    expect((await row('of-ben')).state).toBe('sent');
    expect((await server.call('GET', '/api/v1/devices/car-of-ben')).body.consumerId).toBe('ben');
  });

  it('ends no session of another', async () => {
    const { body } = await as('ben', 'GET', '/me/sessions');
    const id = (body.items ?? body)[0].id;
    expect((await as('anna', 'DELETE', `/me/sessions/${id}`)).status).toBe(404);
    expect((await as('ben', 'GET', '/me')).status).toBe(200);
  });

  it('opens nothing of the staff’s, nor another’s data by asking as staff would', async () => {
    for (const path of [
      '/consumers/ben',
      '/deliveries?consumer=ben',
      '/telemetry/car-of-ben',
      '/audit',
      '/consumers/ben/export',
      '/tills',
    ])
      expect([path, (await as('anna', 'GET', path)).status]).toEqual([path, 403]);
  });
});
