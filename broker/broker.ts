import type { Duplex } from 'node:stream';
import type { PublishPacket } from 'aedes';
import { Access } from './access.ts';
import { AnswerIntake } from './answer-intake.ts';
import type { Connection } from './connection.ts';
import { DirectSends } from './direct-sends.ts';
import { Entrance } from './entrance.ts';
import { Faults } from './faults.ts';
import { tellFirstToken } from './first-token.ts';
import { Gate } from './gate.ts';
import { HalfReceived } from './half-received.ts';
import { InFlight } from './in-flight.ts';
import { LimitedLog } from './limited-log.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { Links } from './links.ts';
import { Listeners } from './listeners.ts';
import { type IsMeant, Login } from './login.ts';
import { LoopPace, sleepThread } from './loop-pace.ts';
import { publishOldWills } from './old-wills.ts';
import { holdToRules } from './packet-rules.ts';
import { PeerPace } from './peer-pace.ts';
import { DurablePersistence } from './persistence/durable-persistence.ts';
import type { Broker, BrokerCounters, BrokerPorts } from './ports.ts';
import type { Credential } from './principal.ts';
import type { QuietAedes } from './quiet-aedes.ts';
import { SessionBounds } from './session-bounds.ts';
import { SessionEnds } from './session-ends.ts';
import { SessionExpiry } from './session-expiry.ts';
import { Sessions } from './sessions.ts';
import { SpokenFor } from './spoken-for.ts';
import { TAKEN, TelemetryIntake } from './telemetry-intake.ts';
import { isCommandTopic } from './topics.ts';
import { refuseUnfinished } from './unfinished-connect.ts';
import { wiredAedes } from './wired-aedes.ts';

/** The MQTT broker of the gateway. Nothing happens before `start`. */
export function createBroker(ports: BrokerPorts): Broker {
  return new AedesBroker(ports);
}

class AedesBroker implements Broker {
  readonly #ports: BrokerPorts;
  readonly #limits: BrokerLimits;
  readonly #log: LimitedLog;
  readonly #inFlight: InFlight;
  readonly #halfReceived: HalfReceived;
  readonly #pace: PeerPace;
  readonly #sessions: Sessions;
  readonly #listeners = new Listeners();
  readonly #login: Login;
  readonly #entrance: Entrance;
  readonly #intake: TelemetryIntake;
  readonly #access: Access;
  readonly #persistence: DurablePersistence;
  readonly #links: Links;
  readonly #faults: Faults;
  readonly #bounds: SessionBounds;
  readonly #aedes: QuietAedes;
  readonly #ends: SessionEnds;
  readonly #expiry: SessionExpiry;
  readonly #gate: Gate;
  #dropped = 0;
  #expired = 0;

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
    this.#limits = { ...DEFAULT_LIMITS, ...ports.limits };
    this.#log = new LimitedLog(ports.realNow);
    this.#inFlight = new InFlight(this.#limits, () => ports.isRefusing?.() ?? false);
    this.#halfReceived = new HalfReceived(this.#limits.maxHalfReceivedBytes);
    this.#pace = new PeerPace(this.#limits, () => performance.now());
    this.#sessions = new Sessions(this.#limits.maxClientsPerUser);
    this.#login = new Login(ports, this.#sessions, this.#listeners, this.#log);
    const loopPace = new LoopPace({ monotonicNow: () => performance.now(), sleep: sleepThread });
    this.#intake = new TelemetryIntake(ports, this.#limits, this.#inFlight, loopPace, this.#log);
    const answers = new AnswerIntake(ports, this.#inFlight, (userId, why) =>
      this.#refusedCommand(userId, why),
    );
    const spokenFor = new SpokenFor(ports, this.#inFlight);
    this.#access = new Access(this.#intake, answers, this.#listeners, this.#limits, spokenFor, (userId) =>
      this.#warn('subscription refused: a topic that the user may not use, or too many of them', { userId }),
    );
    const sends = new DirectSends();
    const ownerOf = (clientId: string) => this.#sessions.find(clientId)?.userId;
    this.#links = new Links(ports.realNow, sends, ownerOf, ports.links);
    this.#faults = new Faults(this.#links, (message, fields) => this.#warn(message, fields));
    this.#persistence = new DurablePersistence({
      map: ports.sessions,
      onTrouble: (err) => this.#warn('sessions could not be written; it is tried again', { err }),
      ownerOf,
      // Telemetry that comes again after a restart is known by the engine; a command by its packet id alone.
      isKeptElsewhere: ({ payload, topic }) => payload === TAKEN && !isCommandTopic(topic),
      isDenied: (subscription) => this.#entrance.isDenied(subscription),
    });
    this.#entrance = new Entrance({
      login: this.#login,
      persistence: this.#persistence,
      links: this.#links,
      pace: this.#pace,
      intake: this.#intake,
      access: this.#access,
      forgetSession: (clientId) => this.#aedes.forgetSession(clientId),
      onUnexpected: (what, error) => this.#unexpected(what, error),
    });
    this.#bounds = new SessionBounds(this.#limits, {
      onReleased: (clientId, packetId) => this.#sessions.find(clientId)?.unreleased.delete(packetId),
      onDropped: (clientId) => {
        this.#dropped += 1;
        this.#warn('message dropped: too many wait for the session', { clientId });
      },
    });
    this.#aedes = wiredAedes({
      limits: this.#limits,
      persistence: this.#persistence,
      bounds: this.#bounds,
      sends,
      entrance: this.#entrance,
      access: this.#access,
      links: this.#links,
      faults: this.#faults,
      onSubscribed: (client, subscriptions) => {
        tellFirstToken(ports, client, subscriptions).catch((error: unknown) =>
          this.#unexpected('a device could not be told its token', error),
        );
      },
    });
    this.#ends = new SessionEnds({
      sessions: this.#sessions,
      listeners: this.#listeners,
      persistence: this.#persistence,
      aedes: this.#aedes,
    });
    this.#expiry = new SessionExpiry({
      realNow: ports.realNow,
      monotonicNow: ports.monotonicNow ?? (() => performance.now()),
      limits: this.#limits,
      lasting: () => this.#sessions.lasting(),
      isInTrouble: () => this.#persistence.trouble !== null,
      seen: (clientId, at) => this.#persistence.owners.seen(clientId, at),
      end: (session) => this.#ends.end(session),
      onEnded: (sessions) => {
        this.#expired += sessions;
        ports.log.info({ sessions }, 'sessions ended that nobody had connected to for too long');
      },
      onUnexpected: (error) => this.#unexpected('sessions that are over could not be ended', error),
    });
    this.#gate = new Gate({
      host: ports.host,
      port: ports.port,
      tls: ports.tls ?? null,
      log: ports.log,
      limitedLog: this.#log,
      limits: this.#limits,
      pace: this.#pace,
      inFlight: this.#inFlight,
      halfReceived: this.#halfReceived,
      onOpened: (connection, source) => this.#opened(connection, source),
      onClosed: (connection) => {
        this.#links.closed(connection);
        this.#login.left(connection);
      },
    });
  }

  async start(): Promise<{ readonly mqttPort: number; readonly mqttsPort: number | null }> {
    await this.#aedes.listen();
    this.#links.start();
    try {
      await this.#restore();
      this.#gate.open();
      const ports = await this.#gate.listen();
      this.#expiry.start();
      return ports;
    } catch (error) {
      await this.#gate.close();
      await this.#closeAedes();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = this.#gate.close();
    await this.#expiry.stop();
    for (const connection of this.#gate.all()) this.#links.closing(connection, 'closed');
    await this.#closeAedes();
    for (const connection of this.#gate.all()) connection.destroy();
    await closed;
    await this.#intake.settled();
    await this.#persistence.close();
  }

  handleWebSocket(stream: Duplex, address = ''): void {
    this.#gate.receive(stream, address);
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const packet: PublishPacket = {
      cmd: 'publish',
      topic,
      payload: typeof payload === 'string' ? payload : Buffer.from(payload),
      qos: options.qos ?? 0,
      retain: options.retain ?? false,
      dup: false,
    };
    if (this.#aedes.closed) reject(new Error('the broker is not running'));
    else this.#aedes.publish(packet, (error) => (error instanceof Error ? reject(error) : resolve()));
    return promise;
  }

  disconnect(userId: string, having: (credential: Credential) => boolean = () => true): void {
    this.#close((peer) => peer.userId === userId && having(peer.credential));
  }

  disconnectFleet(fleetKey: string): void {
    this.#close(({ credential }) => credential.kind === 'fleet-key' && credential.id === fleetKey);
  }

  sessionTrouble(): string | null {
    return this.#persistence.trouble;
  }

  counters(): BrokerCounters {
    return {
      connections: this.#gate.size,
      ...this.#intake.counters(),
      failedLogins: this.#login.failures,
      dropped: this.#dropped,
      lastingSessions: this.#sessions.lastingCount,
      expiredSessions: this.#expired,
      missed: this.#access.missed,
      paced: this.#pace.paced,
      refusedConnections: this.#gate.refused,
      denied: this.#access.denied,
      faults: this.#faults.count,
      inFlightBytes: this.#inFlight.totalBytes,
      halfReceivedBytes: this.#halfReceived.totalBytes,
      paused: this.#inFlight.waiting,
    };
  }

  async forget(userId: string, aliases: readonly string[] = []): Promise<void> {
    for (const connection of this.#gate.of((peer) => peer.userId === userId)) connection.isForgotten = true;
    this.disconnect(userId);
    await this.#ends.endAllOf(userId, aliases);
  }

  #close(isMeant: IsMeant): void {
    this.#login.tookBack(isMeant);
    for (const connection of this.#gate.of(isMeant)) {
      this.#links.closing(connection, 'closed');
      connection.destroy();
    }
  }

  /** Takes up the sessions of an earlier process. */
  async #restore(): Promise<void> {
    const { owners, subscriptions, waiting, unreleased, wills } = await this.#persistence.restore();
    for (const [clientId, { userId, seenAt }] of owners) {
      const session = this.#sessions.restore(clientId, userId);
      session.seenAt = this.#expiry.restoredAt(seenAt);
      for (const filter of subscriptions.get(clientId) ?? []) this.#listeners.add(session.listening, filter);
    }
    const kept = Promise.resolve();
    for (const { clientId, packetId } of unreleased)
      this.#sessions.find(clientId)?.unreleased.set(packetId, kept);
    for (const [clientId, packets] of waiting) this.#bounds.restored(clientId, packets);
    await publishOldWills(wills, {
      ports: this.#ports,
      publish: ({ topic, payload, qos }) => this.publish(topic, payload, { qos }),
      done: (clientId) => this.#persistence.oldWillDone(clientId),
      refused: (userId, why) => this.#refusedCommand(userId, why),
      failed: (err) => this.#warn('the will of an earlier connection could not be published', { err }),
    });
  }

  async #closeAedes(): Promise<void> {
    this.#links.stop();
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
  }

  #opened(connection: Connection, source: Duplex): void {
    if (this.#aedes.closed) {
      connection.destroy();
      return;
    }
    const client = this.#aedes.handle(connection);
    holdToRules(client, this.#inFlight, () => this.#access.refused(client));
    refuseUnfinished(client, () => this.#persistence.takeBackWill(client));
    connection.open();
    source.on('data', () => this.#links.heard(connection));
  }

  #refusedCommand(userId: string, reason: string): void {
    this.#warn('a service account gave a command that is none', { userId, reason });
  }

  #unexpected(what: string, error: unknown): void {
    this.#log.write((fields, message) => this.#ports.log.error(fields, message), what, { err: error });
  }

  #warn(message: string, fields: object): void {
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
  }
}
