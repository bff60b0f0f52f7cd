import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDelivery, type Delivery } from '../../../gateway/delivery/delivery-client.ts';
import { topicOf } from '../../../gateway/delivery/push-request.ts';
import { TEST_RECORDS_KEY } from '../../support/push-subscription.ts';
import type { DyingOutboxSettings } from './dying-outbox.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY } from './outbox-world.ts';

let world: OutboxWorld;
let delivery: Delivery | null = null;

beforeEach(async () => {
  world = await createOutboxWorld();
});
afterEach(async () => {
  await delivery?.stop();
  delivery = null;
  await world.stop();
});

/** Runs an outbox in a process that kills itself while it sends. */
async function crash(dieAt: DyingOutboxSettings['dieAt']): Promise<void> {
  const settings: DyingOutboxSettings = {
    recordsFile: world.recordsFile,
    vapidKeys: world.vapidKeys,
    origin: world.origin,
    receiptKeyBase64: RECEIPT_KEY.toString('base64'),
    domainNow: NOON,
    dieAt,
  };
  const file = new URL('./dying-outbox.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
}

async function restart(): Promise<void> {
  delivery = createDelivery({
    recordsFile: world.recordsFile,
    vapidKeys: { current: world.vapidKeys, previous: [] },
    mail: null,
    vapidSubject: 'mailto:ops@example.com',
    receiptKey: RECEIPT_KEY,
    recordsKey: TEST_RECORDS_KEY,
    pushHosts: [world.origin],
    clockOrigin: { domainStart: NOON, realStart: Date.now(), timeScale: 1 },
    realNow: Date.now,
    log: pino({ level: 'silent' }),
    onFailure: (error) => {
      throw error;
    },
  });
  await delivery.start();
  delivery.beginSending('https://offers.example');
}

const shownIds = () => new Set(world.received.map((payload) => payload.notification.data.id));

test('killed before the push went out, the offer goes out after the restart', async () => {
  await world.addBrowser();
  const id = await world.queue();
  await crash('before the push');
  expect(world.received).toEqual([]);
  await restart();
  await expect.poll(() => world.state(id)).toBe('sent');
  expect(world.received.map((payload) => payload.notification.data.id)).toEqual([id]);
});

test('killed between push and record, the offer comes again under the same id, and is shown once', async () => {
  await world.addBrowser();
  const id = await world.queue();
  await crash('after the push');
  await expect.poll(() => world.received.length).toBe(1);
  expect(await world.state(id)).toBe('queued');
  await restart();
  await expect.poll(() => world.state(id)).toBe('sent');
  await expect.poll(() => world.received.length).toBe(2);
  expect(shownIds()).toEqual(new Set([id]));
});

test('while the browser is away, the second sending takes the place of the first', async () => {
  await world.addBrowser();
  await world.connection.stop();
  const id = await world.queue();
  await crash('after the push');
  await restart();
  await expect.poll(() => world.state(id)).toBe('sent');
  const topics = world.events.flatMap((event) => (event.kind === 'message' ? [event.topic] : []));
  expect(topics).toEqual([topicOf(id), topicOf(id)]);
  expect(world.service.counts.pending).toBe(1);
  await world.connection.start();
  await expect.poll(() => world.received.map((payload) => payload.notification.data.id)).toEqual([id]);
});

test('killed after the receipt came, the offer does not go out again', async () => {
  await world.addBrowser();
  const id = await world.queue();
  await crash('after the push');
  await world.db
    .updateTable('deliveries')
    .set({ state: 'shown', shown_at: NOON })
    .where('id', '=', id)
    .execute();
  await restart();
  const probe = await world.queue();
  delivery?.wake();
  await expect.poll(() => world.state(probe)).toBe('sent');
  expect(await world.state(id)).toBe('shown');
  expect(world.received.filter((payload) => payload.notification.data.id === id)).toHaveLength(1);
});
