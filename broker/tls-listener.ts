import { randomBytes } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { LimitedLog } from './limited-log.ts';
import { readTlsFiles, stampOf, type TlsFiles } from './tls-files.ts';

export interface TlsSettings extends TlsFiles {
  /** 0 takes a free port. */
  readonly port: number;
}

/** Looking is cheap and sees every way of putting a file in place; watching misses some, such as links that are moved. */
const LOOK_EVERY_MS = 1_000;
const TICKET_KEY_BYTES = 48;

interface Ports {
  readonly host: string;
  readonly log: Pick<Logger, 'info' | 'error' | 'warn'>;
  readonly limitedLog: LimitedLog;
  readonly handshakeTimeoutMs: number;
  readonly backlog: number;
  readonly maxConnections: number;
  /** Whether one more connection of an address may be taken up; asked once for each. */
  admits(address: string): boolean;
  /** @param certifiedName common name of the client's certificate; null where it showed none */
  onConnection(socket: TLSSocket, certifiedName: string | null): void;
}

/**
 * MQTT over TLS 1.2 or later. Where authorities are given, a client may show a certificate; one that they did not sign ends the
 * handshake, and who shows none logs in by password. Files that change are taken up while connections go on; where the new
 * ones are of no use, the old ones stay.
 */
export class TlsListener {
  readonly #settings: TlsSettings;
  readonly #ports: Ports;
  /** Also those whose handshake is not over. */
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stamp = '';

  constructor(settings: TlsSettings, ports: Ports) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Gives the port. Rejects with `TlsFilesError`, or with Node's own error where the port can't be had. */
  async start(): Promise<number> {
    this.#stamp = await stampOf(this.#settings);
    const server = createServer({
      ...(await readTlsFiles(this.#settings)),
      // A certificate is asked for and looked at here: devices without one log in by password.
      requestCert: this.#settings.caFile !== null,
      rejectUnauthorized: false,
      handshakeTimeout: this.#ports.handshakeTimeoutMs,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
    });
    server.maxConnections = this.#ports.maxConnections;
    server.on('connection', (socket: Socket) => {
      // Before the handshake, which costs more than all that follows it.
      if (!this.#ports.admits(socket.remoteAddress ?? '')) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('secureConnection', (socket) => this.#accept(socket));
    server.on('tlsClientError', (error) => this.#warn('TLS handshake failed', { reason: error.message }));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#settings.port, this.#ports.host, this.#ports.backlog, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#ports.log.error({ err: error }, 'the TLS listener failed'));
    this.#server = server;
    this.#lookLater(server);
    return (server.address() as AddressInfo).port;
  }

  /** Takes no more connections, and ends those that are open. */
  stop(): Promise<void> {
    clearTimeout(this.#timer);
    const server = this.#server;
    this.#server = null;
    if (server === null) return Promise.resolve();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }

  #accept(socket: TLSSocket): void {
    const { subject } = socket.getPeerCertificate() as { readonly subject?: { readonly CN?: unknown } };
    if (subject === undefined) {
      this.#ports.onConnection(socket, null);
      return;
    }
    if (!socket.authorized || typeof subject.CN !== 'string') {
      const reason = socket.authorized ? 'not one common name' : String(socket.authorizationError);
      this.#warn('client certificate refused', { reason });
      socket.on('error', () => socket.destroy());
      socket.destroy();
      return;
    }
    this.#ports.onConnection(socket, subject.CN);
  }

  #lookLater(server: Server): void {
    this.#timer = setTimeout(() => {
      this.#look(server)
        .catch((error: unknown) =>
          this.#ports.log.error(
            { err: error },
            'the new TLS certificate is of no use; the old one stays in use',
          ),
        )
        .finally(() => {
          if (this.#server === server) this.#lookLater(server);
        });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async #look(server: Server): Promise<void> {
    const stamp = await stampOf(this.#settings);
    if (stamp === this.#stamp) return;
    // Also where they are of no use: the same ones are not tried, and complained of, each second.
    this.#stamp = stamp;
    server.setSecureContext(await readTlsFiles(this.#settings));
    // Sessions of before are not resumed, for what they were let in by may be gone.
    server.setTicketKeys(randomBytes(TICKET_KEY_BYTES));
    this.#ports.log.info({ cert: this.#settings.certFile }, 'took up a new TLS certificate');
  }

  #warn(message: string, fields: object): void {
    this.#ports.limitedLog.write((all, text) => this.#ports.log.warn(all, text), message, fields);
  }
}
