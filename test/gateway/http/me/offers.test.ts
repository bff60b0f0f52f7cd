import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../../../gateway/http/dependencies.ts';
import { addDelivery } from '../delivery-row.ts';
import { NOW, startHttp, type TestServer } from '../http-server.ts';
import { addPerson, agree } from './people.ts';

const HOUR_MS = 3_600_000;

let server: TestServer;
let anna: string;
let bert: string;
beforeAll(async () => {
  server = await startHttp();
  anna = await addPerson(server, 'anna');
  bert = await addPerson(server, 'bert');
  await agree(server, 'anna', ['location_offers', 'device_offers']);
  await server.call('PUT', '/api/v1/places/cafe', {
    body: {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [9.19, 45.46] },
      properties: { name: 'Café Roma', radiusMetres: 100 },
    },
  });
  const rule = {
    name: 'Coffee nearby',
    trigger: { place: { id: 'cafe' }, on: 'enter' },
    when: 'metrics.fuel < 0.5',
    offer: { title: 'Coffee', body: 'Two for one' },
  };
  await server.call('PUT', '/api/v1/rules/coffee', { body: rule });
  await server.call('PUT', '/api/v1/rules/coffee?state=live', { body: { ...rule, name: 'Coffee, cheaper' } });
  for (const consumer of ['anna', 'bert']) {
    await server.call('POST', '/api/v1/devices', {
      body: { id: `car-of-${consumer}`, type: 'car', consumerId: consumer },
    });
  }
});
afterAll(() => server.stop());

const get = (path: string, cookie = anna) => server.call('GET', `/api/v1/me${path}`, { cookie });
const post = (path: string, body?: object, cookie = anna) =>
  server.call('POST', `/api/v1/me${path}`, { cookie, ...(body && { body }) });

/** A decision against an offer, as the engine would write it. */
async function addSuppressed(
  consumer: string,
  at: number,
  reason: 'quiet_hours' | 'no_consent',
  place: string | null,
) {
  await server.db
    .insertInto('decisions')
    .values({
      at,
      rule: 'coffee',
      rule_version: 1,
      consumer,
      device: `car-of-${consumer}`,
      place,
      visit: null,
      cause: `${at}`,
      outcome: 'suppressed',
      reason,
      detail: `why of ${consumer}`,
      delivery_id: null,
    })
    .execute();
}

describe('an offer', () => {
  it('tells why it came: device, place, trigger, consents of then, and the rule by the name that it had', async () => {
    await addDelivery(server.db, 'd1', 'sent', 'anna', NOW + 100);
    const { status, body } = await get('/offers/d1');
    expect(status).toBe(200);
    expect(body).toEqual({
      id: 'd1',
      title: 'Coffee',
      body: 'Two for one',
      url: 'https://example.org',
      state: 'sent',
      createdAt: NOW + 100,
      sentAt: NOW + 1,
      expiresAt: NOW + 1e6,
      fewer: null,
      why: {
        device: { id: 'car-of-anna', type: 'car' },
        place: { id: 'cafe', name: 'Café Roma' },
        trigger: { on: 'enter' },
        purposes: [
          { purpose: 'location_offers', grantedAt: NOW + 5, policyVersion: 1 },
          { purpose: 'device_offers', grantedAt: NOW + 5, policyVersion: 1 },
        ],
        reads: ['place', 'metrics.fuel'],
        rule: { id: 'coffee', name: 'Coffee, cheaper' },
        detail: 'anna entered Café',
      },
    });
  });

  it('tells of consents what held when it was decided', async () => {
    await addDelivery(server.db, 'early', 'sent', 'anna', NOW - HOUR_MS);
    const { body } = await get('/offers/early');
    expect(body.why.purposes).toEqual([
      { purpose: 'location_offers', grantedAt: null, policyVersion: null },
      { purpose: 'device_offers', grantedAt: null, policyVersion: null },
    ]);
  });

  it('names what is no more as such', async () => {
    await addDelivery(server.db, 'late', 'sent', 'anna', NOW + 200);
    await server.db
      .updateTable('decisions')
      .set({ place: 'gone', device: 'car-of-bert' })
      .where('cause', '=', 'late')
      .execute();
    const { body } = await get('/offers/late');
    expect(body.why.place).toEqual({ id: 'gone', name: null });
    // Somebody else's by now, or never theirs: its type is not for them to know.
    expect(body.why.device).toEqual({ id: 'car-of-bert', type: null });
  });

  it('is in the inbox once it went out, by whichever channel; on its way it can be opened already', async () => {
    await addDelivery(server.db, 'waiting', 'queued', 'anna', NOW + 300);
    await addDelivery(server.db, 'mailed', 'sent', 'anna', NOW + 400);
    await server.db.updateTable('deliveries').set({ channel: 'email' }).where('id', '=', 'mailed').execute();
    await addDelivery(server.db, 'stopped', 'withdrawn', 'anna', NOW + 500);
    await server.db
      .updateTable('deliveries')
      .set({ sent_at: null, reason: 'no_consent' })
      .where('id', '=', 'stopped')
      .execute();
    const { body } = await get('/offers');
    const ids = body.items.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(['mailed', 'late', 'd1', 'early']);
    expect((await get('/offers/waiting')).status).toBe(200);
    expect((await get('/offers/stopped')).status).toBe(404);
  });

  it('takes receipts of the app, once each, and not from others', async () => {
    await addDelivery(server.db, 'inboxed', 'sent', 'anna', NOW + 600);
    const told: LiveEvent[] = [];
    server.listeners.add((event) => told.push(event));
    expect((await post('/offers/inboxed/receipt', { kind: 'clicked' }, bert)).status).toBe(404);
    expect(told).toEqual([]);
    expect((await post('/offers/inboxed/receipt', { kind: 'shown' })).status).toBe(204);
    expect((await post('/offers/inboxed/receipt', { kind: 'shown' })).status).toBe(204);
    expect(told).toHaveLength(1);
    expect((await post('/offers/inboxed/receipt', { kind: 'clicked' })).status).toBe(204);
    expect((await get('/offers/inboxed')).body).toMatchObject({ state: 'clicked', clickedAt: NOW + 5 });
    expect((await post('/offers/inboxed/receipt', { kind: 'redeemed' })).status).toBe(400);
    server.listeners.clear();
  });
});

describe('fewer like this', () => {
  it('is one a week or none, however often it is asked for, and can be taken back; the engine is told', async () => {
    await addDelivery(server.db, 'f1', 'sent', 'anna', NOW + 700);
    server.changes.length = 0;
    const wants = async (offer: string, level: number) =>
      (await post(`/offers/${offer}/fewer`, { level })).body;
    expect(await wants('f1', 1)).toEqual({
      rule: { id: 'coffee', name: 'Coffee, cheaper' },
      level: 1,
    });
    expect(server.changes).toEqual([{ kind: 'consumers', ids: ['anna'] }]);
    expect(await server.db.selectFrom('fewer').selectAll().execute()).toEqual([
      { consumer_id: 'anna', rule: 'coffee', level: 1, since: NOW + 700 },
    ]);
    expect((await get('/offers/d1')).body.fewer).toBe(1);
    expect((await wants('d1', 1)).level).toBe(1);
    expect((await wants('d1', 2)).level).toBe(2);
    // A page that is older than that does not give back what was asked for.
    expect((await wants('d1', 1)).level).toBe(2);
    expect((await get('/fewer')).body).toEqual([
      { rule: { id: 'coffee', name: 'Coffee, cheaper' }, level: 2 },
    ]);
    expect((await get('/fewer', bert)).body).toEqual([]);
    expect((await server.call('DELETE', '/api/v1/me/fewer/coffee', { cookie: bert })).status).toBe(404);
    expect((await server.call('DELETE', '/api/v1/me/fewer/coffee', { cookie: anna })).status).toBe(204);
    expect((await get('/fewer')).body).toEqual([]);
  });

  it('is asked for by whose offer it is', async () => {
    expect((await post('/offers/d1/fewer', { level: 1 }, bert)).status).toBe(404);
    expect((await post('/offers/nothing/fewer', { level: 1 })).status).toBe(404);
    expect((await post('/offers/d1/fewer', { level: 3 })).status).toBe(400);
  });
});

describe('what was not sent', () => {
  it('is told with its reason, newest first: decided against, or stopped later', async () => {
    await addSuppressed('anna', NOW + 1_000, 'quiet_hours', 'cafe');
    await addSuppressed('anna', NOW + 2_000, 'no_consent', null);
    await addSuppressed('bert', NOW + 3_000, 'no_consent', null);
    const { body } = await get('/not-sent');
    expect(body.items).toMatchObject([
      {
        at: NOW + 2_000,
        reason: 'no_consent',
        detail: 'why of anna',
        rule: { id: 'coffee', name: 'Coffee nearby' },
      },
      { at: NOW + 1_000, reason: 'quiet_hours', place: { id: 'cafe', name: 'Café Roma' } },
      { at: NOW + 500, reason: 'no_consent' },
    ]);
    expect(body.items[0]).not.toHaveProperty('place');
    const paged = await get('/not-sent?limit=1');
    expect(paged.body.items).toHaveLength(1);
    expect((await get(`/not-sent?limit=1&cursor=${paged.body.next}`)).body.items).toMatchObject([
      { at: NOW + 1_000 },
    ]);
  });
});

describe('uses of my data', () => {
  it('are told by rule, with purposes and what it reads, and staff that looked', async () => {
    await server.call('GET', '/api/v1/visits?consumer=anna');
    await server.call('GET', '/api/v1/telemetry/car-of-anna');
    const { body } = await get(`/uses?from=${NOW - HOUR_MS}`);
    expect(body.rules).toEqual([
      {
        rule: { id: 'coffee', name: 'Coffee, cheaper' },
        purposes: ['location_offers', 'device_offers'],
        reads: ['place', 'metrics.fuel'],
        sent: 8,
        suppressed: 2,
        lastAt: NOW + 2_000,
      },
    ]);
    expect(body.staff).toContainEqual(expect.objectContaining({ role: 'admin', device: 'car-of-anna' }));
    expect(JSON.stringify(body.staff)).not.toContain('admin-token');
    const ofBert = (await get(`/uses?from=${NOW - HOUR_MS}`, bert)).body;
    expect(ofBert.staff.filter(({ device }: { device?: string }) => device === 'car-of-anna')).toEqual([]);
    expect(ofBert.rules).toMatchObject([{ sent: 0, suppressed: 1 }]);
    expect((await get(`/uses?from=${NOW + HOUR_MS}`)).body.rules).toEqual([]);
  });
});
