import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveryRow } from '../../../gateway/delivery/due-facts.ts';
import { createOutbox, type Outbox } from '../../../gateway/delivery/outbox.ts';
import { createWithdrawals } from '../../../gateway/delivery/withdrawals.ts';
import { saveSending } from '../../../gateway/records/sending.ts';
import { outboxParts } from './outbox-parts.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY, storeOf } from './outbox-world.ts';

let world: OutboxWorld;
let outbox: Outbox;
let changed: DeliveryRow[];
let skippedMs: number;
let domainNow: number;
beforeEach(async () => {
  world = await createOutboxWorld();
  changed = [];
  skippedMs = 0;
  domainNow = NOON;
  outbox = createOutbox(
    storeOf(world),
    outboxParts({
      origins: [world.origin],
      vapidKeys: world.vapidKeys,
      receiptKey: RECEIPT_KEY,
      domainNow: () => domainNow,
      realNow: () => Date.now() + skippedMs,
    }),
    { onChanged: (rows) => changed.push(...rows), onTrouble: (what) => expect.unreachable(what) },
  );
  await world.addBrowser();
});
afterEach(async () => {
  await outbox.stop(1_000);
  await world.stop();
});

const withdrawConsent = () => world.db.updateTable('consents').set({ granted: 0 }).execute();

test('what waits for somebody who withdraws is withdrawn at once, and told, not at its next try', async () => {
  const later = { state: 'retrying', next_attempt_at: Date.now() + 300_000 } as const;
  const ids = [await world.queue(later), await world.queue(later)];
  await world.db
    .insertInto('consumers')
    .values({ id: 'ben', attributes_json: '{}', timezone: null, quiet_hours_json: 'null', created_at: NOON })
    .execute();
  const others = await world.queue({ ...later, consumer: 'ben' });
  outbox.start();
  await withdrawConsent();
  await outbox.recheck(['anna']);
  for (const id of ids)
    expect(await world.row(id)).toMatchObject({
      state: 'withdrawn',
      reason: 'no_consent',
      next_attempt_at: null,
    });
  expect(changed.map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(await outbox.counters()).toMatchObject({ withdrawn: 2, outboxSize: 1 });
  expect(await world.state(others)).toBe('retrying');
});

test('what may still go out stays as it is; so does what quiet hours would put off', async () => {
  const id = await world.queue({ state: 'retrying', next_attempt_at: Date.now() + 300_000 });
  domainNow = Date.parse('2026-06-01T20:00:00Z');
  await outbox.recheck(['anna', 'absent']);
  expect(await world.state(id)).toBe('retrying');
  expect(changed).toEqual([]);
});

test('what is just being sent and fails is not tried again', async () => {
  world.service.faults.plan({ kind: 'hang' });
  const id = await world.queue();
  outbox.start();
  await expect.poll(() => world.service.faults.left).toBe(0);
  await withdrawConsent();
  await outbox.recheck(['anna']);
  expect(await world.row(id)).toMatchObject({ state: 'withdrawn', reason: 'no_consent' });
  // The sending ends at its time limit, and changes nothing.
  await outbox.stop(5_000);
  expect(await world.row(id)).toMatchObject({ state: 'withdrawn', next_attempt_at: null });
  expect(world.received).toEqual([]);
});

test('what had left already when it was withdrawn is told as sent', async () => {
  const [store, parts] = [
    storeOf(world),
    outboxParts({
      origins: [world.origin],
      vapidKeys: world.vapidKeys,
      receiptKey: RECEIPT_KEY,
      domainNow: () => NOON,
    }),
  ];
  const id = await world.queue();
  let leave: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const slow = createOutbox(
    {
      ...store,
      async record(...results) {
        await held;
        return store.record(...results);
      },
    },
    parts,
    { onChanged: () => undefined, onTrouble: () => undefined },
  );
  slow.start();
  await expect.poll(() => world.received.length).toBe(1);
  await withdrawConsent();
  await outbox.recheck(['anna']);
  expect(await world.state(id)).toBe('withdrawn');
  leave();
  await expect.poll(() => world.row(id)).toMatchObject({ state: 'sent', sent_at: NOON, reason: null });
  await slow.stop(1_000);
});

test('erased while it is being sent: nothing is tried again, and nothing is written', async () => {
  world.service.faults.plan({ kind: 'hang' });
  const id = await world.queue();
  outbox.start();
  await expect.poll(() => world.service.faults.left).toBe(0);
  await world.db.deleteFrom('consumers').execute();
  await world.db.deleteFrom('deliveries').execute();
  await outbox.recheck(['anna']);
  await outbox.stop(5_000);
  expect(await world.db.selectFrom('deliveries').selectAll().where('id', '=', id).execute()).toEqual([]);
  expect(changed).toEqual([]);
});

test('what is just being sent and may go out stays wanted, however much waits beside it', async () => {
  const store = storeOf(world);
  await world.queue();
  const id = await world.queue();
  const underWay = new Map([
    [id, { consumer: 'anna', unwanted: null }],
    ['erased', { consumer: 'anna', unwanted: null }],
    ['of another', { consumer: 'ben', unwanted: null }],
  ]);
  const withdrawals = createWithdrawals({
    // As if the one that is being sent lay beyond what is looked at.
    store: { ...store, waitingFor: (consumers) => store.waitingFor(consumers, 1) },
    underWay,
    domainNow: () => NOON,
    onWithdrawn: () => undefined,
  });
  await withdrawals.recheck(['anna']);
  expect([...underWay.values()].map(({ unwanted }) => unwanted)).toEqual([null, 'consumer_erased', null]);
  await withdrawConsent();
  await withdrawals.recheck(['anna']);
  expect([underWay.get(id)?.unwanted, await world.state(id)]).toEqual(['no_consent', 'withdrawn']);
});

test('a stop of all sending withdraws everything that waits, also what comes meanwhile, for good', async () => {
  const change = { actor: 'admin', at: NOON };
  const later = { state: 'retrying', next_attempt_at: Date.now() + 300_000 } as const;
  const waiting = await Promise.all(Array.from({ length: 700 }, () => world.queue(later)));
  outbox.start();
  await saveSending(world.db, { stopped: true, note: null }, change);
  await outbox.withdrawAll('sending_stopped');
  expect((await outbox.counters()).outboxSize).toBe(0);
  expect(changed).toHaveLength(waiting.length);
  const meanwhile = await world.queue();
  outbox.wake();
  await expect
    .poll(() => world.row(meanwhile))
    .toMatchObject({ state: 'withdrawn', reason: 'sending_stopped', attempts: 0 });

  await saveSending(world.db, { stopped: false, note: null }, change);
  skippedMs = 301_000;
  const after = await world.queue();
  outbox.wake();
  await expect.poll(() => world.state(after)).toBe('sent');
  expect(world.received.map((payload) => payload.notification.data.id)).toEqual([after]);
});
