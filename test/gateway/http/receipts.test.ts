import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signReceipt } from '../../../gateway/delivery/receipt-token.ts';
import type { LiveEvent } from '../../../gateway/http/dependencies.ts';
import { addDelivery } from './delivery-row.ts';
import { NOW, RECEIPT_KEY, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const get = (path: string) => server.call('GET', `/api/v1${path}`);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((item) => item.id);

describe('receipts', () => {
  const receipt = (id: string, kind: string, at = NOW, token = signReceipt(RECEIPT_KEY, id)) =>
    server.call('POST', '/api/v1/receipts', { token: null, body: { token, kind, at } });
  const delivery = async (id: string) =>
    (await get('/deliveries?limit=1000')).body.items.find((item: { id: string }) => item.id === id);

  it('move a delivery on, are told to the live stream once, and change nothing when repeated', async () => {
    await addDelivery(server.db, 'd1', 'sent');
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
    await addDelivery(server.db, 'd2', 'sent');
    await receipt('d2', 'clicked');
    expect(await delivery('d2')).toMatchObject({ state: 'clicked', shownAt: NOW + 5, clickedAt: NOW + 5 });
    await receipt('d2', 'dismissed');
    await receipt('d2', 'shown');
    expect(await delivery('d2')).toMatchObject({ state: 'clicked', clickedAt: NOW + 5 });
    await addDelivery(server.db, 'd3', 'sent');
    await receipt('d3', 'dismissed');
    expect(await delivery('d3')).toMatchObject({ state: 'dismissed' });
    await receipt('d3', 'clicked');
    expect(await delivery('d3')).toMatchObject({ state: 'clicked' });
  });

  it('stop a second sending where a crash left the delivery queued', async () => {
    await addDelivery(server.db, 'd4', 'queued');
    await receipt('d4', 'shown');
    const row = await server.db
      .selectFrom('deliveries')
      .selectAll()
      .where('id', '=', 'd4')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'shown', next_attempt_at: null });
  });

  it('are timed by the domain clock, and a browser’s clock is not believed beyond reason', async () => {
    await addDelivery(server.db, 'd5', 'sent');
    await receipt('d5', 'shown', NOW - 10_000);
    expect((await delivery('d5')).shownAt).toBe(NOW + 5 - 600_000);
    await addDelivery(server.db, 'd6', 'sent');
    await receipt('d6', 'shown', NOW + 1e9);
    expect((await delivery('d6')).shownAt).toBe(NOW + 5);
    await addDelivery(server.db, 'd7', 'sent');
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
    await addDelivery(server.db, 'd8', 'sent');
    await Promise.all(
      ['shown', 'clicked', 'shown', 'dismissed', 'clicked'].map((kind) => receipt('d8', kind)),
    );
    expect(await delivery('d8')).toMatchObject({ state: 'clicked', shownAt: NOW + 5, clickedAt: NOW + 5 });
  });
});

describe('deliveries', () => {
  it('are filtered by state, consumer, device and rule', async () => {
    await addDelivery(server.db, 'b1', 'failed', 'ben', NOW + 10);
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
