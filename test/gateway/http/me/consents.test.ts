import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PURPOSES } from '../../../../rules/step.ts';
import { NOW, startHttp, type TestServer } from '../http-server.ts';
import { addPerson } from './people.ts';

let server: TestServer;
let anna: string;
beforeAll(async () => {
  server = await startHttp();
  anna = await addPerson(server, 'anna');
});
afterAll(() => server.stop());

const me = async () => (await server.call('GET', '/api/v1/me', { cookie: anna })).body;
const say = (purpose: string, body: object) =>
  server.call('PUT', `/api/v1/me/consents/${purpose}`, { cookie: anna, body });
const policyOf = async () => (await server.call('GET', '/api/v1/consent-policy')).body;

describe('the consent policy', () => {
  it('that is built in has words for every purpose in three languages', async () => {
    const policy = await policyOf();
    expect(policy).toMatchObject({ version: 1, updatedAt: null });
    for (const purpose of PURPOSES) {
      const texts = ['en', 'de', 'it'].map((language) => policy.wordings[purpose][language]);
      expect(new Set(texts).size).toBe(3);
      for (const text of texts) expect(text.length).toBeGreaterThan(100);
    }
    expect((await me()).policy).toEqual(policy);
  });

  it('is the default of nothing: who said nothing agreed to nothing', async () => {
    expect((await me()).consents).toEqual([]);
  });

  it('is written with the consent: version, words, source and time', async () => {
    const { version, wordings } = await policyOf();
    const wording = wordings.location_offers.it;
    const given = await say('location_offers', { granted: true, policyVersion: version, wording });
    const noted = { purpose: 'location_offers', granted: true, source: 'consumer-page', at: NOW + 5 };
    expect(given.body).toEqual({ ...noted, policyVersion: 1, wording, outdated: false });
    await say('location_offers', { granted: false });
    const log = await server.call('GET', '/api/v1/consumers/anna/consents');
    expect(log.body.items).toEqual([
      { ...noted, granted: false, policyVersion: null, wording: null },
      { ...noted, policyVersion: 1, wording },
    ]);
  });

  it('refuses a consent to words that it does not have, and takes every withdrawal', async () => {
    for (const body of [
      { policyVersion: 2 },
      { policyVersion: 1, wording: 'I agree to anything.' },
      { policyVersion: 1, wording: (await policyOf()).wordings.health_offers.en },
    ]) {
      expect(await say('device_offers', { granted: true, ...body })).toMatchObject({
        status: 409,
        body: { code: 'policy_changed' },
      });
      expect(await say('device_offers', { granted: false, ...body })).toMatchObject({
        status: 200,
        body: { granted: false, policyVersion: null },
      });
    }
  });

  it('in another version leaves consents good, and marks them as given to an earlier one', async () => {
    const { wordings } = await policyOf();
    await say('location_offers', { granted: true, policyVersion: 1 });
    const others = { ...wordings, location_offers: { ...wordings.location_offers, en: 'In other words.' } };
    const put = (body: object) => server.call('PUT', '/api/v1/consent-policy', { body });
    expect(await put({ version: 1, wordings: others })).toMatchObject({
      status: 409,
      body: { code: 'wrong_state' },
    });
    expect((await put({ version: 1, wordings })).status).toBe(200);
    expect(await put({ version: 2, wordings: others })).toMatchObject({
      status: 200,
      body: { version: 2, updatedAt: NOW + 5 },
    });
    expect((await put({ version: 2, wordings: others })).status).toBe(200);
    expect((await put({ version: 3, wordings: { ...others, health_offers: {} } })).status).toBe(400);
    const consents = (await me()).consents as { purpose: string; granted: boolean; outdated: boolean }[];
    expect(consents.find(({ purpose }) => purpose === 'location_offers')).toMatchObject({
      granted: true,
      policyVersion: 1,
      outdated: true,
    });
    expect(consents.find(({ purpose }) => purpose === 'device_offers')).toMatchObject({ outdated: false });
    const renewed = await say('location_offers', {
      granted: true,
      policyVersion: 2,
      wording: 'In other words.',
    });
    expect(renewed.body).toMatchObject({ outdated: false, policyVersion: 2 });
  });

  it('is an admin’s to change', async () => {
    const { version, wordings } = await policyOf();
    const answer = await server.call('PUT', '/api/v1/consent-policy', {
      cookie: anna,
      body: { version, wordings },
    });
    expect(answer.status).toBe(403);
  });
});

describe('the log of consents', () => {
  it('is only added to: nothing in it is changed, or deleted before its consumer is', async () => {
    await addPerson(server, 'bert');
    await server.call('PUT', '/api/v1/consumers/bert/consents/location_offers', {
      body: { granted: true, source: 'form' },
    });
    const ofBert = server.db.selectFrom('consent_log').selectAll().where('consumer_id', '=', 'bert');
    const before = await ofBert.execute();
    expect(before).toHaveLength(1);
    await expect(
      server.db.updateTable('consent_log').set({ granted: 0 }).where('consumer_id', '=', 'bert').execute(),
    ).rejects.toThrow(/only added to/);
    await expect(
      server.db.deleteFrom('consent_log').where('consumer_id', '=', 'bert').execute(),
    ).rejects.toThrow(/with its consumer/);
    expect(await ofBert.execute()).toEqual(before);
    await server.db.deleteFrom('consumers').where('id', '=', 'bert').execute();
    expect(await ofBert.execute()).toEqual([]);
  });
});
