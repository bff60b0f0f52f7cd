import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Insertable, Kysely, Selectable } from 'kysely';
import webPush from 'web-push';
import {
  createPushConnection,
  type PushConnection,
} from '../../../devices-sim/push-service/push-connection.ts';
import {
  createPushService,
  type PushEvent,
  type PushService,
} from '../../../devices-sim/push-service/push-service.ts';
import { createSubscriber, type Subscriber } from '../../../devices-sim/push-service/subscriber.ts';
import { createOutboxStore, type OutboxStore } from '../../../gateway/delivery/outbox-store.ts';
import type { PushPayload } from '../../../gateway/delivery/push-payload.ts';
import { recordResultsInto } from '../../../gateway/delivery/results.ts';
import { ruleNeedsFrom } from '../../../gateway/delivery/rule-needs.ts';
import type { VapidKeys } from '../../../gateway/delivery/vapid-keys.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import {
  type BrowserAddress,
  openedAddress,
  sealedAddress,
} from '../../../gateway/records/push-subscriptions.ts';
import type { DeliveryState, RuleState, Schema } from '../../../gateway/records/schema.ts';
import { subscriptionRow, TEST_SEAL } from '../../support/push-subscription.ts';

/** Noon in Rome on a day in summer: outside everybody's quiet hours. */
export const NOON = Date.parse('2026-06-01T10:00:00Z');
export const RECEIPT_KEY = Buffer.alloc(32, 7);

/**
 * Records with one consumer ("anna", who agreed to location offers), one place, one rule; a push service, and browsers that
 * note what they can read.
 */
export interface OutboxWorld {
  readonly recordsFile: string;
  readonly db: Kysely<Schema>;
  readonly vapidKeys: VapidKeys;
  readonly service: PushService;
  readonly origin: string;
  readonly connection: PushConnection;
  readonly events: readonly PushEvent[];
  /** Payloads in the order in which browsers read them, with repetitions. */
  readonly received: readonly PushPayload[];
  /** Somebody beside anna. */
  addConsumer(id: string): Promise<void>;
  /** Another browser of anna's, or of somebody else. */
  addBrowser(consumer?: string): Promise<Subscriber>;
  /** Changes where every browser is reached. */
  readdress(change: (address: BrowserAddress) => Partial<BrowserAddress>): Promise<void>;
  queue(delivery?: Partial<Insertable<Schema['deliveries']>>): Promise<string>;
  row(id: string): Promise<Selectable<Schema['deliveries']>>;
  state(id: string): Promise<DeliveryState>;
  setRule(state: RuleState, limits?: object): Promise<void>;
  stop(): Promise<void>;
}

/** The outbox of a world. */
export function storeOf({ db }: Pick<OutboxWorld, 'db'>): OutboxStore {
  const sources = { db, seal: TEST_SEAL, ruleNeeds: ruleNeedsFrom(db), realNow: Date.now };
  return createOutboxStore(sources, recordResultsInto(db));
}

export async function createOutboxWorld(
  onEvent: (event: PushEvent) => void = () => undefined,
): Promise<OutboxWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-outbox-'));
  const recordsFile = join(dir, 'wayside.db');
  const db = openRecords(recordsFile);
  await migrate(db);
  const vapidKeys = webPush.generateVAPIDKeys();
  const events: PushEvent[] = [];
  const received: PushPayload[] = [];
  const service = createPushService({
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    onEvent: (event) => {
      events.push(event);
      onEvent(event);
    },
  });
  const { origin, webSocketUrl } = await service.start();
  const connection = createPushConnection({ url: webSocketUrl, reconnectAfterMs: 20 });
  await connection.start();

  await addConsumer(db, 'anna');
  const feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [9.19, 45.46] },
    properties: { name: 'Cafe', radiusMetres: 50, timezone: 'Asia/Tokyo' },
  };
  await db
    .insertInto('places')
    .values({ id: 'cafe', name: 'Cafe', feature_json: JSON.stringify(feature), updated_at: NOON })
    .execute();

  const world: OutboxWorld = {
    recordsFile,
    db,
    vapidKeys,
    service,
    origin,
    connection,
    events,
    received,
    addConsumer: (id) => addConsumer(db, id),
    async addBrowser(consumer = 'anna') {
      const browser = createSubscriber({
        connection,
        applicationServerKey: vapidKeys.publicKey,
        onPayload: (payload) => received.push(payload as PushPayload),
      });
      const { endpoint, keys } = await browser.subscribe();
      await db
        .insertInto('push_subscriptions')
        .values(
          subscriptionRow(consumer, NOON, {
            id: randomUUID(),
            vapidKey: vapidKeys.publicKey,
            endpoint,
            ...keys,
          }),
        )
        .execute();
      return browser;
    },
    async readdress(change) {
      const rows = await db.selectFrom('push_subscriptions').select(['id', 'sealed']).execute();
      for (const { id, sealed } of rows) {
        const address = openedAddress(TEST_SEAL, sealed);
        await db
          .updateTable('push_subscriptions')
          .set(sealedAddress(TEST_SEAL, { ...address, ...change(address) }))
          .where('id', '=', id)
          .execute();
      }
    },
    async queue(delivery = {}) {
      const id = randomUUID();
      const decision = await db
        .insertInto('decisions')
        .values({
          id: Math.floor(Math.random() * 2 ** 48),
          at: NOON,
          rule: 'coffee',
          rule_version: 1,
          consumer: 'anna',
          device: 'phone-1',
          place: 'cafe',
          visit: 'v1',
          cause: id,
          outcome: 'sent',
          reason: null,
          detail: 'entered Cafe',
          delivery_id: id,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await db
        .insertInto('deliveries')
        .values({
          id,
          delivery_key: id,
          decision_id: decision.id,
          rule: 'coffee',
          consumer: 'anna',
          channel: 'web-push',
          state: 'queued',
          attempts: 0,
          offer_json: JSON.stringify({ title: 'Coffee', body: 'Half price', expiresAt: NOON + 600_000 }),
          created_at: NOON,
          next_attempt_at: 0,
          expires_at_real: Date.now() + 600_000,
          sent_at: null,
          delivered_at: null,
          shown_at: null,
          clicked_at: null,
          dismissed_at: null,
          reason: null,
          ...delivery,
        })
        .execute();
      return id;
    },
    row: (id) => db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    state: async (id) => (await world.row(id)).state,
    async setRule(state, limits) {
      const document = {
        id: 'coffee',
        trigger: { place: { id: 'cafe' }, on: 'enter' },
        ...(limits === undefined ? {} : { limits }),
        offer: { title: 'Coffee', body: 'Half price', expires: 'PT10M' },
      };
      const row = {
        id: 'coffee',
        version: 1,
        state,
        document_json: JSON.stringify(document),
        updated_at: NOON,
      };
      await db
        .insertInto('rules')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async stop() {
      await connection.stop();
      await service.stop();
      await db.destroy();
      await rm(dir, { recursive: true });
    },
  };
  await world.setRule('live');
  return world;
}

/** Who agreed to location offers, in Rome. */
async function addConsumer(db: Kysely<Schema>, id: string): Promise<void> {
  await db
    .insertInto('consumers')
    .values({
      id,
      attributes_json: '{}',
      timezone: 'Europe/Rome',
      quiet_hours_json: '{"from":"21:00","to":"08:00"}',
      created_at: NOON,
    })
    .execute();
  await db
    .insertInto('consents')
    .values({ consumer_id: id, purpose: 'location_offers', granted: 1, source: 'test', at: NOON })
    .execute();
}
