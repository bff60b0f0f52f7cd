import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createBacktests } from '../../../gateway/backtest/jobs.ts';
import { createBackups } from '../../../gateway/backup/backups.ts';
import { isAllowedPushEndpoint } from '../../../gateway/delivery/push-hosts.ts';
import { openPushKeys, type PushKeys } from '../../../gateway/delivery/push-keys.ts';
import type { ServiceReport } from '../../../gateway/delivery/services.ts';
import type { TrialPush } from '../../../gateway/delivery/trial-push.ts';
import { Downlink } from '../../../gateway/downlink/downlink.ts';
import { createErasure } from '../../../gateway/erasure/erasure.ts';
import type {
  HttpDependencies,
  LiveEvent,
  PartHealth,
  RecordsChange,
} from '../../../gateway/http/dependencies.ts';
import { createHttpServer } from '../../../gateway/http/server.ts';
import type { JournalEntry } from '../../../gateway/journal/journal.ts';
import type { Mailer } from '../../../gateway/mail/mailer.ts';
import { ensureDeviceTypes } from '../../../gateway/records/device-types.ts';
import { MIGRATION_NAMES, migrate } from '../../../gateway/records/migrate.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { openRecordsThread } from '../../../gateway/records/thread.ts';
import { ensureAdmin } from '../../../gateway/records/users.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import { serveScan } from '../../../gateway/telemetry/scan-port.ts';
import type { TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';
import { TEST_SEAL } from '../../support/push-subscription.ts';

/** Totals of a delivery that has done nothing yet. */
const NOTHING_SENT = { sent: 0, retried: 0, gone: 0, failed: 0, expired: 0, withdrawn: 0 };

export const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789';
export const NOW = 1_763_756_400_000;
export const RECEIPT_KEY = new Uint8Array(32).fill(7);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape, and fail where it is not as expected
  readonly body: any;
}

export interface CallOptions {
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly cookie?: string;
  /** Null for none; the admin's by default, unless there is a cookie. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP side on a free port, with records and a telemetry store of its own; engine and broker are the test's. */
export interface TestServer {
  readonly url: string;
  readonly db: Kysely<Schema>;
  readonly telemetry: TelemetryStore;
  readonly dataDir: string;
  readonly changes: RecordsChange[];
  readonly disconnected: string[];
  readonly resubmitted: readonly JournalEntry[];
  /** Stands for the engine, which takes what is resubmitted. */
  onResubmitted: (entry: JournalEntry) => Promise<void>;
  readonly logLines: string[];
  readonly mqttSockets: { readonly stream: Duplex; readonly address: string }[];
  readonly listeners: Set<(event: LiveEvent) => void>;
  readonly password: string;
  snapshot: LiveEvent[];
  health: Record<string, PartHealth>;
  /** What services that offers are handed to made of them. */
  services: readonly ServiceReport[];
  /** Key with which browsers subscribe. */
  readonly pushKeys: PushKeys;
  /** Trials that were sent. */
  readonly trials: readonly TrialPush[];
  /** Reasons for which everything that waited was withdrawn. */
  readonly withdrawn: readonly string[];
  /** Real time, which tests move by hand. */
  realNow: number;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startHttp(
  settings: {
    readonly publicUrl?: string;
    readonly mapStyle?: string;
    readonly mapOverlay?: string;
    readonly pages?: string;
    readonly httpPort?: number;
    readonly mailer?: Mailer;
  } = {},
): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wayside-http-'));
  const records = await openRecordsThread(join(dataDir, 'wayside.db'));
  await migrate(records.db);
  await ensureDeviceTypes(records.db);
  const passwordFile = await ensureAdmin(records.db, dataDir);
  const telemetry = createDuckDbStore({ file: join(dataDir, 'telemetry.duckdb') });
  await telemetry.start();
  const logLines: string[] = [];
  const state = {
    snapshot: [] as LiveEvent[],
    health: {} as Record<string, PartHealth>,
    services: [] as readonly ServiceReport[],
    realNow: NOW,
    onResubmitted: async (_: JournalEntry): Promise<void> => undefined,
  };
  const pushKeys = await openPushKeys(dataDir, records.db, async () => undefined);
  const trials: TrialPush[] = [];
  const withdrawn: string[] = [];
  const changes: RecordsChange[] = [];
  const disconnected: string[] = [];
  const resubmitted: JournalEntry[] = [];
  const mqttSockets: TestServer['mqttSockets'] = [];
  const listeners = new Set<(event: LiveEvent) => void>();
  const backtests = createBacktests({
    recordsFile: join(dataDir, 'wayside.db'),
    openScan() {
      const { port1, port2 } = new MessageChannel();
      serveScan(port1, telemetry);
      return port2;
    },
    mail: false,
    newId: randomUUID,
    realNow: () => state.realNow,
    log: pino({ level: 'silent' }),
  });
  const file = (name: string) => join(dataDir, name);
  const backups = createBackups({
    source: {
      files: {
        dir: dataDir,
        journal: file('journal.db'),
        records: file('wayside.db'),
        telemetry: file('telemetry.duckdb'),
        sessions: file('sessions.db'),
      },
      telemetry: 'duckdb',
      migrations: MIGRATION_NAMES,
      copyTelemetry: (copy) => telemetry.copyTo(copy),
      holdJournal: () => () => undefined,
      now: Date.now,
    },
    log: pino({ level: 'silent' }),
  });
  const deps: HttpDependencies = {
    config: {
      dataDir,
      host: '127.0.0.1',
      httpPort: settings.httpPort ?? 0,
      mqttPort: 0,
      tls: null,
      publicUrl: settings.publicUrl ?? null,
      adminToken: ADMIN_TOKEN,
      influx: null,
      bridge: null,
      journalMaxBytes: 1e9,
      journalKeepMs: 1e9,
      positionDays: 30,
      pushHosts: ['http://127.0.0.1:9999'],
      vapidSubject: 'mailto:tests@example.org',
      mail: null,
      mapStyle: settings.mapStyle ?? null,
      mapOverlay: settings.mapOverlay ?? null,
      timeScale: 60,
      timeStart: null,
    },
    log: pino({}, { write: (line: string) => logLines.push(line) }),
    clock: { now: () => NOW + 5, timeScale: 60 },
    realNow: () => state.realNow,
    records: records.db,
    telemetry,
    live: {
      snapshot: async () => state.snapshot,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      publish(event) {
        for (const listener of listeners) listener(event);
      },
    },
    changed: async (change) => {
      changes.push(change);
    },
    erasure: createErasure({
      db: records.db,
      ledger: { append: async () => 'digest' },
      finisher: {
        until: async () => ({ consumers: new Set(), devices: new Map(), isSwept: true }),
        resume: async () => undefined,
        stop: async () => undefined,
      },
      broker: { forget: async () => undefined, publish: async () => undefined },
      bridge: null,
      delivery: { recheck: async () => undefined },
      backtests,
      journal: { givenSeq: 0 },
      engine: { erase: async () => true },
    }),
    resubmit: async (entry) => {
      resubmitted.push(entry);
      await state.onResubmitted(entry);
    },
    connections: {
      disconnect: (id) => disconnected.push(id),
      disconnectFleet: (key) => disconnected.push(`fleet:${key}`),
      forget: async (id) => void disconnected.push(`forgotten:${id}`),
    },
    tokensChanged: async () => undefined,
    downlink: new Downlink({
      records: records.db,
      log: pino({ enabled: false }),
      realNow: () => state.realNow,
      now: () => NOW + 5,
      newId: () => crypto.randomUUID(),
      ways: { publish: async () => undefined, elsewhere: () => null },
      live: () => undefined,
    }),
    pushKeys,
    delivery: {
      trial: async (push) => {
        trials.push(push);
        return { outcome: 'sent' };
      },
      services: async () => state.services,
      counters: async () => ({ ...NOTHING_SENT, outboxSize: 3, oldestCreatedAt: 1_000 }),
      withdrawAll: async (reason) => void withdrawn.push(reason),
    },
    seal: TEST_SEAL,
    mailer: settings.mailer ?? null,
    receiptKey: RECEIPT_KEY,
    backtests,
    backups,
    cells: { between: async () => ({ cells: [], upTo: null }) },
    isAllowedPushEndpoint: (endpoint) => isAllowedPushEndpoint(endpoint, ['http://127.0.0.1:9999']),
    health: async () => state.health,
    metrics: new Registry(),
  };
  const server = createHttpServer(deps, {
    handleMqttWebSocket: (stream, address) => mqttSockets.push({ stream, address }),
    ...(settings.pages !== undefined && { pages: settings.pages }),
  });
  const release = async () => {
    await records.stop();
    await telemetry.stop();
    await rm(dataDir, { recursive: true });
  };
  const { httpPort } = await server.start().catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const url = `http://127.0.0.1:${httpPort}`;

  return Object.assign(state, {
    url,
    db: records.db,
    telemetry,
    dataDir,
    pushKeys,
    trials,
    withdrawn,
    changes,
    disconnected,
    resubmitted,
    logLines,
    mqttSockets,
    listeners,
    password: passwordFile === null ? '' : (await readFile(passwordFile, 'utf8')).trim(),
    async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
      const { body, cookie, contentType = 'application/json' } = options;
      const token =
        options.token === undefined && cookie === undefined ? ADMIN_TOKEN : (options.token ?? null);
      const answer = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(cookie !== undefined && { cookie }),
          ...(body !== undefined && { 'content-type': contentType }),
          ...options.headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = /json/.test(answer.headers.get('content-type') ?? '') && text !== '';
      return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
    },
    async stop() {
      await backtests.stop();
      await backups.stop();
      await server.stop();
      await release();
    },
  });
}

/** `name=value` of the cookie that an answer sets. */
export function cookieOf(answer: Answer): string {
  return (answer.headers.getSetCookie()[0] ?? '').split(';', 1)[0] ?? '';
}
