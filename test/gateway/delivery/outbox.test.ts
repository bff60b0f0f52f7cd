import { createECDH } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPushService } from '../../../devices-sim/push-service/push-service.ts';
import type { DeliveryRow } from '../../../gateway/delivery/due-facts.ts';
import { LANE_SETTINGS } from '../../../gateway/delivery/lanes.ts';
import { createOutbox, type Outbox } from '../../../gateway/delivery/outbox.ts';
import type { OutboxStore } from '../../../gateway/delivery/outbox-store.ts';
import { topicOf } from '../../../gateway/delivery/push-request.ts';
import { readReceipt } from '../../../gateway/delivery/receipt-token.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { outboxParts } from './outbox-parts.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY, storeOf } from './outbox-world.ts';

let world: OutboxWorld;
let outbox: Outbox;
let changed: DeliveryRow[];
let trouble: string[];
let domainNow: number;
/** How far real time has been moved on. */
let skippedMs: number;
let onPush: () => void;

beforeEach(async () => {
  changed = [];
  trouble = [];
  domainNow = NOON;
  skippedMs = 0;
  onPush = () => undefined;
  world = await createOutboxWorld((event) => {
    if (event.kind === 'message') onPush();
  });
  outbox = startOutbox();
});

afterEach(async () => {
  await outbox.stop(1_000);
  await world.stop();
});

function startOutbox(
  change: (store: OutboxStore) => OutboxStore = (store) => store,
  moreOrigins: readonly string[] = [],
  timeoutMs = 2_000,
  connectionsPerOrigin?: number,
): Outbox {
  const realNow = () => Date.now() + skippedMs;
  const started = createOutbox(
    change(storeOf(world)),
    outboxParts({
      origins: [world.origin, ...moreOrigins],
      vapidKeys: world.vapidKeys,
      receiptKey: RECEIPT_KEY,
      domainNow: () => domainNow,
      realNow,
      timeoutMs,
      ...(connectionsPerOrigin !== undefined && { connectionsPerOrigin }),
    }),
    { onChanged: (rows) => changed.push(...rows), onTrouble: (what) => trouble.push(what) },
  );
  started.start();
  return started;
}

async function queueAndWake(delivery: Parameters<OutboxWorld['queue']>[0] = {}): Promise<string> {
  const id = await world.queue(delivery);
  outbox.wake();
  return id;
}

const pushes = () => world.events.filter((event) => event.kind === 'message');

test('an offer reaches the browser, and its row says so', async () => {
  await world.addBrowser();
  const id = await queueAndWake();
  await expect
    .poll(() => changed)
    .toMatchObject([{ id, state: 'sent', attempts: 1, sent_at: NOON, next_attempt_at: null }]);
  expect(world.received).toEqual([
    {
      web_push: 8030,
      mutable: true,
      notification: {
        title: 'Coffee',
        body: 'Half price',
        navigate: `https://offers.example/me/offers/${id}`,
        tag: id,
        icon: 'https://offers.example/icons/icon-192.png',
        data: { id, token: expect.any(String), expiresAt: expect.any(Number) },
      },
    },
  ]);
  expect(readReceipt(RECEIPT_KEY, world.received[0]?.notification.data.token ?? '')).toBe(id);
  expect(pushes()).toMatchObject([{ topic: topicOf(id), urgency: 'high' }]);
  const [{ ttlSeconds } = { ttlSeconds: 0 }] = pushes();
  expect(ttlSeconds).toBeLessThanOrEqual(600);
  expect(ttlSeconds).toBeGreaterThan(570);
  expect(await outbox.counters()).toMatchObject({ sent: 1, failed: 0, outboxSize: 0, oldestCreatedAt: null });
});

test('after 503 it waits as long as asked, then goes out under the same Topic', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 503, retryAfter: '30' });
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('retrying');
  const { next_attempt_at, reason, attempts } = await world.row(id);
  expect(next_attempt_at).toBeGreaterThan(Date.now() + 28_000);
  expect({ reason, attempts }).toEqual({ reason: 'http_503', attempts: 1 });
  expect(await outbox.counters()).toMatchObject({ retried: 1, outboxSize: 1, oldestCreatedAt: NOON });
  skippedMs = 31_000;
  outbox.wake();
  await expect.poll(() => world.state(id)).toBe('sent');
  expect((await world.row(id)).attempts).toBe(2);
  expect(world.received.map((payload) => payload.notification.data.id)).toEqual([id]);
});

test('it comes back by its own timer', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 500 });
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('sent');
});

test('an offer whose next try would come too late has expired, and says after what', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 429, retryAfter: '3600' });
  const id = await queueAndWake();
  await expect
    .poll(() => world.row(id))
    .toMatchObject({ state: 'expired', reason: 'expired after http_429' });
});

test('an offer past its time is not sent', async () => {
  await world.addBrowser();
  const id = await queueAndWake({ expires_at_real: Date.now() - 1 });
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'expired', attempts: 0 });
  expect(pushes()).toEqual([]);
});

test('an ended subscription is marked, and an offer without another one is gone', async () => {
  const browser = await world.addBrowser();
  await browser.unsubscribe();
  const first = await queueAndWake();
  await expect.poll(() => world.row(first)).toMatchObject({ state: 'gone', reason: 'gone' });
  const marked = await world.db.selectFrom('push_subscriptions').select('gone_at').executeTakeFirstOrThrow();
  expect(marked.gone_at).toBe(NOON);
  const second = await queueAndWake();
  await expect
    .poll(() => world.row(second))
    .toMatchObject({ state: 'gone', reason: 'no_subscription', attempts: 0 });
});

test('of several browsers one is enough', async () => {
  const old = await world.addBrowser();
  await world.addBrowser();
  await world.addBrowser();
  await old.unsubscribe();
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('sent');
  await expect.poll(() => world.received.length).toBe(2);
  const gone = await world.db
    .selectFrom('push_subscriptions')
    .select('id')
    .where('gone_at', 'is not', null)
    .execute();
  expect(gone).toHaveLength(1);
});

test.each([
  ['consent is withdrawn', 'no_consent', () => setConsent(0)],
  ['no more offers of the rule are wanted', 'consumer_cap', () => wantFewer(2)],
  ['the rule is paused', 'rule_paused', () => world.setRule('paused')],
  ['the rule is ended', 'rule_ended', () => world.setRule('ended')],
  ['the rule is a draft again', 'rule_draft', () => world.setRule('draft')],
  ['the rule is deleted', 'rule_deleted', () => world.db.deleteFrom('rules').execute()],
  ['the person is erased', 'consumer_erased', () => world.db.deleteFrom('consumers').execute()],
  [
    'the rule asks for another purpose now',
    'no_consent',
    async () => {
      const document = {
        id: 'coffee',
        trigger: { event: 'purchase' },
        offer: { title: 't', body: 'b', expires: 'PT1M' },
      };
      await world.db
        .updateTable('rules')
        .set({ document_json: JSON.stringify(document) })
        .execute();
    },
  ],
  [
    'the rule does not parse',
    'rule_invalid',
    () => world.db.updateTable('rules').set({ document_json: '{}' }).execute(),
  ],
  [
    'the rule is damaged',
    'rule_invalid',
    () => world.db.updateTable('rules').set({ document_json: '{' }).execute(),
  ],
  [
    'quiet hours have begun',
    'quiet_hours',
    async () => {
      domainNow = Date.parse('2026-06-01T20:00:00Z');
    },
  ],
])('when %s between decision and sending, the offer is withdrawn', async (_, reason, change) => {
  await world.addBrowser();
  await change();
  const id = await queueAndWake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'withdrawn', reason, attempts: 0 });
  expect(pushes()).toEqual([]);
});

const wantFewer = (level: 1 | 2) =>
  world.db
    .insertInto('fewer')
    .columns(['consumer_id', 'rule', 'level', 'since'])
    .expression((select) =>
      select
        .selectFrom('consumers')
        .select(({ val }) => ['id', val('coffee').as('rule'), val(level).as('level'), val(0).as('since')]),
    )
    .execute();

test('who wants fewer offers of a rule still gets the one that was decided on', async () => {
  await world.addBrowser();
  await wantFewer(1);
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('sent');
});

async function setConsent(granted: 0 | 1): Promise<void> {
  await world.db.updateTable('consents').set({ granted }).execute();
}

test('consent withdrawn between two tries counts too', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 503, retryAfter: '5' });
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('retrying');
  await setConsent(0);
  skippedMs = 6_000;
  outbox.wake();
  await expect.poll(() => world.state(id)).toBe('withdrawn');
  expect(world.received).toEqual([]);
});

test('a rule that ignores quiet hours sends in them', async () => {
  await world.addBrowser();
  await world.setRule('live', { quietHours: 'ignore' });
  domainNow = Date.parse('2026-06-01T20:00:00Z');
  const id = await queueAndWake();
  await expect.poll(() => world.state(id)).toBe('sent');
});

test("a person without a time zone goes by the place's", async () => {
  await world.addBrowser();
  await world.db.updateTable('consumers').set({ timezone: null }).execute();
  domainNow = Date.parse('2026-06-01T13:00:00Z'); // 22:00 in Tokyo, 15:00 in Rome
  const id = await queueAndWake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'withdrawn', reason: 'quiet_hours' });
});

test('a receipt that is faster than the record is kept', async () => {
  await world.addBrowser();
  const receipts = openRecords(world.recordsFile);
  let shown: Promise<unknown> = Promise.resolve();
  onPush = () => {
    shown = receipts
      .updateTable('deliveries')
      .set({ state: 'shown', shown_at: NOON + 5 })
      .execute();
  };
  const id = await queueAndWake();
  await expect.poll(() => changed).toHaveLength(1);
  await shown;
  expect(await world.row(id)).toMatchObject({
    state: 'shown',
    shown_at: NOON + 5,
    sent_at: NOON,
    attempts: 1,
  });
  await receipts.destroy();
});

test('a delivery that cannot be worked on hurts only itself', async () => {
  await world.addBrowser();
  const broken = await world.queue({ offer_json: '{"title' });
  const huge = await world.queue({ offer_json: JSON.stringify({ title: 'x'.repeat(5_000), body: 'y' }) });
  const good = await queueAndWake();
  await expect.poll(() => world.state(good)).toBe('sent');
  expect(await world.row(broken)).toMatchObject({ state: 'failed', reason: 'internal' });
  expect(await world.row(huge)).toMatchObject({ state: 'failed', reason: 'offer_too_large' });
  expect(trouble).toEqual(['a delivery could not be worked on']);
});

test.each([
  [
    'keys that are no point of the curve',
    { p256dh: Buffer.alloc(65, 4).toString('base64url') },
    'bad_subscription',
  ],
  ['no URL', { endpoint: 'nowhere' }, 'bad_subscription'],
  ['a host that is not allowed', { endpoint: 'http://127.0.0.2:9/x' }, 'push_host_not_allowed'],
  ['keys of somebody else', { p256dh: createECDH('prime256v1').generateKeys('base64url') }, null],
])('a subscription with %s', async (_, change, reason) => {
  await world.addBrowser();
  await world.readdress(() => change);
  const id = await queueAndWake();
  await expect
    .poll(() => world.row(id))
    .toMatchObject({ state: reason === null ? 'sent' : 'failed', reason });
  expect(world.received).toEqual([]);
});

test('300 offers go out once each, while the records fail in between', async () => {
  await outbox.stop(1_000);
  await world.addBrowser();
  let calls = 0;
  outbox = startOutbox((store) => ({
    ...store,
    record: async (...results) => {
      calls += 1;
      if (calls === 2) throw new Error('database is locked');
      return store.record(...results);
    },
  }));
  const ids = await Promise.all(Array.from({ length: 300 }, () => world.queue()));
  outbox.wake();
  await expect.poll(() => changed.length).toBe(300);
  expect(world.received.map((payload) => payload.notification.data.id).sort()).toEqual(ids.sort());
  expect(trouble).toEqual(['results of deliveries could not be recorded']);
});

test('a push service that does not answer is left alone, and takes no tries from what waits for it', async () => {
  await world.addBrowser();
  const dead = 'http://127.0.0.1:9';
  await outbox.stop(1_000);
  outbox = startOutbox((store) => store, [dead]);
  await world.readdress(({ endpoint }) => ({ endpoint: endpoint.replace(world.origin, dead) }));
  for (let count = 0; count < 3; count += 1) {
    const id = await queueAndWake();
    await expect
      .poll(() => world.row(id))
      .toMatchObject({ state: 'retrying', attempts: 1, reason: 'network_econnrefused' });
  }
  const held = await queueAndWake();
  await expect
    .poll(() => world.row(held))
    .toMatchObject({ state: 'queued', attempts: 0, reason: null, lane: dead });
  await world.addBrowser();
  await expect.poll(() => world.state(held)).toBe('sent');
  const reachable = await queueAndWake();
  await expect.poll(() => world.state(reachable)).toBe('sent');
});

test('a push service that was left alone is tried with one message, and then gets all that waited', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 503, retryAfter: '30' });
  const first = await queueAndWake();
  await expect.poll(() => world.state(first)).toBe('retrying');
  const ids = await Promise.all(Array.from({ length: 20 }, () => queueAndWake()));
  await expect.poll(async () => (await world.row(ids.at(-1) ?? '')).lane).toBe(world.origin);
  expect(pushes()).toEqual([]);

  skippedMs = 31_000;
  world.service.faults.plan({ kind: 'status', status: 503, retryAfter: '30' });
  outbox.wake();
  await expect.poll(() => world.service.faults.left).toBe(0);
  const states = async () => Promise.all([first, ...ids].map((id) => world.state(id)));
  await expect
    .poll(async () => (await states()).filter((state) => state === 'queued').length)
    .toBeGreaterThan(18);
  expect(pushes()).toEqual([]);

  skippedMs = 62_000;
  outbox.wake();
  await expect.poll(async () => new Set(await states())).toEqual(new Set(['sent']));
  expect(world.received.length).toBe(21);
});

test('an offer that is over while its push service is left alone is expired, and not sent late', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'status', status: 503, retryAfter: '300' });
  const first = await queueAndWake();
  await expect.poll(() => world.state(first)).toBe('retrying');
  const id = await queueAndWake({ expires_at_real: Date.now() + 100_000 });
  await expect.poll(async () => (await world.row(id)).lane).toBe(world.origin);
  skippedMs = 200_000;
  outbox.wake();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'expired', reason: 'expired', attempts: 0 });
  expect(await world.state(first)).toBe('retrying');
  expect(pushes()).toEqual([]);
});

test('a push service that hangs takes no time from the others', async () => {
  const hanging = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const { origin } = await hanging.start();
  const HANGING = 10_000;
  hanging.faults.plan({ kind: 'hang' }, HANGING);
  const taken = () => HANGING - hanging.faults.left;
  await outbox.stop(1_000);
  const timeoutMs = 50_000;
  outbox = startOutbox((store) => store, [origin], timeoutMs);
  await world.addBrowser();
  await world.readdress(({ endpoint }) => ({ endpoint: endpoint.replace(world.origin, origin) }));
  await world.addConsumer('bert');
  await world.addBrowser('bert');
  const stuck = await Promise.all(Array.from({ length: 600 }, () => world.queue()));
  outbox.wake();
  await expect.poll(taken).toBeGreaterThan(0);
  const before = performance.now();
  const ids = await Promise.all(Array.from({ length: 50 }, () => queueAndWake({ consumer: 'bert' })));
  for (const id of ids) await expect.poll(() => world.state(id)).toBe('sent');
  // Nobody waited for the service that hangs.
  expect(performance.now() - before).toBeLessThan(timeoutMs / 2);
  expect(taken()).toBeLessThanOrEqual(LANE_SETTINGS.places.new);
  expect(await world.state(stuck.at(-1) ?? '')).toBe('queued');
  await hanging.stop();
});

test('while the records are busy with others, places are given to who waits', async () => {
  await world.addBrowser();
  await queueAndWake();
  await expect.poll(() => changed.length).toBe(1);
  await outbox.stop(1_000);
  let free: () => void = () => undefined;
  const busy = new Promise<void>((resolve) => {
    free = resolve;
  });
  outbox = startOutbox((store) => ({
    ...store,
    record: async (...results) => {
      await busy;
      return store.record(...results);
    },
  }));
  const offers = LANE_SETTINGS.places.well * 3;
  await Promise.all(Array.from({ length: offers }, () => world.queue()));
  outbox.wake();
  try {
    await expect.poll(() => pushes().length).toBe(1 + offers);
    expect(changed.length).toBe(1);
  } finally {
    free();
  }
  await expect.poll(() => changed.length).toBe(1 + offers);
});

test('a backlog for a push service that is left alone is neither read nor written to find what goes to others', async () => {
  const resting = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const { origin } = await resting.start();
  resting.faults.plan({ kind: 'status', status: 503, retryAfter: '300' });
  await outbox.stop(1_000);
  const looked: string[] = [];
  outbox = startOutbox(
    (store) => ({
      ...store,
      due: async (lane, ...rest) => {
        looked.push(lane);
        return store.due(lane, ...rest);
      },
    }),
    [origin],
  );
  await world.addBrowser();
  await world.readdress(({ endpoint }) => ({ endpoint: endpoint.replace(world.origin, origin) }));
  await world.addConsumer('bert');
  await world.addBrowser('bert');
  const first = await queueAndWake();
  await expect.poll(() => world.state(first)).toBe('retrying');
  const waiting = await Promise.all(Array.from({ length: 500 }, () => world.queue()));
  looked.length = 0;
  const ids = await Promise.all(Array.from({ length: 20 }, () => queueAndWake({ consumer: 'bert' })));
  for (const id of ids) await expect.poll(() => world.state(id)).toBe('sent');
  expect(new Set(looked)).toEqual(new Set([world.origin]));
  for (const id of waiting) expect(await world.row(id)).toMatchObject({ state: 'queued', lane: origin });
  await resting.stop();
});

test('places that hang keep none of the free ones from a new offer, with a backlog or without', async () => {
  await outbox.stop(1_000);
  const timeoutMs = 20_000;
  outbox = startOutbox((store) => store, [], timeoutMs, LANE_SETTINGS.places.well);
  await world.addBrowser();
  await queueAndWake();
  await expect.poll(() => changed.length).toBe(1);
  const hanging = LANE_SETTINGS.places.well / 2 + 1;
  world.service.faults.plan({ kind: 'hang' }, hanging);
  for (let count = 0; count < hanging; count += 1) await world.queue();
  outbox.wake();
  await expect.poll(() => world.service.faults.left).toBe(0);
  const began = performance.now();
  const single = await queueAndWake();
  await expect.poll(() => world.state(single)).toBe('sent');
  const backlog = await Promise.all(Array.from({ length: 100 }, () => world.queue()));
  outbox.wake();
  for (const id of backlog) await expect.poll(() => world.state(id)).toBe('sent');
  // Before those that hang are given up.
  expect(performance.now() - began).toBeLessThan(timeoutMs);
});

test('what is under way when it stops is not lost', async () => {
  await world.addBrowser();
  world.service.faults.plan({ kind: 'hang' });
  const id = await queueAndWake();
  await expect.poll(() => world.service.faults.left).toBe(0);
  await outbox.stop(10);
  expect(await world.state(id)).toBe('retrying');
  skippedMs = 10_000;
  outbox = startOutbox();
  await expect.poll(() => world.state(id)).toBe('sent');
});
