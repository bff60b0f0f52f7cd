import { writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createDelivery,
  type Delivery,
  type DeliveryOptions,
} from '../../../gateway/delivery/delivery-client.ts';
import { TEST_RECORDS_KEY } from '../../support/push-subscription.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY } from './outbox-world.ts';

let world: OutboxWorld;
beforeEach(async () => {
  world = await createOutboxWorld();
});
afterEach(() => world.stop());

function deliveryWith(change: Partial<DeliveryOptions> = {}): Delivery {
  return createDelivery({
    recordsFile: world.recordsFile,
    vapidKeys: { current: world.vapidKeys, previous: [] },
    mail: null,
    vapidSubject: 'mailto:ops@example.com',
    receiptKey: RECEIPT_KEY,
    recordsKey: TEST_RECORDS_KEY,
    pushHosts: [world.origin],
    clockOrigin: { domainStart: NOON, realStart: Date.now(), timeScale: 60 },
    realNow: Date.now,
    log: pino({ level: 'silent' }),
    onFailure: (error) => {
      throw error;
    },
    ...change,
  });
}

test('the thread sends on a wake, tells what changed, counts, and leaves nothing open', async () => {
  await world.addBrowser();
  const delivery = deliveryWith();
  const told: string[] = [];
  const unsubscribe = delivery.onChanged((rows) => told.push(...rows.map((row) => `${row.id} ${row.state}`)));
  await delivery.start();
  delivery.beginSending('https://offers.example');
  const id = await world.queue();
  delivery.wake();
  await expect.poll(() => told).toEqual([`${id} sent`]);
  expect(world.received.map((payload) => payload.notification.data.id)).toEqual([id]);
  expect(await delivery.counters()).toMatchObject({ sent: 1, outboxSize: 0 });
  // Domain time runs in the thread too, 60 times as fast, from the same beginning.
  const { sent_at } = await world.row(id);
  expect(sent_at).toBeGreaterThan(NOON);
  expect(sent_at).toBeLessThan(NOON + 60 * 30_000);

  unsubscribe();
  const second = await world.queue();
  delivery.wake();
  await expect.poll(() => world.state(second)).toBe('sent');
  expect(told).toHaveLength(1);
  await delivery.stop();
  await delivery.stop();
  await expect(delivery.counters()).rejects.toThrow('not running');
});

test('what waited while it was down goes out once links can be opened', async () => {
  await world.addBrowser();
  const id = await world.queue();
  const delivery = deliveryWith();
  await delivery.start();
  delivery.beginSending('https://offers.example');
  await expect.poll(() => world.state(id)).toBe('sent');
  await delivery.stop();
});

test('records that cannot be read are told at the start', async () => {
  const recordsFile = `${world.recordsFile}.damaged`;
  await writeFile(
    recordsFile,
    'this is no database, and it is longer than a header of one hundred bytes would be. '.repeat(3),
  );
  await expect(deliveryWith({ recordsFile }).start()).rejects.toThrow();
});
