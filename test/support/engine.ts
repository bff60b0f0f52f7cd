import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely, KyselyPlugin } from 'kysely';
import { pino } from 'pino';
import type { Clock } from '../../gateway/clock.ts';
import { Engine } from '../../gateway/engine/engine.ts';
import { createLedger } from '../../gateway/engine/ledger.ts';
import { createRegistry } from '../../gateway/engine/registry.ts';
import { createSubjects } from '../../gateway/engine/subjects.ts';
import { createTelemetryWriter, type TelemetryWriter } from '../../gateway/engine/telemetry-writer.ts';
import type { RecordsChange } from '../../gateway/http/dependencies.ts';
import type { Journal, JournalEntry } from '../../gateway/journal/journal.ts';
import { createSqliteJournal } from '../../gateway/journal/sqlite-journal.ts';
import { createSqliteJournalReader } from '../../gateway/journal/sqlite-journal-reader.ts';
import { openCodeSource } from '../../gateway/records/code-source.ts';
import { ensureDeviceTypes } from '../../gateway/records/device-types.ts';
import { migrate } from '../../gateway/records/migrate.ts';
import { openRecords } from '../../gateway/records/open.ts';
import type { Schema } from '../../gateway/records/schema.ts';
import { createDuckDbStore } from '../../gateway/telemetry/duckdb-store.ts';
import type { ReadingPoint, TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';
import type { AdmittedReading } from '../../rules/step.ts';
import { subscriptionRow } from './push-subscription.ts';

/** A moment that all tests of the engine begin at. */
export const START = Date.UTC(2026, 4, 4, 12);

/** Journal, records, engine and DuckDB in this thread, on a temporary directory; the clock is set by hand. */
export interface EngineUnderTest {
  readonly dir: string;
  readonly db: Kysely<Schema>;
  readonly journal: Journal;
  readonly engine: Engine;
  readonly writer: TelemetryWriter;
  readonly clock: Clock & { set(now: number): void };
  /** Tells the engine of a change in the records, as the HTTP side does. */
  changed(change: RecordsChange): Promise<void>;
  /** Readings whose positions are told to the live stream, in order. */
  readonly shown: readonly AdmittedReading[];
  /** Journals one message of a device, as if it came now. */
  send(device: string, payload: unknown, over?: Partial<JournalEntry>): Promise<void>;
  /** What the telemetry store has of a device, once it has everything. */
  stored(device: string): Promise<readonly ReadingPoint[]>;
  /** Ends everything; the directory stays, for a next engine on it. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * @param options.wrap stands between the writer and the store, to make it fail
 * @param options.plugin sees every statement of the engine, once the records are there
 */
export async function startEngine(
  options: {
    readonly dir?: string;
    readonly wrap?: (store: TelemetryStore) => TelemetryStore;
    readonly plugin?: KyselyPlugin;
    /** The engine's batches are paced by it; the time of the clock where missing, so that each waits 50 ms for the next. */
    readonly realNow?: () => number;
  } = {},
): Promise<EngineUnderTest> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'wayside-engine-')));
  const files = {
    journal: join(dir, 'journal.db'),
    records: join(dir, 'wayside.db'),
    telemetry: join(dir, 'telemetry.duckdb'),
  };
  const log = pino({ level: 'silent' });
  let now = START;
  const clock = {
    timeScale: 1,
    now: () => now,
    set(at: number) {
      now = at;
    },
  };
  const opened = openRecords(files.records);
  await migrate(opened);
  await ensureDeviceTypes(opened);
  const db = options.plugin === undefined ? opened : opened.withPlugin(options.plugin);
  const journal = createSqliteJournal({ file: files.journal });
  await journal.start();
  const reader = createSqliteJournalReader({ file: files.journal });
  await reader.start();
  const catchUpReader = createSqliteJournalReader({ file: files.journal });
  await catchUpReader.start();
  const store = createDuckDbStore({ file: files.telemetry });
  const subjects = createSubjects(db);
  await subjects.start();
  const codes = openCodeSource(files.records);
  const ledger = createLedger(db, codes);
  await ledger.start();
  const registry = createRegistry(db, ledger, log, { mail: false, realNow: () => clock.now() });
  await registry.start();
  const writer = createTelemetryWriter({
    db,
    store: options.wrap?.(store) ?? store,
    reader: catchUpReader,
    registry,
    log,
    engineSeq: () => engine.seq,
    onRejected: async () => undefined,
  });
  const shown: AdmittedReading[] = [];
  let ids = 0;
  const engine = new Engine({
    db,
    registry,
    subjects,
    ledger,
    reader,
    writer,
    clock,
    realNow: options.realNow ?? (() => now),
    newId: () => `id-${now}-${++ids}`,
    log,
    onNews: ({ outcome }) => shown.push(...outcome.positions.values()),
  });
  await engine.start();
  await writer.start();
  const close = async () => {
    await engine.stop();
    await writer.stop();
    await reader.stop();
    await catchUpReader.stop();
    await journal.stop();
    codes.close();
    await db.destroy();
  };
  return {
    dir,
    db,
    journal,
    engine,
    writer,
    clock,
    shown,
    changed: (change) =>
      engine.between(async () => {
        (await registry.prepare(change))();
      }),
    async send(device, payload, over = {}) {
      const bytes = typeof payload === 'string' ? payload : JSON.stringify(payload);
      await journal.append({
        receivedAt: now,
        topic: `devices/${device}/telemetry`,
        userId: device,
        clientId: device,
        packetId: 1,
        qos: 1,
        dup: false,
        payload: new TextEncoder().encode(bytes),
        truncatedFrom: 0,
        span: bytes.startsWith('{') ? 1 : 1000,
        ...over,
      });
    },
    async stored(device) {
      const row = await db
        .selectFrom('devices')
        .select('device_key')
        .where('id', '=', device)
        .executeTakeFirstOrThrow();
      const page = await store.read({ deviceKey: row.device_key, limit: 100_000 });
      return page.points as readonly ReadingPoint[];
    },
    close,
    async remove() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A device that is linked to a consumer who agreed to everything and can be reached. */
export async function addPerson(
  db: Kysely<Schema>,
  consumer: string,
  devices: Readonly<Record<string, string>>,
): Promise<void> {
  await db
    .insertInto('consumers')
    .values({
      id: consumer,
      attributes_json: '{}',
      timezone: null,
      quiet_hours_json: 'null',
      created_at: START,
    })
    .execute();
  for (const purpose of ['location_offers', 'device_offers', 'health_offers'] as const) {
    await db
      .insertInto('consents')
      .values({ consumer_id: consumer, purpose, granted: 1, source: 'test', at: START })
      .execute();
  }
  await db.insertInto('push_subscriptions').values(subscriptionRow(consumer, START)).execute();
  for (const [id, type] of Object.entries(devices)) {
    await db
      .insertInto('devices')
      .values({
        id,
        device_key: `key-${id}`,
        type,
        consumer_id: consumer,
        token_hash: '',
        token_lookup: id,
        created_at: START,
      })
      .execute();
  }
}
