import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOutboxWorld, NOON, type OutboxWorld } from './outbox-world.ts';

let world: OutboxWorld;

beforeEach(async () => {
  world = await createOutboxWorld();
});

afterEach(() => world.stop());

const laneOf = async (id: string) => (await world.row(id)).lane;

test('a delivery has its lane from the moment that it is queued', async () => {
  const unreachable = await world.queue();
  expect(await laneOf(unreachable)).toBe('inbox');
  await world.addBrowser();
  expect(await laneOf(await world.queue())).toBe(world.origin);
  expect(await laneOf(await world.queue({ state: 'sent' }))).toBeNull();
});

test('what waits changes its lane as soon as its consumer has other ways', async () => {
  const { db } = world;
  const id = await world.queue();
  const done = await world.queue({ state: 'failed' });
  await db.updateTable('consumers').set({ email: 'anna@example.com' }).execute();
  expect(await laneOf(id)).toBe('email');

  await db
    .insertInto('webhooks')
    .values({ id: 'w1', url: 'https://shop.example', sealed_secret: Buffer.alloc(0), updated_at: NOON })
    .execute();
  await db.updateTable('consumers').set({ webhook: 'w1' }).execute();
  expect(await laneOf(id)).toBe('webhook:w1');

  await world.addBrowser();
  await world.addBrowser();
  expect(await laneOf(id)).toBe(world.origin);
  const [first] = await db.selectFrom('push_subscriptions').select('id').execute();
  const other = 'https://push.example';
  await db
    .updateTable('push_subscriptions')
    .set({ origin: other })
    .where('id', '=', first?.id ?? '')
    .execute();
  expect(await laneOf(id)).toBe([world.origin, other].sort().join(' '));

  await db.updateTable('push_subscriptions').set({ gone_at: NOON }).where('origin', '=', other).execute();
  expect(await laneOf(id)).toBe(world.origin);
  await db.deleteFrom('push_subscriptions').execute();
  expect(await laneOf(id)).toBe('webhook:w1');
  await db.deleteFrom('webhooks').execute();
  expect(await laneOf(id)).toBe('email');
  expect(await laneOf(done)).toBeNull();
});

test('who loses a browser to somebody else goes by the ways that are left', async () => {
  await world.addConsumer('bert');
  await world.addBrowser();
  const [annas, berts] = [await world.queue(), await world.queue({ consumer: 'bert' })];
  expect([await laneOf(annas), await laneOf(berts)]).toEqual([world.origin, 'inbox']);
  await world.db.updateTable('push_subscriptions').set({ consumer_id: 'bert' }).execute();
  expect([await laneOf(annas), await laneOf(berts)]).toEqual(['inbox', world.origin]);
});

test('a retry goes by the ways that its consumer has then', async () => {
  await world.addConsumer('bert');
  await world.addBrowser('bert');
  const id = await world.queue({ consumer: 'bert', state: 'retrying' });
  await world.addBrowser();
  expect(await laneOf(id)).toBe(world.origin);
});
