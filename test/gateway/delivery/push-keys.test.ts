import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import webPush from 'web-push';
import { createSubscriber } from '../../../devices-sim/push-service/subscriber.ts';
import { createDelivery, type Delivery } from '../../../gateway/delivery/delivery-client.ts';
import { openPushKeys } from '../../../gateway/delivery/push-keys.ts';
import { loadOrCreateVapidKeys, type VapidKeyRing } from '../../../gateway/delivery/vapid-keys.ts';
import { listAudit } from '../../../gateway/records/audit.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { subscriptionRow, TEST_RECORDS_KEY } from '../../support/push-subscription.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY } from './outbox-world.ts';

const CHANGE = { actor: 'admin', at: 5 };
let dir: string;
let db: Kysely<Schema>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-push-keys-'));
  db = openRecords(join(dir, 'wayside.db'));
  await migrate(db);
  await db
    .insertInto('consumers')
    .values({ id: 'ada', attributes_json: '{}', timezone: null, quiet_hours_json: 'null', created_at: 1 })
    .execute();
});
afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});

const file = () => join(dir, 'vapid-keys.json');
const open = (onChanged: (ring: VapidKeyRing) => Promise<void> = async () => undefined) =>
  openPushKeys(dir, db, onChanged);
const subscribe = (id: string, vapidKey: string) =>
  db
    .insertInto('push_subscriptions')
    .values(subscriptionRow('ada', 1, { id, vapidKey, endpoint: `https://push.invalid/${id}` }))
    .execute();

function deliveryOf(world: OutboxWorld, log: Logger): Delivery {
  return createDelivery({
    recordsFile: world.recordsFile,
    vapidKeys: { current: world.vapidKeys, previous: [] },
    vapidSubject: 'mailto:ops@example.com',
    receiptKey: RECEIPT_KEY,
    recordsKey: TEST_RECORDS_KEY,
    pushHosts: [world.origin],
    mail: null,
    clockOrigin: { domainStart: NOON, realStart: Date.now(), timeScale: 1 },
    realNow: Date.now,
    log,
    onFailure: (error) => expect.unreachable(error.message),
  });
}

test('the file of an earlier version, one pair and nothing else, is read', async () => {
  const pair = webPush.generateVAPIDKeys();
  await writeFile(file(), JSON.stringify(pair), { mode: 0o600 });
  expect((await open()).ring).toEqual({ current: pair, previous: [] });
});

test('a replacement is on the disk, for the owner alone, before anybody signs with it', async () => {
  const onDisk: (string | undefined)[] = [];
  const keys = await open(async (ring) => {
    onDisk.push(ring.current.publicKey);
  });
  const before = keys.ring.current;
  const publicKey = await keys.rotate(CHANGE);
  expect(onDisk).toEqual([publicKey]);
  expect(keys.ring.current.publicKey).toBe(publicKey);
  expect(keys.ring.previous).toEqual([before]);
  expect(keys.isKnown(before.publicKey)).toBe(true);
  expect(keys.isKnown('another')).toBe(false);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect((await readdir(dir)).filter((name) => name.startsWith('vapid-keys'))).toEqual(['vapid-keys.json']);
  expect((await open()).ring).toEqual(keys.ring);
});

test('nobody can subscribe with a new pair before it is signed with', async () => {
  const asked = Promise.withResolvers<VapidKeyRing>();
  const signed = Promise.withResolvers<void>();
  const keys = await open((ring) => {
    asked.resolve(ring);
    return signed.promise;
  });
  const before = keys.ring.current.publicKey;
  const rotating = keys.rotate(CHANGE);
  const next = (await asked.promise).current.publicKey;
  expect([keys.ring.current.publicKey, keys.isKnown(next)]).toEqual([before, false]);
  signed.resolve();
  expect(await rotating).toBe(next);
  expect([keys.ring.current.publicKey, keys.isKnown(before)]).toEqual([next, true]);
});

test('what a crash left of a draft is passed over, and the file is whole', async () => {
  const keys = await open();
  await writeFile(`${file()}.0123456789ab`, '{"current":');
  expect((await open()).ring).toEqual(keys.ring);
});

test('an earlier pair is kept as long as a live subscription was made with it', async () => {
  const keys = await open();
  const first = keys.ring.current.publicKey;
  await subscribe('s1', first);
  const second = await keys.rotate(CHANGE);
  const third = await keys.rotate(CHANGE);
  const previous = () => keys.ring.previous.map(({ publicKey }) => publicKey);
  // Nobody subscribed with the second one yet, and a page may be about to.
  expect(previous()).toEqual([second, first]);
  await keys.dropUnused();
  expect(previous()).toEqual([first]);
  await db.updateTable('push_subscriptions').set({ gone_at: 9 }).execute();
  await keys.dropUnused();
  expect(previous()).toEqual([]);
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual(keys.ring);
  expect(keys.ring.current.publicKey).toBe(third);
});

test('replacements asked for at once follow each other, and none is lost', async () => {
  const keys = await open();
  const first = keys.ring.current.publicKey;
  await subscribe('s0', first);
  const made = await Promise.all(Array.from({ length: 5 }, () => keys.rotate(CHANGE)));
  expect(new Set(made).size).toBe(5);
  expect(keys.ring.current.publicKey).toBe(made.at(-1));
  expect((await loadOrCreateVapidKeys(dir)).current.publicKey).toBe(made.at(-1));
});

test('no replacement is without an entry, wherever it is cut short; what came of it is said at the next start', async () => {
  const entries = async () => {
    const { items } = await listAudit(db, { action: 'push-key' }, { limit: 10 });
    return items.map(({ action, subject, actor, at }) => ({ action, subject, actor, at })).reverse();
  };
  const told = (action: string, subject: string) => ({ action: `push-key.${action}`, subject, ...CHANGE });

  // Before the new pair is on the disk: its draft can't be put in the place of a folder.
  const keys = await open();
  const first = keys.ring.current.publicKey;
  await rename(file(), `${file()}.kept`);
  await mkdir(join(file(), 'in-the-way'), { recursive: true });
  await expect(keys.rotate(CHANGE)).rejects.toMatchObject({ code: 'data_dir_unwritable' });
  expect(keys.ring.current.publicKey).toBe(first);
  await rm(file(), { recursive: true });
  await rename(`${file()}.kept`, file());
  const [intended] = await entries();
  expect(await entries()).toEqual([told('rotating', intended?.subject ?? '')]);
  expect((await open()).ring.current.publicKey).toBe(first);
  expect(await entries()).toHaveLength(1);

  // As soon as it is.
  const dying = await open(async () => {
    throw new Error('killed');
  });
  await expect(dying.rotate(CHANGE)).rejects.toThrow('killed');
  const second = (await loadOrCreateVapidKeys(dir)).current.publicKey;
  expect(second).not.toBe(first);
  expect((await entries()).slice(1)).toEqual([told('rotating', second)]);
  await open();
  await open();
  expect((await entries()).slice(1)).toEqual([told('rotating', second), told('rotated', second)]);
});

test('so many earlier pairs in use are refused, and nothing changes', async () => {
  const keys = await open();
  for (let count = 0; count < 20; count += 1) {
    await subscribe(`s${count}`, keys.ring.current.publicKey);
    await keys.rotate(CHANGE);
  }
  await subscribe('last', keys.ring.current.publicKey);
  const before = keys.ring;
  await expect(keys.rotate(CHANGE)).rejects.toMatchObject({ code: 'too_many' });
  expect(keys.ring).toEqual(before);
});

test('the running thread signs for each browser with the pair that it subscribed with', async () => {
  const world = await createOutboxWorld();
  const delivery = deliveryOf(world, pino({ level: 'silent' }));
  try {
    await delivery.start();
    delivery.beginSending('https://offers.example');
    await world.addBrowser();
    const next = webPush.generateVAPIDKeys();
    await delivery.replaceVapidKeys({ current: next, previous: [world.vapidKeys] });
    const received: unknown[] = [];
    const browser = createSubscriber({
      connection: world.connection,
      applicationServerKey: next.publicKey,
      onPayload: (payload) => received.push(payload),
    });
    const { endpoint, keys } = await browser.subscribe();
    const row = subscriptionRow('anna', NOON, { id: 'new', vapidKey: next.publicKey, endpoint, ...keys });
    await world.db.insertInto('push_subscriptions').values(row).execute();
    // This push service refuses what is signed with another key than the browser subscribed with.
    await world.queue();
    delivery.wake();
    const told = async () => ({
      read: [world.received.length, received.length],
      by: await delivery.services(),
    });
    await expect.poll(told).toMatchObject({ read: [1, 1] });

    // A trial goes the same way, and leaves nothing.
    const target = { endpoint, ...keys, vapidKey: next.publicKey };
    const offer = { title: 'Try', body: 'me' };
    expect(await delivery.trial({ target, offer })).toEqual({ outcome: 'sent' });
    await expect.poll(() => received.length).toBe(2);
    expect(received[1]).toMatchObject({
      notification: { title: 'Try', data: { id: expect.stringMatching(/^trial-/) } },
    });
    expect(JSON.stringify(received[1])).not.toContain('token');
    expect(await world.db.selectFrom('deliveries').select('id').execute()).toHaveLength(1);

    await delivery.replaceVapidKeys({ current: next, previous: [] });
    const last = await world.queue();
    delivery.wake();
    await expect.poll(() => world.state(last)).toBe('sent');
    const gone = await world.db
      .selectFrom('push_subscriptions')
      .select('id')
      .where('gone_at', 'is not', null)
      .execute();
    expect(gone).toHaveLength(1);
    expect(await delivery.services()).toMatchObject([{ origin: world.origin, sent: 4, refused: [] }]);
  } finally {
    await delivery.stop();
    await world.stop();
  }
});

test('what a service refuses for good is told to the operator once a minute, and counted', async () => {
  const world = await createOutboxWorld();
  const lines: string[] = [];
  const delivery = deliveryOf(world, pino({}, { write: (line: string) => lines.push(line) }));
  try {
    await world.addBrowser();
    await delivery.start();
    delivery.beginSending('https://offers.example');
    for (let count = 0; count < 3; count += 1) world.service.faults.plan({ kind: 'status', status: 413 });
    const ids = await Promise.all([world.queue(), world.queue(), world.queue()]);
    delivery.wake();
    await expect
      .poll(async () => Promise.all(ids.map((id) => world.state(id))))
      .toEqual(['failed', 'failed', 'failed']);
    expect(await delivery.services()).toMatchObject([
      { origin: world.origin, sent: 0, refused: [{ status: 413, count: 3 }] },
    ]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, service: world.origin, status: 413 },
    ]);
  } finally {
    await delivery.stop();
    await world.stop();
  }
});
