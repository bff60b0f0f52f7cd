import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { FrameScanner, type Lane } from './frame-scanner.ts';
import type { HalfReceived } from './half-received.ts';
import type { InFlight, Pausable, Share } from './in-flight.ts';
import type { BrokerLimits } from './limits.ts';
import type { Credential, Principal } from './principal.ts';
import type { Session } from './sessions.ts';

const READ_AHEAD_BYTES = 64 * 1024;
/** How long a closing peer may take to read what was written to it last. */
const LINGER_MS = 1000;

/** Who is at the other end, once logged in. */
export interface Peer {
  readonly principal: Principal;
  readonly credential: Credential;
  /** Id of the principal. */
  readonly userId: string;
  /** Of a device; empty, as no topic is, for a service account. */
  readonly telemetryTopic: string;
  readonly session: Session;
}

/**
 * The stream between a socket (or a WebSocket) and Aedes: passes bytes on only as far as the limits let them, and pauses
 * the socket, never the process, where too much is in flight.
 */
export class Connection extends Duplex implements Pausable {
  inFlightBytes = 0;
  peer: Peer | null = null;
  /** What of this connection the next commit holds. */
  share: Share | null = null;
  /** Counts messages in, and gives the ms for which no more are to be read: 0 while its user and address keep their pace. */
  pace: ((publishes: number) => number) | null = null;
  /** From the login on. */
  lane: Lane | null = null;
  /** CONNACK code that the CONNECT deserves whatever its password, or null. */
  refusal: 2 | null = null;
  willTopic: string | null = null;
  /** Its user is no more: nothing that is still on its way is let in, and its will is not published. */
  isForgotten = false;
  /** Common name of the verified client certificate, or null. */
  certifiedName: string | null = null;
  /** When anything came last, real time, epoch ms; kept up by links.ts. */
  heardAt = 0;
  /** Topic filters that its session has been granted; null before the first. */
  filters: Set<string> | null = null;
  /** Number of PUBLISH packets that Aedes has shown so far. */
  publishes = 0;
  readonly frames: FrameScanner;
  /** Of the peer; empty where it is unknown. */
  readonly address: string;

  readonly #source: Duplex;
  readonly #limits: BrokerLimits;
  readonly #inFlight: InFlight;
  readonly #halfReceived: HalfReceived;
  #waiting: Buffer[] = [];
  /** Nothing behind CONNECT is looked at before the login is done, so that a stranger can't fill any memory. */
  #state: 'before-connect' | 'logging-in' | 'open' = 'before-connect';
  #wanted = true;
  #sourceEnded = false;
  #ended = false;
  /** Runs while the peer has to wait for its pace. */
  #rest: NodeJS.Timeout | null = null;

  constructor(
    source: Duplex,
    address: string,
    limits: BrokerLimits,
    inFlight: InFlight,
    halfReceived: HalfReceived,
  ) {
    super({
      readableHighWaterMark: READ_AHEAD_BYTES,
      writableHighWaterMark: limits.maxUnsentBytes,
      allowHalfOpen: false,
    });
    this.#source = source;
    this.address = address;
    this.#limits = limits;
    this.#inFlight = inFlight;
    this.#halfReceived = halfReceived;
    this.frames = new FrameScanner(limits);
  }

  /** What was sent to the peer and waits in this process. */
  get unsentBytes(): number {
    return this.writableLength + this.#source.writableLength;
  }

  /** Begins to read. */
  open(): void {
    const source = this.#source;
    source.on('data', (chunk: Buffer) => {
      this.#waiting.push(chunk);
      this.#work();
    });
    source.on('end', () => {
      this.#sourceEnded = true;
      this.#work();
    });
    source.on('error', (error) => this.destroy(error));
    source.on('close', () => this.destroy());
    source.on('drain', () => this.#work());
  }

  /** The login is done: what was sent behind CONNECT may come. */
  loggedIn(): void {
    this.#state = 'open';
    this.#work();
  }

  mayReadAgain(): void {
    this.#work();
  }

  /** Sends whole packets beside those of Aedes. */
  send(packets: Buffer): void {
    if (!this.#source.destroyed && this.#source.writable) this.#source.write(packets);
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#waiting.length > 0 || this.#sourceEnded || this.#source.isPaused()) this.#work();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#write(chunk, done);
  }

  /** Acknowledgements of a turn leave as one buffer: a packet costs no system call of its own. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#write(
      Buffer.concat(chunks.map(({ chunk }) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const source = this.#source;
    this.#inFlight.forget(this);
    this.#halfReceived.forget(this);
    this.#waiting = [];
    if (this.#rest !== null) clearTimeout(this.#rest);
    if (source.destroyed) {
      done(error);
      return;
    }
    // A refusal has just been written: let it leave, but wait for no peer that does not read.
    source.pause();
    const timer = setTimeout(() => source.destroy(), LINGER_MS);
    source.once('close', () => clearTimeout(timer));
    source.end(() => source.destroy());
    done(error);
  }

  #write(bytes: Buffer, done: () => void): void {
    if (this.#source.destroyed || this.#source.write(bytes)) done();
    else this.#source.once('drain', done);
  }

  /** Passes on what may be passed on, and pauses or resumes the socket accordingly. */
  #work(): void {
    if (this.destroyed) return;
    while (this.#wanted && this.#mayPass()) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#pass(chunk);
      if (this.destroyed) return;
    }
    if (this.#waiting.length > 0 || !this.#wanted || !this.#mayPass()) this.#source.pause();
    else if (this.#sourceEnded) this.#end();
    else if (this.#source.isPaused()) this.#source.resume();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }

  #mayPass(): boolean {
    return (
      this.#state !== 'logging-in' &&
      this.#rest === null &&
      this.#source.writableLength <= this.#limits.maxUnsentBytes &&
      this.#inFlight.mayRead(this)
    );
  }

  #pass(chunk: Buffer): void {
    const first = this.#state === 'before-connect';
    const begunBefore = this.frames.begunPublishes;
    const { pass, rest, taken, fault } = first
      ? this.frames.scanFirst(chunk)
      : this.frames.scan(chunk, this.lane, this.publishes);
    // Aedes sees nothing of what the lane took, and would think the client gone.
    if (taken) keepAlive(this);
    const begun = this.frames.begunPublishes - begunBefore;
    if (begun > 0) this.#keepPace(begun);
    if (first && (rest !== null || this.frames.firstIsOver)) {
      this.#state = 'logging-in';
      if (rest !== null) this.#waiting.unshift(rest);
    }
    for (const part of pass) this.#wanted = this.push(part);
    if (fault === null) this.#halfReceived.note(this, this.frames.heldBytes, this.frames.packet);
    else this.destroy(new Error(fault));
  }

  #keepPace(publishes: number): void {
    const waitMs = this.pace?.(publishes) ?? 0;
    if (waitMs === 0 || this.#rest !== null) return;
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#work();
    }, waitMs);
  }
}

/** Puts off the end of the keep-alive time; Aedes has the timer in the client that it hangs on its stream. */
function keepAlive(connection: Connection): void {
  const { client } = connection as { readonly client?: { readonly _keepaliveTimer: NodeJS.Timeout | null } };
  client?._keepaliveTimer?.refresh();
}

/** The connection behind a client of Aedes: it is what Aedes was given as its stream. */
export function connectionOf(client: Client): Connection {
  return client.conn as Connection;
}
