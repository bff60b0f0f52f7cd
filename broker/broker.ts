import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AuthenticateError, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { Access } from './access.ts';
import { AnswerIntake } from './answer-intake.ts';
import { Connection, connectionOf, type Peer } from './connection.ts';
import { DirectSends } from './direct-sends.ts';
import { ExpressLane } from './express-lane.ts';
import { tellFirstToken } from './first-token.ts';
import { HalfReceived } from './half-received.ts';
import { InFlight } from './in-flight.ts';
import { LimitedLog } from './limited-log.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { Links } from './links.ts';
import { Listeners } from './listeners.ts';
import { Login } from './login.ts';
import { publishOldWills } from './old-wills.ts';
import { holdToRules, violationOfConnect } from './packet-rules.ts';
import { PeerPace } from './peer-pace.ts';
import { DurablePersistence } from './persistence/durable-persistence.ts';
import type { Broker, BrokerCounters, BrokerPorts } from './ports.ts';
import type { Credential } from './principal.ts';
import { QuietAedes } from './quiet-aedes.ts';
import { SessionBounds } from './session-bounds.ts';
import { Sessions } from './sessions.ts';
import { TAKEN, TelemetryIntake } from './telemetry-intake.ts';
import { TlsListener, type TlsSettings } from './tls-listener.ts';
import { isCommandTopicOf } from './topics.ts';

/** Connections that may wait to be taken up: all devices come back at once after a power cut. Linux allows 4,096. */
const LISTEN_BACKLOG = 4096;

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
  readonly #intake: TelemetryIntake;
  readonly #access: Access;
  readonly #persistence: DurablePersistence;
  readonly #sends = new DirectSends();
  readonly #links: Links;
  /** Subscriptions that were refused, though Aedes stores them with those of their packet that were not. */
  readonly #denied = new WeakSet<object>();
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  readonly #tls: TlsListener | null;
  #aedes: QuietAedes | null = null;
  #faults = 0;
  #refusedConnections = 0;
  #dropped = 0;

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
    this.#limits = { ...DEFAULT_LIMITS, ...ports.limits };
    this.#log = new LimitedLog(ports.realNow);
    this.#inFlight = new InFlight(this.#limits, () => ports.isRefusing?.() ?? false);
    this.#halfReceived = new HalfReceived(this.#limits.maxHalfReceivedBytes);
    this.#pace = new PeerPace(this.#limits, () => performance.now());
    this.#sessions = new Sessions(this.#limits.maxClientsPerUser);
    this.#login = new Login(ports, this.#sessions, this.#listeners, this.#log);
    this.#intake = new TelemetryIntake(ports, this.#limits, this.#inFlight, this.#log);
    const answers = new AnswerIntake(ports, this.#inFlight, (userId, reason) =>
      this.#warn('a service account gave a command that is none', { userId, reason }),
    );
    this.#access = new Access(this.#intake, answers, this.#listeners, this.#limits, ports, (userId) =>
      this.#warn('subscription to a topic that the user may not use', { userId }),
    );
    this.#links = new Links(ports.realNow, this.#sends, ports.links);
    this.#persistence = new DurablePersistence({
      map: ports.sessions,
      onTrouble: (err) => this.#warn('sessions could not be written; it is tried again', { err }),
      ownerOf: (clientId) => this.#sessions.find(clientId)?.userId,
      isKeptElsewhere: (packet) => packet.payload === TAKEN,
      isDenied: (subscription) => this.#denied.has(subscription),
    });
    // Half open: what a device sent before it said goodbye is taken in before the connection is closed.
    this.#server = createServer(
      {
        noDelay: true,
        allowHalfOpen: true,
        keepAlive: true,
        keepAliveInitialDelay: this.#limits.tcpKeepAliveMs,
      },
      (socket) => this.#receive(socket, socket.remoteAddress ?? ''),
    );
    this.#tls = ports.tls == null ? null : this.#tlsListener(ports.tls);
  }

  async start(): Promise<{ readonly mqttPort: number; readonly mqttsPort: number | null }> {
    const bounds = new SessionBounds(this.#limits, {
      onReleased: (clientId, packetId) => this.#sessions.find(clientId)?.unreleased.delete(packetId),
      onDropped: (clientId) => {
        this.#dropped += 1;
        this.#warn('message dropped: too many wait for the session', { clientId });
      },
    });
    const aedes = new QuietAedes(
      {
        connectTimeout: this.#limits.connectTimeoutMs,
        maxClientsIdLength: 128,
        preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
        authenticate: (client, username, password, done) =>
          this.#authenticate(client, username, password, done),
        authorizePublish: (client, packet, done) => this.#access.publish(client, packet, done),
        authorizeSubscribe: (client, subscription, done) =>
          this.#access.subscribe(client, subscription, (error, granted) => {
            if (granted === null || granted === undefined) this.#deny(client, subscription);
            done(error, granted);
          }),
        authorizeForward: (client, packet) =>
          this.#comesByLink(client.id, packet.topic) ? null : this.#access.forward(client, packet),
      },
      {
        persistence: this.#persistence,
        bounds,
        sends: this.#sends,
        comesByLink: (clientId, topic) => this.#comesByLink(clientId, topic),
        isForNobody: (packet) => this.#access.isForJournalAlone(packet),
      },
    );
    aedes.on('clientReady', (client: Client) => this.#loggedIn(client));
    aedes.on('subscribe', (subscriptions: Subscription[], client: Client) => {
      this.#links.subscribed(client);
      tellFirstToken(this.#ports, client, subscriptions).catch((error: unknown) => this.#unexpected(error));
    });
    aedes.on('unsubscribe', (filters: string[], client: Client) => {
      this.#access.unsubscribed(client, filters);
      this.#links.subscribed(client);
    });
    aedes.on('keepaliveTimeout', (client: Client) => this.#links.ending(client, 'keep_alive'));
    aedes.on('clientError', (client: Client, error: Error) => this.#closedFor(client, error));
    aedes.on('connectionError', (client: Client, error: Error) => this.#closedFor(client, error));
    await aedes.listen();
    this.#aedes = aedes;
    this.#links.start();
    try {
      await this.#restore(bounds);
      const mqttPort = await this.#listen();
      return { mqttPort, mqttsPort: (await this.#tls?.start()) ?? null };
    } catch (error) {
      this.#server.close();
      await this.#closeAedes();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = this.#server.listening ? new Promise((resolve) => this.#server.close(resolve)) : null;
    for (const connection of this.#connections) this.#links.closing(connection, 'closed');
    await this.#closeAedes();
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([closed, this.#tls?.stop()]);
    await this.#intake.settled();
    await this.#persistence.close();
  }

  handleWebSocket(stream: Duplex, address = ''): void {
    this.#receive(stream, address);
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
    if (this.#aedes === null) reject(new Error('the broker is not running'));
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
      connections: this.#connections.size,
      ...this.#intake.counters(),
      failedLogins: this.#login.failures,
      dropped: this.#dropped,
      missed: this.#access.missed,
      paced: this.#pace.paced,
      refusedConnections: this.#refusedConnections,
      denied: this.#access.denied,
      faults: this.#faults,
      inFlightBytes: this.#inFlight.totalBytes,
      halfReceivedBytes: this.#halfReceived.totalBytes,
      paused: this.#inFlight.waiting,
    };
  }

  async forget(userId: string): Promise<void> {
    this.disconnect(userId);
    for (const session of this.#sessions.removeAll(userId)) {
      this.#listeners.clear(session.listening);
      await this.#aedes?.forgetSession(session.clientId);
    }
  }

  #close(isMeant: (peer: Peer) => boolean): void {
    for (const connection of this.#connections) {
      if (connection.peer === null || !isMeant(connection.peer)) continue;
      this.#links.closing(connection, 'closed');
      connection.destroy();
    }
  }

  #listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', reject);
    this.#server.listen(this.#ports.port, this.#ports.host, LISTEN_BACKLOG, () => {
      this.#server.off('error', reject);
      this.#server.on('error', (error) => this.#ports.log.error({ err: error }, 'the MQTT listener failed'));
      const address = this.#server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : this.#ports.port);
    });
    return promise;
  }

  /** A device's own commands are sent by who keeps them; others who subscribed get theirs from Aedes. */
  #comesByLink(clientId: string, topic: string): boolean {
    if (this.#ports.links === undefined || !topic.endsWith('/commands')) return false;
    const userId = this.#sessions.find(clientId)?.userId;
    return userId !== undefined && isCommandTopicOf(userId, topic);
  }

  /** Takes up the sessions of an earlier process. */
  async #restore(bounds: SessionBounds): Promise<void> {
    const { owners, subscriptions, waiting, wills } = await this.#persistence.restore();
    for (const [clientId, userId] of owners) {
      const session = this.#sessions.restore(clientId, userId);
      for (const filter of subscriptions.get(clientId) ?? []) this.#listeners.add(session.listening, filter);
    }
    for (const [clientId, packets] of waiting) bounds.restored(clientId, packets);
    await publishOldWills(wills, {
      ports: this.#ports,
      publish: ({ topic, payload, qos }) => this.publish(topic, payload, { qos }),
      done: (clientId) => this.#persistence.oldWillDone(clientId),
      failed: (err) => this.#warn('the will of an earlier connection could not be published', { err }),
    });
  }

  async #closeAedes(): Promise<void> {
    this.#links.stop();
    const aedes = this.#aedes;
    this.#aedes = null;
    if (aedes !== null) await new Promise<void>((resolve) => aedes.close(resolve));
  }

  #tlsListener(settings: TlsSettings): TlsListener {
    return new TlsListener(settings, {
      host: this.#ports.host,
      log: this.#ports.log,
      limitedLog: this.#log,
      handshakeTimeoutMs: this.#limits.connectTimeoutMs,
      backlog: LISTEN_BACKLOG,
      maxConnections: this.#limits.maxConnections,
      admits: (address) => this.#admits(address),
      onConnection: (socket, certifiedName) => this.#adopt(socket, socket.remoteAddress ?? '', certifiedName),
    });
  }

  /** Takes a connection up, unless there are too many, or its address opens too many a second. */
  #receive(stream: Socket | Duplex, address: string): void {
    if (this.#admits(address)) this.#adopt(stream, address, null);
    else stream.destroy();
  }

  #admits(address: string): boolean {
    if (this.#aedes === null) return false;
    const isFull = this.#connections.size >= this.#limits.maxConnections;
    if (isFull) this.#warn('connection refused: too many are open', {});
    const isTooFast = !this.#pace.mayConnect(address);
    if (isTooFast) this.#warn('connection refused: its address opens too many a second', { address });
    if (isFull || isTooFast) this.#refusedConnections += 1;
    return !isFull && !isTooFast;
  }

  #adopt(stream: Socket | Duplex, address: string, certifiedName: string | null): void {
    const aedes = this.#aedes;
    if (aedes === null) {
      stream.destroy();
      return;
    }
    const connection = new Connection(stream, address, this.#limits, this.#inFlight, this.#halfReceived);
    connection.certifiedName = certifiedName;
    this.#connections.add(connection);
    connection.once('close', () => {
      this.#connections.delete(connection);
      this.#links.closed(connection);
      this.#login.left(connection);
    });
    holdToRules(aedes.handle(connection));
    connection.open();
    stream.on('data', () => this.#links.heard(connection));
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const violation = violationOfConnect(packet);
    if (violation === null) this.#login.inspect(connectionOf(client), packet);
    done(violation === null ? null : new Error(violation), violation === null);
  }

  #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    this.#login.authenticate(connectionOf(client), client, username, password).then(
      ({ outcome, forgotten }) => {
        if (outcome !== 0) {
          done(
            Object.assign(new Error('login refused'), { returnCode: outcome }) as AuthenticateError,
            false,
          );
          return;
        }
        const { userId = '' } = connectionOf(client).peer ?? {};
        if (client.clean) this.#persistence.disown(client.id);
        else this.#persistence.own(client.id, userId);
        if (forgotten !== null)
          this.#aedes?.forgetSession(forgotten).catch((error: unknown) => this.#unexpected(error));
        done(null, true);
      },
      (error: unknown) => {
        this.#unexpected(error);
        done(Object.assign(new Error('login impossible'), { returnCode: 3 }) as AuthenticateError, false);
      },
    );
  }

  /** What a session that resumes may not hear any more is dropped, or messages would wait there that never leave. */
  #deny(client: Client, subscription: Subscription): void {
    this.#denied.add(subscription);
    if (client.connected || client.clean) return;
    this.#persistence
      .removeSubscriptions(client, [subscription.topic])
      .catch((error: unknown) => this.#unexpected(error));
  }

  #loggedIn(client: Client): void {
    const connection = connectionOf(client);
    const { peer } = connection;
    if (peer !== null) this.#links.opened(client, peer);
    if (peer !== null) connection.pace = this.#pace.of(peer.userId, connection.address);
    if (peer?.principal.kind === 'device') {
      connection.lane = new ExpressLane(connection, peer, this.#intake, () =>
        this.#access.isHeard(peer.userId),
      );
    }
    connection.loggedIn();
  }

  #closedFor(client: Client, error: Error): void {
    // Refused logins are logged where they are refused; a connection that simply broke is no news.
    if (isNetworkError(error) || error.message === 'login refused') return;
    this.#links.ending(client, 'protocol_error');
    this.#faults += 1;
    this.#warn('MQTT connection closed', {
      userId: connectionOf(client).peer?.userId,
      reason: error.message,
    });
  }

  #unexpected(error: unknown): void {
    this.#log.write(
      (fields, message) => this.#ports.log.error(fields, message),
      'the broker could not look up a login',
      { err: error },
    );
  }

  #warn(message: string, fields: object): void {
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
  }
}

function isNetworkError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$|^ERR_STREAM/.test(error.code);
}
