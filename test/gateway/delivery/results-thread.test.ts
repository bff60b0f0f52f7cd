import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveryResult } from '../../../gateway/delivery/results.ts';
import { type ResultsThread, startResultsThread } from '../../../gateway/delivery/results-thread.ts';
import { createOutboxWorld, NOON, type OutboxWorld } from './outbox-world.ts';

let world: OutboxWorld;
let thread: ResultsThread;

beforeEach(async () => {
  world = await createOutboxWorld();
  thread = startResultsThread(world.recordsFile, (error) => {
    throw error;
  });
});

afterEach(async () => {
  await thread.stop();
  await world.stop();
});

const sent = (id: string): DeliveryResult => {
  return {
    id,
    kind: 'sent',
    channel: 'web-push',
    attempted: true,
    goneSubscriptions: [],
    isDelivered: false,
  };
};

test('writes results in a thread of its own, and gives back the rows as they are', async () => {
  const ids = [await world.queue(), await world.queue()];
  const rows = await thread.record(ids.map(sent), NOON + 5);
  expect(rows.map(({ id, state, sent_at }) => ({ id, state, sent_at }))).toEqual(
    expect.arrayContaining(ids.map((id) => ({ id, state: 'sent', sent_at: NOON + 5 }))),
  );
  for (const id of ids) expect(await world.state(id)).toBe('sent');
});

test('writes all of a group or none, says why, and goes on', async () => {
  const ids = [await world.queue(), await world.queue()];
  await world.db.schema.alterTable('push_subscriptions').renameTo('elsewhere').execute();
  const gone: DeliveryResult = { ...sent(ids[1] ?? ''), goneSubscriptions: ['some'] };
  await expect(thread.record([sent(ids[0] ?? ''), gone], NOON)).rejects.toThrow(/push_subscriptions/);
  expect(await world.state(ids[0] ?? '')).toBe('queued');
  await world.db.schema.alterTable('elsewhere').renameTo('push_subscriptions').execute();
  await thread.record(ids.map(sent), NOON);
  expect(await world.state(ids[0] ?? '')).toBe('sent');
});

test('what was handed over before it stops is written', async () => {
  const id = await world.queue();
  const recorded = thread.record([sent(id)], NOON);
  await thread.stop();
  expect(await recorded).toMatchObject([{ id, state: 'sent' }]);
  thread = startResultsThread(world.recordsFile, () => undefined);
  expect(await world.state(id)).toBe('sent');
});
