import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as passed } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newWebhookSecret } from '../../../gateway/delivery/channels/standard-webhooks.ts';
import { topicOf } from '../../../gateway/delivery/push-request.ts';
import type { DeliveryChannel } from '../../../gateway/records/schema.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';
import { readMail, startSmtp, type TestSmtp } from '../../support/smtp.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';
import type { KilledOutboxSettings } from './killed-outbox.ts';
import { createOutboxWorld, NOON, type OutboxWorld, RECEIPT_KEY } from './outbox-world.ts';

let world: OutboxWorld;
let smtp: TestSmtp;
let receiver: WebhookReceiver;
/** The one that runs now: where a test ends by its time, it must not go on without records. */
let child: ChildProcess | null = null;
beforeEach(async () => {
  world = await createOutboxWorld();
  smtp = await startSmtp();
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await receiver.stop();
  await smtp.stop();
  await world.stop();
});

const OFFERS = 60;
const KILLS = 12;

/** Starts an outbox of its own process; each kill comes so long after its first word. */
async function runAndKill(afterMs: number): Promise<void> {
  const settings: KilledOutboxSettings = {
    recordsFile: world.recordsFile,
    vapidKeys: world.vapidKeys,
    origins: [world.origin, receiver.origin],
    smtpUrl: smtp.url,
    receiptKeyBase64: RECEIPT_KEY.toString('base64'),
    domainNow: NOON,
  };
  const file = new URL('./killed-outbox.ts', import.meta.url).pathname;
  const started = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const exited = once(started, 'exit');
  await once(started.stdout, 'data');
  await passed(afterMs);
  started.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
}

/** People with one channel each, and so many offers for each of them. */
async function queueForAll(): Promise<ReadonlyMap<DeliveryChannel, readonly string[]>> {
  await world.addBrowser();
  await world.db
    .insertInto('webhooks')
    .values({
      id: 'crm',
      url: `${receiver.origin}/in`,
      sealed_secret: TEST_SEAL.seal(newWebhookSecret()),
      updated_at: NOON,
    })
    .execute();
  const person = {
    attributes_json: '{}',
    timezone: 'Europe/Rome',
    quiet_hours_json: 'null',
    created_at: NOON,
  };
  await world.db
    .insertInto('consumers')
    .values([
      { ...person, id: 'wanda', webhook: 'crm' },
      { ...person, id: 'mia', email: 'mia@example.org' },
      { ...person, id: 'ines' },
    ])
    .execute();
  const consent = { purpose: 'location_offers', granted: 1, source: 'test', at: NOON } as const;
  await world.db
    .insertInto('consents')
    .values(['wanda', 'mia', 'ines'].map((consumer_id) => ({ ...consent, consumer_id })))
    .execute();
  await world.db
    .insertInto('passkeys')
    .values({
      id: 'key',
      consumer_id: 'ines',
      user_handle: 'x',
      public_key: Buffer.of(1),
      counter: 0,
      transports_json: '[]',
      backed_up: 0,
      name: 'x',
      created_at: 0,
      last_used_at: null,
    })
    .execute();
  const of = async (consumer: string) =>
    Promise.all(Array.from({ length: OFFERS }, () => world.queue({ consumer })));
  return new Map<DeliveryChannel, readonly string[]>([
    ['web-push', await of('anna')],
    ['webhook', await of('wanda')],
    ['email', await of('mia')],
    ['inbox', await of('ines')],
  ]);
}

test('killed again and again at any moment: each offer goes out, by its channel, and a repetition has the same name', async () => {
  const queued = await queueForAll();
  const waiting = async () =>
    (await world.db.selectFrom('deliveries').select('id').where('state', '!=', 'sent').execute()).length;
  // Kills fall from before the first sending to after the last, in steps that no sending is in time with.
  for (let kill = 0; kill < KILLS && (await waiting()) > 0; kill += 1) await runAndKill((kill * 17) % 101);
  for (let more = 0; more < 20 && (await waiting()) > 0; more += 1) await runAndKill(500);
  expect(await waiting()).toBe(0);

  const rows = await world.db.selectFrom('deliveries').select(['id', 'channel', 'attempts']).execute();
  for (const [channel, ids] of queued) {
    const sent = rows.filter((row) => row.channel === channel).map(({ id }) => id);
    expect(sent.sort(), channel).toEqual([...ids].sort());
  }
  expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);

  const names = new Map<DeliveryChannel, readonly string[]>([
    ['web-push', world.events.flatMap((event) => (event.kind === 'message' ? [event.topic ?? ''] : []))],
    ['webhook', receiver.received.map(({ headers }) => String(headers['webhook-id']))],
    ['email', smtp.received.map(({ raw }) => readMail(raw).headers.get('message-id') ?? '')],
  ]);
  const nameOf: Partial<Record<DeliveryChannel, (id: string) => string>> = {
    'web-push': topicOf,
    webhook: (id) => id,
    email: (id) => `<${id}@shop.example>`,
  };
  let repetitions = 0;
  for (const [channel, given] of names) {
    const expected = (queued.get(channel) ?? []).map((id) => nameOf[channel]?.(id) ?? '');
    expect(new Set(given), channel).toEqual(new Set(expected));
    repetitions += given.length - expected.length;
  }
  // Else no kill fell between a sending and its record, and this has shown nothing.
  expect(repetitions).toBeGreaterThan(0);
}, 120_000);
