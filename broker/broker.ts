import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AuthenticateError, Client, ConnectPacket, PublishPacket } from 'aedes';
import { Access } from './access.ts';
import { Connection, connectionOf } from './connection.ts';
import { ExpressLane } from './express-lane.ts';
import { HalfReceived } from './half-received.ts';
import { InFlight } from './in-flight.ts';
import { LimitedLog } from './limited-log.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { Listeners } from './listeners.ts';
import { Login } from './login.ts';
import type { Broker, BrokerCounters, BrokerPorts } from './ports.ts';
import { QuietAedes } from './quiet-aedes.ts';
import { SessionBounds } from './session-bounds.ts';
import { Sessions } from './sessions.ts';
import { TelemetryIntake } from './telemetry-intake.ts';

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
  readonly #sessions: Sessions;
  readonly #listeners = new Listeners();
  readonly #login: Login;
  readonly #intake: TelemetryIntake;
  readonly #access: Access;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #aedes: QuietAedes | null = null;
  #faults = 0;
  #dropped = 0;

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
    this.#limits = { ...DEFAULT_LIMITS, ...ports.limits };
    this.#log = new LimitedLog(ports.realNow);
    this.#inFlight = new InFlight(this.#limits);
    this.#halfReceived = new HalfReceived(this.#limits.maxHalfReceivedBytes);
    this.#sessions = new Sessions(this.#limits.maxClientsPerUser);
    this.#login = new Login(ports, this.#sessions, this.#listeners, this.#log);
    this.#intake = new TelemetryIntake(ports, this.#limits, this.#inFlight, this.#log);
    this.#access = new Access(this.#intake, this.#listeners, (userId) =>
      this.#warn('subscription to a topic that the user may not use', { userId }),
    );
    // Half open: what a device sent before it said goodbye is taken in before the connection is closed.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#adopt(socket));
  }

  async start(): Promise<{ readonly mqttPort: number }> {
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
          this.#access.subscribe(client, subscription, done),
        authorizeForward: (client, packet) => this.#access.forward(client, packet),
      },
      bounds,
      (packet) => this.#access.isForJournalAlone(packet),
    );
    aedes.on('clientReady', (client: Client) => this.#loggedIn(connectionOf(client)));
    aedes.on('unsubscribe', (filters: string[], client: Client) =>
      this.#access.unsubscribed(client, filters),
    );
    aedes.on('clientError', (client: Client, error: Error) => this.#closedFor(client, error));
    aedes.on('connectionError', (client: Client, error: Error) => this.#closedFor(client, error));
    await aedes.listen();
    this.#aedes = aedes;
    try {
      return { mqttPort: await this.#listen() };
    } catch (error) {
      await this.#closeAedes();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = this.#server.listening ? new Promise((resolve) => this.#server.close(resolve)) : null;
    await this.#closeAedes();
    for (const connection of this.#connections) connection.destroy();
    await closed;
    await this.#intake.settled();
  }

  handleWebSocket(stream: Duplex): void {
    this.#adopt(stream);
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

  disconnect(userId: string): void {
    for (const connection of this.#connections) {
      if (connection.peer?.userId === userId) connection.destroy();
    }
  }

  counters(): BrokerCounters {
    return {
      connections: this.#connections.size,
      ...this.#intake.counters(),
      failedLogins: this.#login.failures,
      dropped: this.#dropped,
      denied: this.#access.denied,
      faults: this.#faults,
      inFlightBytes: this.#inFlight.totalBytes,
      halfReceivedBytes: this.#halfReceived.totalBytes,
      paused: this.#inFlight.waiting,
    };
  }

  #listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', reject);
    this.#server.listen(this.#ports.port, this.#ports.host, () => {
      this.#server.off('error', reject);
      this.#server.on('error', (error) => this.#ports.log.error({ err: error }, 'the MQTT listener failed'));
      const address = this.#server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : this.#ports.port);
    });
    return promise;
  }

  async #closeAedes(): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = null;
    if (aedes !== null) await new Promise<void>((resolve) => aedes.close(resolve));
  }

  #adopt(stream: Socket | Duplex): void {
    const aedes = this.#aedes;
    const isFull = this.#connections.size >= this.#limits.maxConnections;
    if (isFull) this.#warn('connection refused: too many are open', {});
    if (aedes === null || isFull) {
      stream.destroy();
      return;
    }
    const connection = new Connection(stream, this.#limits, this.#inFlight, this.#halfReceived);
    this.#connections.add(connection);
    connection.once('close', () => {
      this.#connections.delete(connection);
      this.#login.left(connection);
    });
    aedes.handle(connection);
    connection.open();
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    this.#login.inspect(connectionOf(client), packet);
    done(null, true);
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

  #loggedIn(connection: Connection): void {
    const { peer } = connection;
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
