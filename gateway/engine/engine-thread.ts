import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { LimitedLog } from '../../broker/limited-log.ts';
import { domainClock } from '../clock.ts';
import { createSqliteJournalReader } from '../journal/sqlite-journal-reader.ts';
import { createLog } from '../log.ts';
import { openCodeSource } from '../records/code-source.ts';
import { unforgottenConsumers } from '../records/consumer-erasures.ts';
import { unforgottenDevices } from '../records/device-erasures.ts';
import { openRecords } from '../records/open.ts';
import { createDuckDbStore } from '../telemetry/duckdb-store.ts';
import { createInfluxStore } from '../telemetry/influx-store.ts';
import { serveScan } from '../telemetry/scan-port.ts';
import type { RejectedPoint } from '../telemetry/telemetry-store.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { Engine } from './engine.ts';
import type { EngineCalls, EngineListener, EngineSettings, ScanRequest } from './engine-calls.ts';
import { forgetConsumerState } from './forget-consumer.ts';
import { forgetDeviceState } from './forget-device.ts';
import { createLedger } from './ledger.ts';
import { createLivePositions } from './live-positions.ts';
import { tellNews } from './news.ts';
import { quarantineRefused } from './refused-points.ts';
import { createRegistry } from './registry.ts';
import { createSubjects } from './subjects.ts';
import { createTelemetryBacklog } from './telemetry-backlog.ts';
import { createTelemetryUpkeep } from './telemetry-upkeep.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';

/** Positions are told at most this often; a device that moves faster is seen in steps. */
const LIVE_EVERY_MS = 250;
/** Whoever erases is told whether it is done, as long as that does not take too long. */
const ANSWER_ERASURE_WITHIN_MS = 5_000;

const settings = workerData as EngineSettings;
const log = createLog();
const clock = domainClock(settings.clock, Date.now);
const db = openRecords(settings.recordsFile);
const reader = createSqliteJournalReader({ file: settings.journalFile });
const catchUpReader = createSqliteJournalReader({ file: settings.journalFile });
const backlogReader = createSqliteJournalReader({ file: settings.journalFile });
const readers = [reader, catchUpReader, backlogReader];
const store =
  settings.telemetry.kind === 'duckdb'
    ? createDuckDbStore({ file: settings.telemetry.file })
    : createInfluxStore(settings.telemetry);
const codes = openCodeSource(settings.recordsFile);
const ledger = createLedger(db, codes);
const registry = createRegistry(db, ledger, log, { mail: settings.mail, realNow: Date.now });
const subjects = createSubjects(db);
/** One change after the other. */
let changes: Promise<void> = Promise.resolve();
const positions = createLivePositions();
let liveTimer: NodeJS.Timeout | undefined;

const writer = createTelemetryWriter({
  db,
  store,
  reader: catchUpReader,
  registry,
  log,
  engineSeq: () => engine.seq,
  onRejected: async (rejected: readonly RejectedPoint[]) => {
    log.warn(
      { store: store.name, points: rejected.length, reason: rejected[0]?.message },
      'telemetry store refused readings for good; they are in quarantine',
    );
    await quarantineRefused(db, rejected, randomUUID);
  },
});

const backlogOf = createTelemetryBacklog(backlogReader, clock, Date.now);

// Service accounts may cause these as often as they like.
const limitedLog = new LimitedLog(Date.now);

const engine = new Engine({
  db,
  registry,
  subjects,
  ledger,
  reader,
  writer,
  clock,
  realNow: Date.now,
  newId: randomUUID,
  log,
  onNews: (news) => {
    if (news.outcome.counts.unknownDevice > 0)
      limitedLog.write(
        (fields, message) => log.warn(fields, message),
        'messages of devices that are not registered were passed over',
        { messages: news.outcome.counts.unknownDevice },
      );
    tellNews(news, listener, positions);
  },
});

const upkeep = createTelemetryUpkeep({
  db,
  store,
  writer,
  clock,
  realNow: Date.now,
  engineSeq: () => engine.seq,
  positionDays: settings.positionDays,
  log,
});

const calls: EngineCalls = {
  async start() {
    for (const one of readers) await one.start();
    await registry.start();
    await subjects.start();
    await ledger.start();
    for (const device of await unforgottenDevices(db))
      await forgetDeviceState({ db, subjects, positions }, device, await reader.lastSeq());
    for (const consumer of await unforgottenConsumers(db))
      await forgetConsumerState({ db, subjects, positions }, consumer);
    await engine.start();
    await writer.start();
    upkeep.start();
  },
  async stop() {
    clearInterval(liveTimer);
    await engine.stop();
    await upkeep.stop();
    await writer.stop();
    for (const one of readers) await one.stop();
    codes.close();
    await db.destroy();
  },
  drain: () => engine.drain(),
  catchUp: () => engine.catchUp(),
  changed(change) {
    const done = changes.then(async () => {
      const putInForce = await registry.prepare(change);
      await engine.between(async () => putInForce());
    });
    changes = done.catch(() => undefined); // whoever asked is told
    return done;
  },
  async erase({ devices, consumer }, upToSeq) {
    await engine.between(async () => {
      (await registry.prepare({ kind: 'devices', ids: devices.map(({ id }) => id) }))();
      engine.forget(devices.map(({ key }) => key));
      for (const device of devices) await forgetDeviceState({ db, subjects, positions }, device, upToSeq);
      if (consumer === null) return;
      (await registry.prepare({ kind: 'consumers', ids: [consumer] }))();
      await forgetConsumerState({ db, subjects, positions }, consumer);
    });
    // The tick that finds the timers of their person anew.
    engine.drain().catch((error: unknown) => log.error({ err: error }, 'timers after an erasure failed'));
    const gone = devices.map(({ key }) => upkeep.erased(key, ANSWER_ERASURE_WITHIN_MS));
    return (await Promise.all(gone)).every((one) => one);
  },
  read: (query) => store.read(query),
  oldestPosition: () => store.oldestPosition(),
  copyTelemetry: (file) => store.copyTo(file),
  watch(on) {
    clearInterval(liveTimer);
    if (!on) return;
    liveTimer = setInterval(() => {
      const events = positions.takeChanged();
      if (events.length > 0) listener.live(events);
    }, LIVE_EVERY_MS);
  },
  snapshot: () => positions.snapshot(clock.now()),
  async status() {
    const journalSeq = await reader.lastSeq();
    return {
      journalSeq,
      engineSeq: engine.seq,
      telemetrySeq: writer.storedSeq,
      telemetryStore: store.name,
      counts: engine.counts,
      ...registry.size,
      engineTrouble: engine.trouble,
      telemetryTrouble: writer.trouble,
      telemetryBacklog: await backlogOf(writer.storedSeq, journalSeq),
      telemetryRefused: writer.refused,
      telemetryMemoryBytes: await store.memoryBytes(),
    };
  },
};

const listener = serveFromWorker<EngineListener, EngineCalls>(calls);

// Calls come this way too, and have no kind.
parentPort?.on('message', (message: ScanRequest | { readonly kind?: undefined }) => {
  if (message.kind === 'scan') serveScan(message.port, store);
});
