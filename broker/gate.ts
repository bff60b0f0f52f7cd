import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { Connection, type Peer } from './connection.ts';
import type { HalfReceived } from './half-received.ts';
import type { InFlight } from './in-flight.ts';
import type { LimitedLog } from './limited-log.ts';
import type { BrokerLimits } from './limits.ts';
import type { PeerPace } from './peer-pace.ts';
import { TlsListener, type TlsSettings } from './tls-listener.ts';

/** Connections that may wait to be taken up: all devices come back at once after a power cut. Linux allows 4,096. */
const LISTEN_BACKLOG = 4096;

interface Ports {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls: TlsSettings | null;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly limitedLog: LimitedLog;
  readonly limits: BrokerLimits;
  readonly pace: PeerPace;
  readonly inFlight: InFlight;
  readonly halfReceived: HalfReceived;
  /** One more is open; `source` is the stream behind it. */
  onOpened(connection: Connection, source: Duplex): void;
  onClosed(connection: Connection): void;
}

/** Where connections come in, over TCP, TLS and WebSockets: not too many, and not too many a second from one address. */
export class Gate {
  readonly #ports: Ports;
  readonly #server: Server;
  readonly #tls: TlsListener | null;
  readonly #connections = new Set<Connection>();
  #isOpen = false;
  #refused = 0;

  constructor(ports: Ports) {
    const { limits } = ports;
    this.#ports = ports;
    // Half open: what a device sent before it said goodbye is taken in before the connection is closed.
    this.#server = createServer(
      { noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: limits.tcpKeepAliveMs },
      (socket) => this.receive(socket, socket.remoteAddress ?? ''),
    );
    this.#tls = ports.tls === null ? null : this.#tlsListener(ports.tls);
  }

  /** Connections now open, logged in or not. */
  get size(): number {
    return this.#connections.size;
  }

  /** Connections refused before their login. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes up what comes over WebSockets, but listens to no port yet. */
  open(): void {
    this.#isOpen = true;
  }

  /** Listens. Rejects with Node's own error where a port can't be had. */
  async listen(): Promise<{ readonly mqttPort: number; readonly mqttsPort: number | null }> {
    const mqttPort = await this.#listen();
    return { mqttPort, mqttsPort: (await this.#tls?.start()) ?? null };
  }

  /** Takes up no more; resolves when all listeners are closed, which is when all connections are. */
  async close(): Promise<void> {
    this.#isOpen = false;
    const closed = this.#server.listening ? new Promise((resolve) => this.#server.close(resolve)) : null;
    await Promise.all([closed, this.#tls?.stop()]);
  }

  /** Takes a connection up, unless there are too many, or its address opens too many a second. */
  receive(stream: Duplex, address: string): void {
    if (this.#admits(address)) this.#adopt(stream, address, null);
    else stream.destroy();
  }

  all(): Iterable<Connection> {
    return this.#connections;
  }

  /** Those of whoever is meant, once logged in. */
  *of(isMeant: (peer: Peer) => boolean): Iterable<Connection> {
    for (const connection of this.#connections) {
      if (connection.peer !== null && isMeant(connection.peer)) yield connection;
    }
  }

  #listen(): Promise<number> {
    const { host, port, log } = this.#ports;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', reject);
    this.#server.listen(port, host, LISTEN_BACKLOG, () => {
      this.#server.off('error', reject);
      this.#server.on('error', (error) => log.error({ err: error }, 'the MQTT listener failed'));
      const address = this.#server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
    return promise;
  }

  #tlsListener(settings: TlsSettings): TlsListener {
    const { host, log, limitedLog, limits } = this.#ports;
    return new TlsListener(settings, {
      host,
      log,
      limitedLog,
      handshakeTimeoutMs: limits.connectTimeoutMs,
      backlog: LISTEN_BACKLOG,
      maxConnections: limits.maxConnections,
      admits: (address) => this.#admits(address),
      onConnection: (socket, certifiedName) => this.#adopt(socket, socket.remoteAddress ?? '', certifiedName),
    });
  }

  #admits(address: string): boolean {
    if (!this.#isOpen) return false;
    const { limits, pace } = this.#ports;
    const isFull = this.#connections.size >= limits.maxConnections;
    if (isFull) this.#warn('connection refused: too many are open', {});
    const isTooFast = !pace.mayConnect(address);
    if (isTooFast) this.#warn('connection refused: its address opens too many a second', { address });
    if (isFull || isTooFast) this.#refused += 1;
    return !isFull && !isTooFast;
  }

  #adopt(stream: Socket | Duplex, address: string, certifiedName: string | null): void {
    if (!this.#isOpen) {
      stream.destroy();
      return;
    }
    const { limits, inFlight, halfReceived, onOpened, onClosed } = this.#ports;
    const connection = new Connection(stream, address, limits, inFlight, halfReceived);
    connection.certifiedName = certifiedName;
    this.#connections.add(connection);
    connection.once('close', () => {
      this.#connections.delete(connection);
      onClosed(connection);
    });
    onOpened(connection, stream);
  }

  #warn(message: string, fields: object): void {
    const { log, limitedLog } = this.#ports;
    limitedLog.write((all, text) => log.warn(all, text), message, fields);
  }
}
