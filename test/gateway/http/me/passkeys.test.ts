import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passkeySite } from '../../../../gateway/http/passkey-site.ts';
import { cookieOf, startHttp, type TestServer } from '../http-server.ts';
import { createAuthenticator, type TestAuthenticator } from './authenticator.ts';
import { addPerson } from './people.ts';

const ORIGIN = 'https://offers.example.org';
const MINUTE_MS = 60_000;

let server: TestServer;
let anna: string;
let bert: string;
beforeAll(async () => {
  server = await startHttp({ publicUrl: ORIGIN });
  anna = await addPerson(server, 'anna', { email: 'anna@example.org' });
  bert = await addPerson(server, 'bert');
});
afterAll(() => server.stop());

const options = async (cookie: string) =>
  (await server.call('POST', '/api/v1/me/passkeys/options', { cookie })).body;
const save = (cookie: string, response: object, name?: string) =>
  server.call('POST', '/api/v1/me/passkeys', { cookie, body: { response, ...(name && { name }) } });
const signInOptions = async () =>
  (await server.call('POST', '/api/v1/me/passkey-session/options', { token: null })).body;
const signIn = (response: object) =>
  server.call('POST', '/api/v1/me/passkey-session', { token: null, body: { response } });
const whoIs = async (cookie: string) => (await server.call('GET', '/api/v1/me', { cookie })).body.id;

async function withPasskey(cookie: string): Promise<TestAuthenticator> {
  const authenticator = createAuthenticator(ORIGIN);
  const made = await save(cookie, authenticator.create(await options(cookie)));
  expect(made.status).toBe(201);
  return authenticator;
}

describe('a passkey', () => {
  it('is made, and signs in without a name', async () => {
    const given = await options(anna);
    expect(given).toMatchObject({
      rp: { id: 'offers.example.org' },
      user: { name: 'anna@example.org' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
    });
    // What authenticators know a person by tells nothing of them.
    expect(Buffer.from(given.user.id, 'base64url')).toHaveLength(32);
    const authenticator = createAuthenticator(ORIGIN);
    const made = await save(anna, authenticator.create(given), 'Phone');
    expect(made).toMatchObject({
      status: 201,
      body: { id: authenticator.id, name: 'Phone', lastUsedAt: null, backedUp: false },
    });
    const asked = await signInOptions();
    expect(asked).toMatchObject({ rpId: 'offers.example.org', userVerification: 'preferred' });
    expect(asked.allowCredentials ?? []).toEqual([]);
    const answer = await signIn(authenticator.get(asked));
    expect(answer.status).toBe(204);
    expect(await whoIs(cookieOf(answer))).toBe('anna');
    const { body } = await server.call('GET', '/api/v1/me/passkeys', { cookie: anna });
    expect(body).toMatchObject([{ id: authenticator.id, lastUsedAt: server.realNow }]);
    const row = await server.db
      .selectFrom('passkeys')
      .selectAll()
      .where('id', '=', authenticator.id)
      .executeTakeFirstOrThrow();
    expect(row.transports_json).toBe('["internal"]');
  });

  it('has the same handle for all passkeys of a person, and leaves out those that are there', async () => {
    const first = await withPasskey(bert);
    const second = await options(bert);
    expect(second.excludeCredentials).toMatchObject([{ id: first.id }]);
    await save(bert, createAuthenticator(ORIGIN).create(second));
    const handles = await server.db
      .selectFrom('passkeys')
      .select('user_handle')
      .distinct()
      .where('consumer_id', '=', 'bert')
      .execute();
    expect(handles).toHaveLength(1);
  });

  it('signs in once for each challenge', async () => {
    const authenticator = await withPasskey(anna);
    const asked = await signInOptions();
    const answer = authenticator.get(asked);
    expect((await signIn(answer)).status).toBe(204);
    expect(await signIn(answer)).toMatchObject({ status: 401, body: { code: 'bad_passkey' } });
    expect((await signIn(authenticator.get(asked))).status).toBe(401);
  });

  it('gets one of two in who use an answer at once', async () => {
    const authenticator = await withPasskey(anna);
    const answer = authenticator.get(await signInOptions());
    const statuses = (await Promise.all([signIn(answer), signIn(answer)])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([204, 401]);
  });

  it('is refused with a challenge that is over, was not made here, or was made for something else', async () => {
    const authenticator = await withPasskey(anna);
    const asked = await signInOptions();
    server.realNow += 5 * MINUTE_MS;
    expect((await signIn(authenticator.get(asked))).status).toBe(401);
    const forged = Buffer.from(asked.challenge, 'base64url');
    forged[0] = 0x7f;
    for (const challenge of [
      forged.toString('base64url'),
      Buffer.alloc(88).toString('base64url'),
      '',
      (await options(anna)).challenge,
    ]) {
      expect((await signIn(authenticator.get({ ...asked, challenge }))).status).toBe(401);
    }
    expect(
      (
        await save(
          anna,
          createAuthenticator(ORIGIN).create({ ...(await options(anna)), challenge: asked.challenge }),
        )
      ).status,
    ).toBe(401);
  });

  it('is not made on the challenge of somebody else', async () => {
    const given = await options(bert);
    const answer = createAuthenticator(ORIGIN).create(given);
    expect((await save(anna, answer)).status).toBe(401);
    expect((await save(bert, answer)).status).toBe(201);
    expect((await save(bert, answer)).status).toBe(401);
  });

  it('is refused from another origin, for another site, of another ceremony, with another handle or signature', async () => {
    const authenticator = await withPasskey(anna);
    const stranger = await withPasskey(bert);
    const refused = async (response: object) => expect((await signIn(response)).status).toBe(401);
    await refused(authenticator.get(await signInOptions(), { origin: 'https://evil.example' }));
    await refused(authenticator.get(await signInOptions(), { rpId: 'evil.example' }));
    await refused(authenticator.get(await signInOptions(), { type: 'webauthn.create' }));
    await refused(authenticator.get(await signInOptions(), { userHandle: '' }));
    await refused(authenticator.get(await signInOptions(), { userHandle: 'AAAA' }));
    await refused({ ...stranger.get(await signInOptions()), id: authenticator.id, rawId: authenticator.id });
    await refused(createAuthenticator(ORIGIN).get(await signInOptions()));
    for (const response of [
      {},
      { clientDataJSON: 'x' },
      { clientDataJSON: {}, authenticatorData: 1, signature: [] },
    ]) {
      await refused({ id: authenticator.id, rawId: authenticator.id, type: 'public-key', response });
    }
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(204);
  });

  it('is taken for a copy where its counter does not grow', async () => {
    const authenticator = await withPasskey(anna);
    authenticator.counter = 7;
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(204);
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(401);
    expect((await signIn(authenticator.get(await signInOptions(), { counter: 6 }))).status).toBe(401);
    expect((await signIn(authenticator.get(await signInOptions(), { counter: 8 }))).status).toBe(204);
  });

  it('belongs to one person', async () => {
    const authenticator = await withPasskey(anna);
    const again = await save(bert, authenticator.create(await options(bert)));
    expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    const foreign = await server.call('DELETE', `/api/v1/me/passkeys/${authenticator.id}`, { cookie: bert });
    expect(foreign.status).toBe(404);
  });

  it('gets another name from its owner, and from nobody else', async () => {
    const authenticator = await withPasskey(anna);
    const address = `/api/v1/me/passkeys/${authenticator.id}`;
    const rename = (cookie: string, body: unknown) => server.call('PATCH', address, { cookie, body });
    const named = await rename(anna, { name: '  Anna’s blue key ' });
    expect(named).toMatchObject({ status: 200, body: { id: authenticator.id, name: 'Anna’s blue key' } });
    expect(await rename(bert, { name: 'Bert’s' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect((await server.call('PATCH', address, { token: null, body: { name: 'x' } })).status).toBe(401);
    for (const body of [
      {},
      { name: '' },
      { name: '  ' },
      { name: 7 },
      { name: 'x'.repeat(101) },
      { name: 'x', counter: 0 },
    ])
      expect([body, (await rename(anna, body)).status]).toEqual([body, 400]);
    expect((await rename(anna, { name: 'Anna’s blue key' })).status).toBe(200);
    const { body } = await server.call('GET', '/api/v1/me/passkeys', { cookie: anna });
    expect(body).toContainEqual(named.body);
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(204);
    // Noted once, for the same name again changes nothing; and without the name, which is the person's own words.
    const audit = await server.call('GET', '/api/v1/audit?action=passkey.renamed');
    expect(audit.body.items).toMatchObject([{ actor: 'consumer:anna', subject: 'anna', detail: {} }]);
    expect(JSON.stringify(audit.body)).not.toContain('blue key');
  });

  it('that is removed signs in no more, and whom it signed in is out, save who removed it', async () => {
    const authenticator = await withPasskey(anna);
    const lost = cookieOf(await signIn(authenticator.get(await signInOptions())));
    const own = cookieOf(await signIn(authenticator.get(await signInOptions())));
    const removed = await server.call('DELETE', `/api/v1/me/passkeys/${authenticator.id}`, { cookie: own });
    expect(removed.status).toBe(204);
    expect(await whoIs(own)).toBe('anna');
    expect(await whoIs(anna)).toBe('anna');
    expect((await server.call('GET', '/api/v1/me', { cookie: lost })).status).toBe(401);
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(401);
  });

  it('is one of twenty at most', async () => {
    const carla = await addPerson(server, 'carla');
    for (let made = 0; made < 20; made += 1) await withPasskey(carla);
    const { body } = await server.call('GET', '/api/v1/me/passkeys', { cookie: carla });
    expect(body).toHaveLength(20);
    expect(await options(carla)).toMatchObject({ code: 'too_many' });
  });

  it('goes with its person', async () => {
    const dora = await addPerson(server, 'dora');
    const authenticator = await withPasskey(dora);
    await server.db.deleteFrom('consumers').where('id', '=', 'dora').execute();
    expect((await signIn(authenticator.get(await signInOptions()))).status).toBe(401);
  });

  it('is not to be had for an address that is no name, or has no https', async () => {
    expect(passkeySite('https://192.0.2.7')).toBeNull();
    expect(passkeySite('https://[2001:db8::1]:8443')).toBeNull();
    expect(passkeySite('http://offers.example.org')).toBeNull();
    expect(passkeySite('http://localhost:8080')).toEqual({
      rpId: 'localhost',
      origin: 'http://localhost:8080',
    });
    const other = await startHttp({ publicUrl: 'http://offers.example.org' });
    try {
      const answer = await other.call('POST', '/api/v1/me/passkey-session/options', { token: null });
      expect(answer).toMatchObject({ status: 503, body: { code: 'no_passkeys' } });
    } finally {
      await other.stop();
    }
  });
});
