import { afterEach, beforeEach, expect, test } from 'vitest';
import { newWebhookSecret } from '../../../gateway/delivery/channels/standard-webhooks.ts';
import type { DeliveryRow } from '../../../gateway/delivery/due-facts.ts';
import { LANE_SETTINGS } from '../../../gateway/delivery/lanes.ts';
import { createOutbox, type Outbox } from '../../../gateway/delivery/outbox.ts';
import { createSmtpMailer } from '../../../gateway/mail/smtp-mailer.ts';
import { createSeal } from '../../../gateway/records/seal.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { readMail, startSmtp, type TestSmtp } from '../../support/smtp.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';
import { outboxParts } from './outbox-parts.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY, storeOf } from './outbox-world.ts';

/** Longer than anything here takes that does not wait for it. */
const TIMEOUT_MS = 10_000;

let world: OutboxWorld;
let smtp: TestSmtp;
let receiver: WebhookReceiver;
let outbox: Outbox;
let changed: DeliveryRow[];
let skippedMs: number;
beforeEach(async () => {
  world = await createOutboxWorld();
  smtp = await startSmtp({
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('nobody') ? Object.assign(new Error('no'), { responseCode: 550 }) : null),
  });
  receiver = await startWebhookReceiver();
  changed = [];
  skippedMs = 0;
  outbox = createOutbox(
    storeOf(world),
    outboxParts({
      origins: [world.origin, receiver.origin],
      vapidKeys: world.vapidKeys,
      receiptKey: RECEIPT_KEY,
      domainNow: () => NOON,
      realNow: () => Date.now() + skippedMs,
      timeoutMs: TIMEOUT_MS,
      instead: { mailer: createSmtpMailer({ url: smtp.url, from: 'shop@shop.example' }) },
    }),
    { onChanged: (rows) => changed.push(...rows), onTrouble: (what) => expect.unreachable(what) },
  );
  outbox.start();
});
afterEach(async () => {
  await outbox.stop(1_000);
  await receiver.stop();
  await smtp.stop();
  await world.stop();
});

async function queueAndWake(more: Parameters<OutboxWorld['queue']>[0] = {}): Promise<string> {
  const id = await world.queue(more);
  outbox.wake();
  return id;
}

const has = {
  async email(email = 'anna@example.org') {
    await world.db.updateTable('consumers').set({ email }).execute();
  },
  async webhook(sealed = TEST_SEAL.seal(newWebhookSecret())) {
    await world.db
      .insertInto('webhooks')
      .values({ id: 'crm', url: `${receiver.origin}/in`, sealed_secret: sealed, updated_at: NOON })
      .execute();
    await world.db.updateTable('consumers').set({ webhook: 'crm' }).execute();
  },
  async session(expiresAt = Date.now() + 60_000) {
    const session = { kind: 'consumer', subject: 'anna', role: null, expires_at: expiresAt } as const;
    const more = { id: 's1', created_at: 0, last_seen_at: 0, browser: null, opened_with: 'mail' };
    await world.db
      .insertInto('sessions')
      .values({ token_hash: 'h', ...session, ...more })
      .execute();
  },
};

test('the first channel that reaches somebody is taken: browser, webhook, e-mail, inbox', async () => {
  const channelOf = async () => {
    const id = await queueAndWake();
    await expect.poll(() => world.state(id)).toBe('sent');
    return (await world.row(id)).channel;
  };
  await has.session();
  expect(await channelOf()).toBe('inbox');
  await has.email();
  expect(await channelOf()).toBe('email');
  await has.webhook();
  expect(await channelOf()).toBe('webhook');
  await world.addBrowser();
  expect(await channelOf()).toBe('web-push');
  expect([smtp.received.length, receiver.received.length]).toEqual([1, 1]);
});

test('a webhook says that it has it; a mail server and the inbox do not', async () => {
  await has.webhook();
  const first = await queueAndWake();
  await expect.poll(() => world.row(first)).toMatchObject({ state: 'sent', delivered_at: NOON, attempts: 1 });
  await world.db.updateTable('consumers').set({ webhook: null }).execute();
  await has.email();
  const second = await queueAndWake();
  await expect
    .poll(() => world.row(second))
    .toMatchObject({ state: 'sent', delivered_at: null, sent_at: NOON });
});

test('an e-mail is named after the delivery, and has its code', async () => {
  await has.email();
  const id = await queueAndWake({ code: 'FREE-1' });
  await expect.poll(() => smtp.received.length).toBe(1);
  const { headers, body } = readMail(smtp.received[0]?.raw ?? '');
  expect(headers.get('message-id')).toBe(`<${id}@shop.example>`);
  expect(headers.get('list-unsubscribe')).toContain('https://offers.example/api/v1/unsubscribe/');
  expect(body).toContain('Your code: FREE-1');
});

test('where every browser is gone, the next channel is tried in the same round', async () => {
  const browser = await world.addBrowser();
  await browser.unsubscribe();
  await has.email();
  const id = await queueAndWake();
  await expect
    .poll(() => world.row(id))
    .toMatchObject({ state: 'sent', channel: 'email', attempts: 1, reason: null });
  const marked = await world.db.selectFrom('push_subscriptions').select('gone_at').executeTakeFirstOrThrow();
  expect(marked.gone_at).toBe(NOON);
});

test('down to the inbox, and where there is none the offer is gone', async () => {
  const browser = await world.addBrowser();
  await browser.unsubscribe();
  await has.webhook();
  receiver.answer = { status: 410 };
  await has.email('nobody@example.org');
  const lost = await queueAndWake();
  await expect
    .poll(() => world.row(lost))
    .toMatchObject({ state: 'gone', channel: 'email', reason: 'smtp_550', attempts: 1 });
  await has.session();
  const found = await queueAndWake();
  await expect.poll(() => world.row(found)).toMatchObject({ state: 'sent', channel: 'inbox' });
});

test('who has none of them is not reached; nor does an app count whose session is over', async () => {
  await has.session(Date.now() - 1);
  const id = await queueAndWake();
  await expect
    .poll(() => world.row(id))
    .toMatchObject({ state: 'gone', reason: 'no_subscription', attempts: 0, channel: 'web-push' });
});

test('tries are counted and put off as for push, and an offer past its end is not sent', async () => {
  await has.webhook();
  receiver.answer = { status: 503, headers: { 'retry-after': '60' } };
  const id = await queueAndWake();
  const held = await queueAndWake();
  await expect
    .poll(() => world.row(id))
    .toMatchObject({ state: 'retrying', attempts: 1, reason: 'http_503' });
  receiver.answer = { status: 204 };
  skippedMs = 61_000;
  outbox.wake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'sent', attempts: 2, channel: 'webhook' });
  await expect.poll(() => world.state(held)).toBe('sent');
  receiver.answer = { status: 503, headers: { 'retry-after': '3600' } };
  const late = await queueAndWake();
  await expect
    .poll(() => world.row(late))
    .toMatchObject({ state: 'expired', reason: 'expired after http_503' });
  const over = await queueAndWake({ expires_at_real: Date.now() });
  await expect.poll(() => world.row(over)).toMatchObject({ state: 'expired', attempts: 0 });
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).not.toContain(over);
});

test('a webhook that hangs holds up no browser', async () => {
  await has.webhook();
  receiver.answer = 'hang';
  const slow = await Promise.all(Array.from({ length: 40 }, () => world.queue()));
  outbox.wake();
  await expect.poll(() => receiver.received.length).toBeGreaterThan(0);
  await world.addBrowser();
  const began = performance.now();
  const quick = await queueAndWake();
  await expect.poll(() => world.state(quick), { timeout: TIMEOUT_MS }).toBe('sent');
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS / 2);
  // What is under way by the webhook has another way by now, and is not sent by it as well.
  const sent = async () => {
    const states = await Promise.all(slow.map((id) => world.state(id)));
    return states.filter((state) => state === 'sent').length;
  };
  await expect.poll(sent).toBe(slow.length - LANE_SETTINGS.places.new);
  for (const { headers } of receiver.received)
    expect(await world.state(String(headers['webhook-id']))).toBe('queued');
});

test('keys that can not be read any more end their subscription, and the next channel is tried', async () => {
  await world.addBrowser();
  const foreign = createSeal(Buffer.alloc(32, 5));
  await world.db
    .updateTable('push_subscriptions')
    .set({ sealed: foreign.seal('x') })
    .execute();
  await has.email();
  const id = await queueAndWake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'sent', channel: 'email' });
  const { gone_at } = await world.db
    .selectFrom('push_subscriptions')
    .select('gone_at')
    .executeTakeFirstOrThrow();
  expect(gone_at).toBe(NOON);
});

test('a webhook whose secret can not be read fails, and says so', async () => {
  await has.webhook(createSeal(Buffer.alloc(32, 5)).seal('whsec_x'));
  const id = await queueAndWake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'failed', reason: 'webhook_secret_lost' });
});
