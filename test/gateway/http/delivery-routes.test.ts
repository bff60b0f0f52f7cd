import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signId, signReceipt } from '../../../gateway/delivery/receipt-token.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { addDelivery } from './delivery-row.ts';
import { cookieOf, NOW, RECEIPT_KEY, startHttp, type TestServer } from './http-server.ts';

/** A browser that nobody has: its key is a point of the curve. */
function browser(endpoint = 'https://updates.push.services.mozilla.com/wpush/v2/abc') {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    format: 'jwk',
  });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return {
    endpoint,
    keys: { p256dh: point.toString('base64url'), auth: Buffer.alloc(16).toString('base64url') },
  };
}

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.changes.length = 0;
});

const rolesThatMay = async (method: string, path: string, body?: unknown) => {
  const allowed: string[] = [];
  for (const role of ['admin', 'marketer', 'analyst', 'device-manager']) {
    const answer = await server.call(method, path, { cookie: await cookieFor(role), body });
    if (answer.status !== 403) allowed.push(role);
  }
  return allowed;
};
/** Signing in takes its time, so once is enough. */
const cookies = new Map<string, string>();

async function cookieFor(role: string): Promise<string> {
  const known = cookies.get(role);
  if (known !== undefined) return known;
  const name = `some-${role}`;
  const { body } = await server.call('POST', '/api/v1/users', { body: { name, role } });
  const signedIn = await server.call('POST', '/api/v1/session', {
    body: { name, password: body.password },
    token: null,
  });
  const cookie = cookieOf(signedIn);
  cookies.set(role, cookie);
  return cookie;
}

describe('webhooks', () => {
  const url = 'https://crm.example.org/offers?shop=1';

  it('are made with a secret that is shown once, and led elsewhere without a new one', async () => {
    const made = await server.call('PUT', '/api/v1/webhooks/crm', { body: { url } });
    expect(made).toMatchObject({ status: 201, body: { id: 'crm', url, updatedAt: NOW + 5 } });
    expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await server.call('PUT', '/api/v1/webhooks/crm', { body: { url: `${url}&x` } });
    expect(again).toMatchObject({ status: 200, body: { url: `${url}&x` } });
    const shown = [
      again,
      await server.call('GET', '/api/v1/webhooks/crm'),
      await server.call('GET', '/api/v1/webhooks'),
      await server.call('GET', '/api/v1/audit'),
    ];
    expect(JSON.stringify(shown.map(({ body }) => body))).not.toContain('whsec_');
    const row = await server.db.selectFrom('webhooks').selectAll().executeTakeFirstOrThrow();
    expect(TEST_SEAL.open(row.sealed_secret)).toBe(made.body.secret);

    const replaced = await server.call('POST', '/api/v1/webhooks/crm/secret');
    expect(replaced.status).toBe(201);
    expect(replaced.body.secret).not.toBe(made.body.secret);
    expect((await server.call('POST', '/api/v1/webhooks/absent/secret')).status).toBe(404);
  });

  it.each([
    'http://crm.example.org/',
    'https://user:password@crm.example.org/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.7/',
    'https://localhost/',
    'https://printer.local/',
    'https://intranet/',
    'https://2130706433/',
    'ftp://crm.example.org/',
    'crm',
  ])('are not taken to %s', async (bad) => {
    const answer = await server.call('PUT', '/api/v1/webhooks/bad', { body: { url: bad } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'address_not_allowed' } });
  });

  it('may be private where the operator says so', async () => {
    const answer = await server.call('PUT', '/api/v1/webhooks/own', {
      body: { url: 'http://127.0.0.1:9999/x' },
    });
    expect(answer.status).toBe(201);
  });

  it('belong to consumers, who have none once it is removed', async () => {
    await server.call('PUT', '/api/v1/webhooks/crm', { body: { url } });
    const made = await server.call('POST', '/api/v1/consumers', { body: { id: 'wanda', webhook: 'crm' } });
    expect(made).toMatchObject({ status: 201, body: { webhook: 'crm', email: null } });
    const unknown = await server.call('PATCH', '/api/v1/consumers/wanda', { body: { webhook: 'absent' } });
    expect(unknown).toMatchObject({ status: 422, body: { code: 'unknown_webhook' } });
    server.changes.length = 0;
    expect((await server.call('DELETE', '/api/v1/webhooks/crm')).status).toBe(204);
    expect(server.changes).toEqual([{ kind: 'consumers', ids: ['wanda'] }]);
    expect((await server.call('GET', '/api/v1/consumers/wanda')).body.webhook).toBeNull();
    expect((await server.call('DELETE', '/api/v1/webhooks/crm')).status).toBe(404);
  });

  it('are the admin’s', async () => {
    expect(await rolesThatMay('PUT', '/api/v1/webhooks/x', { url })).toEqual(['admin']);
    expect(await rolesThatMay('POST', '/api/v1/webhooks/x/secret')).toEqual(['admin']);
    expect(await rolesThatMay('GET', '/api/v1/webhooks/x')).toEqual(['admin', 'marketer']);
  });
});

describe('e-mail addresses of consumers', () => {
  it('are kept in lower case, and belong to one person', async () => {
    const made = await server.call('POST', '/api/v1/consumers', {
      body: { id: 'mia', email: 'Mia@Example.org' },
    });
    expect(made).toMatchObject({ status: 201, body: { email: 'mia@example.org' } });
    const other = await server.call('POST', '/api/v1/consumers', {
      body: { id: 'mio', email: 'MIA@example.org' },
    });
    expect(other).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect((await server.call('GET', '/api/v1/consumers/mio')).status).toBe(404);
    await server.call('POST', '/api/v1/consumers', { body: { id: 'mio' } });
    const patched = await server.call('PATCH', '/api/v1/consumers/mio', {
      body: { email: 'mia@example.org' },
    });
    expect(patched.status).toBe(409);
    // One's own is no other's.
    const same = await server.call('PATCH', '/api/v1/consumers/mia', { body: { email: 'mia@EXAMPLE.org' } });
    expect(same).toMatchObject({ status: 200, body: { email: 'mia@example.org' } });
    const none = await server.call('PATCH', '/api/v1/consumers/mia', { body: { email: null } });
    expect(none.body.email).toBeNull();
    expect(
      (await server.call('PATCH', '/api/v1/consumers/mio', { body: { email: 'mia@example.org' } })).status,
    ).toBe(200);
  });

  it.each(['mia', 'mia@example.org, eve@example.org', 'mia@example.org\r\nBcc: eve@example.org', ''])(
    'are refused as %j',
    async (email) => {
      const answer = await server.call('POST', '/api/v1/consumers', { body: { email } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    },
  );
});

describe('the stop of all sending', () => {
  it('withdraws what waits, says so, and is in the audit log', async () => {
    const events: unknown[] = [];
    server.listeners.add((event) => events.push(event));
    expect((await server.call('GET', '/api/v1/sending')).body).toEqual({
      stopped: false,
      note: null,
      changedAt: null,
      changedBy: null,
    });
    const put = (body: object) => server.call('PUT', '/api/v1/sending', { body });
    const stopped = await put({ stopped: true, note: 'wrong prices' });
    const expected = { stopped: true, note: 'wrong prices', changedAt: NOW + 5, changedBy: 'admin-token' };
    expect(stopped).toMatchObject({ status: 200, body: expected });
    expect(server.withdrawn).toEqual(['sending_stopped']);
    expect(events).toContainEqual({ kind: 'sending', sending: expected });
    expect((await server.call('GET', '/api/v1/sending')).body).toEqual(expected);
    const trial = await server.call('POST', '/api/v1/trial-pushes', {
      body: { subscription: browser(), offer: { title: 'x', body: 'y' } },
    });
    expect(trial.body).toEqual({ outcome: 'failed', reason: 'sending_stopped' });
    expect((await put({ stopped: false })).body).toMatchObject({ stopped: false, note: null });
    expect(server.withdrawn).toHaveLength(1);
    const { body } = await server.call('GET', '/api/v1/audit?limit=2');
    expect(body.items.map(({ action }: { action: string }) => action)).toEqual([
      'sending.resumed',
      'sending.stopped',
    ]);
    expect((await put({})).status).toBe(400);
  });

  it('is the marketers’ too', async () => {
    expect(await rolesThatMay('PUT', '/api/v1/sending', { stopped: false })).toEqual(['admin', 'marketer']);
  });
});

describe('trials', () => {
  const offer = { title: 'Coffee', body: 'Half price', url: 'https://example.org/x' };
  const trial = (body: object) => server.call('POST', '/api/v1/trial-pushes', { body });

  it('go to the browser that is named, and nothing is kept', async () => {
    // As a browser writes it.
    const subscription = { ...browser(), expirationTime: null };
    expect(await trial({ subscription, offer })).toMatchObject({ status: 200, body: { outcome: 'sent' } });
    const { endpoint, keys } = subscription;
    const vapidKey = server.pushKeys.ring.current.publicKey;
    expect(server.trials.at(-1)).toEqual({ target: { endpoint, ...keys, vapidKey }, offer });
    expect(await server.db.selectFrom('deliveries').selectAll().execute()).toEqual([]);
    expect(await server.db.selectFrom('push_subscriptions').selectAll().execute()).toEqual([]);
  });

  it.each([
    [{ subscription: browser('https://evil.example/push'), offer }, 422, 'push_host_not_allowed'],
    [{ subscription: browser('http://127.0.0.1:1/push'), offer }, 422, 'push_host_not_allowed'],
    [{ subscription: { ...browser(), vapidKey: 'x'.repeat(87) }, offer }, 422, 'unknown_push_key'],
    [{ subscription: browser(), offer: { ...offer, url: 'javascript:alert(1)' } }, 400, 'bad_request'],
    [{ subscription: browser(), offer: { title: 'x' } }, 400, 'bad_request'],
  ])('are refused where nothing could come of them', async (body, status, code) => {
    expect(await trial(body)).toMatchObject({ status, body: { code } });
  });

  it('are for marketers', async () => {
    const body = { subscription: browser(), offer };
    expect(await rolesThatMay('POST', '/api/v1/trial-pushes', body)).toEqual(['admin', 'marketer']);
  });
});

describe('push services', () => {
  it('are told with their subscriptions and what they made of offers', async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'pia' } });
    await server.call('POST', '/api/v1/consumers/pia/push-subscriptions', { body: browser() });
    const refused = [{ status: 403, count: 2, lastAt: NOW }];
    server.services = [
      { origin: 'https://fcm.googleapis.com', sent: 1, retried: 2, gone: 3, refused, restingUntil: NOW + 9 },
    ];
    expect((await server.call('GET', '/api/v1/push-services')).body).toEqual({
      items: [
        {
          origin: 'https://fcm.googleapis.com',
          subscriptions: 0,
          sent: 1,
          retried: 2,
          gone: 3,
          refused,
          restingUntil: NOW + 9,
        },
        {
          origin: 'https://updates.push.services.mozilla.com',
          subscriptions: 1,
          sent: 0,
          retried: 0,
          gone: 0,
          refused: [],
          restingUntil: null,
        },
      ],
      waiting: 3,
      waitingSince: 1_000,
    });
  });
});

describe('the key of push', () => {
  it('is replaced at once; browsers of the earlier one stay until they come back, and then it is forgotten', async () => {
    const before = server.pushKeys.ring.current.publicKey;
    const subscription = browser('https://updates.push.services.mozilla.com/wpush/v2/rotated');
    await server.call('POST', '/api/v1/consumers', { body: { id: 'rosa' } });
    const subscribe = (more: object) =>
      server.call('POST', '/api/v1/consumers/rosa/push-subscriptions', {
        body: { ...subscription, ...more },
      });
    await subscribe({});
    const rotated = await server.call('POST', '/api/v1/push-key/rotate');
    expect(rotated.status).toBe(200);
    const { publicKey } = rotated.body;
    expect(publicKey).not.toBe(before);
    expect((await server.call('GET', '/api/v1/push-key', { token: null })).body.publicKey).toBe(publicKey);
    const keyOf = async () =>
      (
        await server.db
          .selectFrom('push_subscriptions')
          .select('vapid_key')
          .where('consumer_id', '=', 'rosa')
          .executeTakeFirstOrThrow()
      ).vapid_key;
    expect(await keyOf()).toBe(before);
    // A page that subscribed before it heard of the new one says so.
    expect((await subscribe({ vapidKey: before })).status).toBe(201);
    expect(await keyOf()).toBe(before);
    await server.db.deleteFrom('push_subscriptions').where('consumer_id', '!=', 'rosa').execute();
    expect((await subscribe({ vapidKey: publicKey })).status).toBe(201);
    expect(await keyOf()).toBe(publicKey);
    expect(server.pushKeys.ring.previous).toEqual([]);
    expect(await subscribe({ vapidKey: before })).toMatchObject({
      status: 422,
      body: { code: 'unknown_push_key' },
    });
    const { body } = await server.call('GET', `/api/v1/audit?subject=${publicKey}`);
    expect(body.items).toMatchObject([{ action: 'push-key.rotated' }, { action: 'push-key.rotating' }]);
  });

  it('is the admin’s to replace', async () => {
    expect(await rolesThatMay('POST', '/api/v1/push-key/rotate')).toEqual(['admin']);
  });
});

describe('one delivery', () => {
  it('is told by its id', async () => {
    await addDelivery(server.db, 'd-one', 'sent');
    const { body } = await server.call('GET', '/api/v1/deliveries/d-one');
    expect(body).toMatchObject({ id: 'd-one', state: 'sent', channel: 'web-push', sentAt: NOW + 1 });
    expect((await server.call('GET', '/api/v1/deliveries/absent')).status).toBe(404);
  });
});

describe('the link to end e-mails', () => {
  beforeAll(async () => {
    await server.call('POST', '/api/v1/consumers', { body: { id: 'ugo' } });
    await server.call('PUT', '/api/v1/consumers/ugo/consents/location_offers', {
      body: { granted: true, source: 'test' },
    });
    await addDelivery(server.db, 'd-ugo', 'sent', 'ugo');
  });
  const address = `/api/v1/unsubscribe/${signId(RECEIPT_KEY, 'unsubscribe', 'd-ugo')}`;
  const consents = async () => (await server.call('GET', '/api/v1/consumers/ugo')).body.consents;

  it('shows a page first, in the reader’s language, and changes nothing', async () => {
    const page = await server.call('GET', address, {
      token: null,
      headers: { 'accept-language': 'it-IT, en' },
    });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.body).toContain('lang="it"');
    expect(page.body).toContain('<form method="post">');
    expect(await consents()).toMatchObject([{ granted: true }]);
  });

  it('is not one that was made elsewhere, or for something else', async () => {
    const other = signId(new Uint8Array(32).fill(8), 'unsubscribe', 'd-ugo');
    for (const token of [signReceipt(RECEIPT_KEY, 'd-ugo'), other, 'x', 'ZC11Z28.']) {
      const posted = await server.call('POST', `/api/v1/unsubscribe/${token}`, { token: null });
      expect(posted).toMatchObject({ status: 401, body: { code: 'forged_token' } });
    }
    expect(await consents()).toMatchObject([{ granted: true }]);
  });

  it('stops everything at one press in a mailbox, and again changes nothing', async () => {
    for (const contentType of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const posted = await server.call('POST', address, {
        token: null,
        body: 'List-Unsubscribe=One-Click',
        contentType,
      });
      expect(posted.status).toBe(200);
    }
    expect(await consents()).toMatchObject([{ granted: false, source: 'e-mail' }]);
    expect(server.changes).toEqual([{ kind: 'consumers', ids: ['ugo'] }]);
    expect((await server.call('POST', address, { token: null })).status).toBe(200);
    await server.db.deleteFrom('consumers').where('id', '=', 'ugo').execute();
    expect((await server.call('POST', address, { token: null })).status).toBe(200);
  });
});
