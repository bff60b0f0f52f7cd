import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createBroker } from '../broker/broker.ts';
import { DIALECTS } from '../broker/dialects.ts';
import { LimitedLog } from '../broker/limited-log.ts';
import type { Broker } from '../broker/ports.ts';
import { createBacktests } from './backtest/jobs.ts';
import { createBackups } from './backup/backups.ts';
import { createHold } from './backup/hold.ts';
import { keepRestoredConsents, quietRestored } from './backup/quiet-restored.ts';
import { finishRestoring } from './backup/restore-files.ts';
import { openBridge } from './bridge/open-bridge.ts';
import { toDeviceBy } from './bridge/to-device.ts';
import { createCells } from './cells/cells.ts';
import { type ClockOrigin, domainClock } from './clock.ts';
import type { Config } from './config.ts';
import { takeDataDir } from './data-dir.ts';
import { createDelivery, type Delivery } from './delivery/delivery-client.ts';
import { isAllowedPushEndpoint } from './delivery/push-hosts.ts';
import { openPushKeys } from './delivery/push-keys.ts';
import { loadOrCreateReceiptKey } from './delivery/receipt-token.ts';
import { tellEngine } from './delivery/tell-engine.ts';
import { answerDialects } from './downlink/answer-dialects.ts';
import { Downlink } from './downlink/downlink.ts';
import { toldTogether } from './downlink/link-listeners.ts';
import { ThingsBoard } from './downlink/thingsboard.ts';
import { thingsBoardForm } from './downlink/thingsboard-form.ts';
import { tellDevices } from './engine/device-errors.ts';
import { createEngineClient, type EngineClient } from './engine/engine-client.ts';
import { createErasure } from './erasure/erasure.ts';
import { createFinisher } from './erasure/finish.ts';
import { openLedger } from './erasure/ledger.ts';
import { replayErasures } from './erasure/replay.ts';
import { firstContact } from './first-contact.ts';
import type { RecordsChange } from './http/dependencies.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { giveMemoryBack } from './idle-memory.ts';
import { createSqliteJournal } from './journal/sqlite-journal.ts';
import { alignJournal, journalCursors } from './journal-cursors.ts';
import { trimJournal } from './journal-trim.ts';
import { createSmtpMailer } from './mail/smtp-mailer.ts';
import { deviceOfAliases } from './records/device-aliases.ts';
import { ensureDeviceTypes } from './records/device-types.ts';
import { rewriteWhereDue } from './records/erasure-marks.ts';
import { findUser, findUserNameByToken } from './records/logins.ts';
import { MIGRATION_NAMES, migrate } from './records/migrate.ts';
import { openMqttSessions } from './records/mqtt-sessions.ts';
import { createSeal, loadOrCreateRecordsKey } from './records/seal.ts';
import { sealEarlier } from './records/seal-subscriptions.ts';
import { openRecordsThread } from './records/thread.ts';
import { ensureAdmin } from './records/users.ts';
import { checkMapOverlay, listening } from './start-checks.ts';
import { statusOf } from './status.ts';
import { createTokenExpiry } from './token-expiry.ts';

export interface BoundPorts {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Where MQTT is spoken over TLS. */
  readonly mqttsPort?: number;
}

/** The whole gateway in one process. */
export interface App {
  /** @throws WaysideError where a part can't start; what had started is stopped again */
  start(): Promise<BoundPorts>;
  stop(): Promise<void>;
}

/**
 * Makes the parts and wires them; the order of `start` is the order in which they need each other, and `stop` goes back.
 *
 * @param onFailure called when a part dies while running: the process should leave, for acknowledged readings are on disk
 */
export function createApp(config: Config, log: Logger, onFailure: (error: Error) => void): App {
  /** What was started, so that it can be stopped in reverse. */
  const running: (() => Promise<void> | void)[] = [];

  async function startParts(): Promise<BoundPorts> {
    const realNow = Date.now;
    const clockOrigin: ClockOrigin = {
      domainStart: config.timeStart ?? realNow(),
      realStart: realNow(),
      timeScale: config.timeScale,
    };
    const clock = domainClock(clockOrigin, realNow);

    if (config.mapOverlay !== null) await checkMapOverlay(config.mapOverlay);
    running.push(giveMemoryBack());
    const dataDir = await takeDataDir(config.dataDir);
    running.push(() => dataDir.release());
    const { files } = dataDir;
    if (await finishRestoring(files.dir)) log.info('a restore that was cut short is finished');

    const records = await openRecordsThread(files.records, onFailure);
    running.push(() => records.stop());
    await migrate(records.db);
    await ensureDeviceTypes(records.db);
    const passwordFile = await ensureAdmin(records.db, files.dir);
    if (passwordFile !== null) log.info({ user: 'admin', passwordFile }, 'made the first user');
    const pushKeys = await openPushKeys(files.dir, records.db, (ring) => delivery.replaceVapidKeys(ring));
    const receiptKey = await loadOrCreateReceiptKey(files.dir);
    const recordsKey = await loadOrCreateRecordsKey(files.dir);
    const seal = createSeal(recordsKey);
    await sealEarlier(records.db, seal, pushKeys.ring.current.publicKey, log);
    await rewriteWhereDue(records.db, log);
    const ledger = await openLedger(files.dir);
    running.push(() => ledger.close());
    const replayed = await replayErasures(records.db, ledger, clock.now());
    if (replayed.consumers + replayed.devices > 0)
      log.info(replayed, 'erased again what a restore brought back');

    await keepRestoredConsents(records.db, files.dir, clock.now(), log);

    const journal = createSqliteJournal({
      file: files.journal,
      maxBytes: config.journalMaxBytes,
      onFailure,
    });
    const journalOpening = await journal.start();
    running.push(() => journal.stop());

    const sessions = await openMqttSessions(files.sessions, onFailure);
    running.push(() => sessions.stop());

    const delivery: Delivery = createDelivery({
      recordsFile: files.records,
      vapidKeys: pushKeys.ring,
      vapidSubject: config.vapidSubject,
      receiptKey,
      recordsKey,
      pushHosts: config.pushHosts,
      mail: config.mail,
      clockOrigin,
      realNow,
      log,
      onFailure,
    });

    const downlink = new Downlink({
      records: records.db,
      log,
      realNow,
      now: () => clock.now(),
      ways: {
        publish: (topic, payload, options) => broker.publish(topic, payload, options),
        elsewhere: (deviceId, topic, payload, options) =>
          bridge?.reaches(deviceId) ? bridge.publish(topic, payload, options) : null,
      },
      live: (event) => engine.live.publish(event),
      newId: randomUUID,
      forms: [thingsBoardForm],
    });
    const thingsBoard = new ThingsBoard({ records: records.db, log, downlink });

    /** Of devices, and of their names in dialects. */
    let registrations = 0;
    const tellEngineOf = (change: RecordsChange): Promise<void> => {
      if (change.kind === 'devices') registrations += 1;
      return engine.changed(change);
    };
    const broker: Broker = createBroker({
      host: config.host,
      port: config.mqttPort,
      tls: config.tls,
      log,
      now: () => clock.now(),
      realNow,
      findUser: (name) => findUser(records.db, name, realNow()),
      findByAliases: (aliases) => deviceOfAliases(records.db, aliases),
      registrations: () => registrations,
      isRefusing: () => journal.trouble !== null,
      findUserByToken: (token) => findUserNameByToken(records.db, token, realNow()),
      ...firstContact(
        records.db,
        { now: () => clock.now(), realNow },
        (id) => tellEngineOf({ kind: 'devices', ids: [id] }),
        (id) => broker.disconnect(id, ({ kind }) => kind === 'fleet-key'),
      ),
      accept: (message) => journal.append(message),
      sessions: sessions.map,
      links: toldTogether(downlink, thingsBoard),
      answerInDialect: (message) => thingsBoard.take(message),
      answer: (answer) => downlink.answer(answer),
      giveCommand: (command) => downlink.commandArrived(command),
    });

    const bridge = await openBridge(config.bridge, files.dir, {
      log,
      records: records.db,
      now: () => clock.now(),
      realNow,
      random: Math.random,
      registrations: () => registrations,
      mayTalk: async (id) => (await findUser(records.db, id, realNow()))?.principal.kind === 'device',
      accept: (message) => journal.append(message),
      answer: (answer) => downlink.answer(answer),
      reached: (id) => downlink.reachedElsewhere(id),
      pendingBytes: () => journal.pendingBytes,
      isRefusing: () => journal.trouble !== null,
    });
    const toDevice = toDeviceBy(broker, bridge);
    // Devices cause these as often as they like.
    const limitedLog = new LimitedLog(realNow);
    const warn = (message: string, fields: object) =>
      limitedLog.write((all, text) => log.warn(all, text), message, fields);

    const engine: EngineClient = createEngineClient({
      settings: {
        journalFile: files.journal,
        recordsFile: files.records,
        telemetry:
          config.influx === null
            ? { kind: 'duckdb', file: files.telemetry }
            : { kind: 'influx', ...config.influx },
        clock: clockOrigin,
        positionDays: config.positionDays,
        mail: config.mail !== null,
      },
      log,
      onDeviceErrors: (errors) => tellDevices(toDevice, errors, warn),
      onOutboxGrew: () => delivery.wake(),
      onRequests: (requests) => answerDialects(requests, { toDevice, downlink, log }),
      onFailure,
    });
    await engine.start();
    running.push(() => engine.stop());
    running.push(journal.onCommitted(() => engine.grew()));
    await alignJournal(journal, journalOpening, await journalCursors(records.db, engine), log);
    const trimHold = createHold();
    running.push(
      trimJournal({
        journal,
        engine,
        keepMs: config.journalKeepMs,
        hold: trimHold,
        now: () => clock.now(),
        log,
      }),
    );

    const backtests = createBacktests({
      recordsFile: files.records,
      openScan: () => engine.openScan(),
      mail: config.mail !== null,
      newId: randomUUID,
      realNow,
      log,
    });
    running.push(() => backtests.stop());
    const backups = createBackups({
      source: {
        files,
        telemetry: config.influx === null ? 'duckdb' : 'influxdb',
        migrations: MIGRATION_NAMES,
        copyTelemetry: (copy) => engine.copyTelemetry(copy),
        holdJournal: () => trimHold.hold(),
        now: realNow,
      },
      log,
    });
    await backups.start();
    running.push(() => backups.stop());
    const cells = createCells({ records: records.db, engine, clock, realNow, log });
    cells.start();
    running.push(() => cells.stop());

    await quietRestored({ records: records.db, dir: files.dir, engine, now: () => clock.now(), log });
    await delivery.start();
    await pushKeys.dropUnused();
    running.push(() => delivery.stop());
    running.push(tellEngine(delivery, engine, log));

    await downlink.start();
    running.push(() => downlink.stop());
    thingsBoard.start();
    running.push(() => thingsBoard.stop());
    const { mqttPort, mqttsPort } = await listening(
      {
        WAYSIDE_MQTT_PORT: config.mqttPort,
        ...(config.tls !== null && { WAYSIDE_MQTTS_PORT: config.tls.port }),
      },
      broker.start(),
    );
    running.push(() => broker.stop());
    for (const { greeting } of DIALECTS) {
      const said = greeting?.(realNow());
      if (said !== undefined) await broker.publish(said.topic, said.payload, { qos: 1, retain: true });
    }
    const tokenExpiry = createTokenExpiry(
      records.db,
      realNow,
      (userId, hash) => broker.disconnect(userId, (used) => used.kind === 'token' && used.hash === hash),
      log,
    );
    await tokenExpiry.start();
    running.push(() => tokenExpiry.stop());
    if (bridge !== null) {
      await bridge.start();
      running.push(() => bridge.stop());
    }
    await downlink.waysAreOpen();
    const finisher = createFinisher({ db: records.db, sessions, journal, log, realNow });
    const elsewhere = { broker, bridge, delivery, backtests, journal, engine };
    const erasure = createErasure({ db: records.db, ledger, finisher, ...elsewhere });
    await erasure.start();
    running.push(() => erasure.stop());

    /** The rules first, so that nothing new is decided; what they had decided until then is in the outbox. */
    const changed = async (change: RecordsChange): Promise<void> => {
      await tellEngineOf(change);
      if (change.kind === 'consumers') await delivery.recheck(change.ids);
    };
    const mailer = config.mail === null ? null : createSmtpMailer(config.mail);
    running.push(() => mailer?.stop());
    const http: HttpServer = createHttpServer(
      {
        config,
        log,
        clock,
        realNow,
        records: records.db,
        telemetry: engine.telemetry,
        live: engine.live,
        changed,
        resubmit: (entry) => journal.append(entry),
        erasure,
        connections: broker,
        downlink,
        backtests,
        backups,
        cells,
        tokensChanged() {
          // Who was revoked may be in again.
          registrations += 1;
          return tokenExpiry.changed();
        },
        pushKeys,
        delivery,
        seal,
        receiptKey,
        mailer,
        isAllowedPushEndpoint: (endpoint) => isAllowedPushEndpoint(endpoint, config.pushHosts),
        ...statusOf({ engine, records, journal, broker, downlink, delivery, bridge }),
      },
      {
        handleMqttWebSocket: (stream, address) => broker.handleWebSocket(stream, address),
      },
    );
    const { httpPort } = await listening({ WAYSIDE_HTTP_PORT: config.httpPort }, http.start());
    running.push(() => http.stop());
    delivery.beginSending(config.publicUrl ?? `http://localhost:${httpPort}`);
    // First of all when it stops: who waits for a disk that takes nothing is not waited for.
    running.push(() => journal.giveUpOnTrouble());
    return { httpPort, mqttPort, ...(mqttsPort !== null && { mqttsPort }) };
  }

  async function stop(): Promise<void> {
    const errors: unknown[] = [];
    for (let part = running.pop(); part !== undefined; part = running.pop()) {
      try {
        await part();
      } catch (error) {
        // The others must be stopped all the same: the journal has to commit, the directory to be given back.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not every part could be stopped');
  }

  return {
    async start() {
      try {
        return await startParts();
      } catch (error) {
        await stop().catch((cause: unknown) => log.error({ err: cause }, 'stopping after a failed start'));
        throw error;
      }
    },
    stop,
  };
}
