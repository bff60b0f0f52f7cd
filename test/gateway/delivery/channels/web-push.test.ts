import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Browser } from '../../../../gateway/delivery/channels/channel.ts';
import { webPushChannel } from '../../../../gateway/delivery/channels/web-push.ts';
import { createPushSender, type PushSender } from '../../../../gateway/delivery/push-sender.ts';
import { createServiceHolds } from '../../../../gateway/delivery/service-holds.ts';
import { createServices } from '../../../../gateway/delivery/services.ts';
import { createVapidSigners } from '../../../../gateway/delivery/vapid-signers.ts';
import { openedAddress } from '../../../../gateway/records/push-subscriptions.ts';
import { TEST_SEAL } from '../../../support/push-subscription.ts';
import { createOutboxWorld, type OutboxWorld, RECEIPT_KEY } from '../outbox-world.ts';

let now: number;
let world: OutboxWorld;
let sender: PushSender;
beforeEach(async () => {
  now = Date.now();
  world = await createOutboxWorld(({ kind }) => {
    // So long it takes to answer.
    if (kind === 'message') now += 7_000;
  });
  const realNow = () => now;
  sender = createPushSender({ extraOrigins: [world.origin], realNow, connectionsPerOrigin: 2 });
});
afterEach(async () => {
  await sender.stop();
  await world.stop();
});

async function browsers(): Promise<readonly Browser[]> {
  const rows = await world.db.selectFrom('push_subscriptions').selectAll().execute();
  return rows.map(({ id, origin, vapid_key, sealed }) => ({
    id,
    origin,
    vapidKey: vapid_key,
    ...openedAddress(TEST_SEAL, sealed),
  }));
}

test('a push service is told for how long an offer holds as of when it is sent, not as of when it began to wait', async () => {
  for (let count = 0; count < 4; count += 1) await world.addBrowser();
  const realNow = () => now;
  const channel = webPushChannel({
    sender,
    signers: createVapidSigners(
      { current: world.vapidKeys, previous: [] },
      'mailto:ops@example.com',
      realNow,
    ),
    services: createServices(createServiceHolds(Math.random), realNow, (origin) => expect.fail(origin)),
    receiptKey: RECEIPT_KEY,
    publicUrl: () => 'https://offers.example',
    realNow,
  });
  const expiresAtReal = now + 600_000;
  const offer = {
    id: 'd1',
    consumer: 'anna',
    offer: { title: 'Coffee', body: 'Half price', expiresAt: expiresAtReal },
    createdAt: now,
    expiresAtReal,
    isStillWanted: () => true,
  };
  const recipient = { browsers: await browsers(), webhook: null, email: null, hasApp: false };
  expect(await channel.send(offer, recipient)).toMatchObject({ kind: 'sent' });
  const told = world.events.flatMap((event) => (event.kind === 'message' ? [event.ttlSeconds] : []));
  // Two connections for four browsers: the third and fourth waited for one answer at least.
  expect(told.slice(0, 2)).toEqual([600, 600]);
  expect(told[2]).toBeLessThanOrEqual(593);
  expect(told[3]).toBeLessThanOrEqual(593);
});
