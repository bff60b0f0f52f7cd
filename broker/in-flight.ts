import { type BrokerLimits, OVERHEAD_BYTES } from './limits.ts';

/** What one connection has in one commit: counted once, however many messages it is. */
export interface Share {
  readonly kept: Promise<void>;
  messages: number;
  bytes: number;
}

/** Somebody whose socket can be paused and read on. */
export interface Pausable {
  /** Own bytes that wait for the disk. */
  inFlightBytes: number;
  /** Looks anew whether it may be read from. */
  mayReadAgain(): void;
}

/** Reading goes on when this part of the bound is free again, so that sockets don't flutter. */
const RESUME_AT = 0.75;

/** Counts the bytes that were let in and are not on disk yet, of each client and of all. */
export class InFlight {
  readonly #limits: BrokerLimits;
  readonly #isRefusing: () => boolean;
  readonly #waiting = new Set<Pausable>();
  #totalBytes = 0;

  /** @param isRefusing whether nothing can be kept now */
  constructor(limits: BrokerLimits, isRefusing: () => boolean) {
    this.#limits = limits;
    this.#isRefusing = isRefusing;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether messages that nobody waits for (QoS 0) are to be dropped. */
  get shedding(): boolean {
    return this.#totalBytes > this.#limits.maxInFlightBytes / 2 || this.#isRefusing();
  }

  /** Whether the client may be read from; if not, it is told by `mayReadAgain` when to look again. */
  mayRead(client: Pausable): boolean {
    const free =
      client.inFlightBytes < this.#limits.maxInFlightBytesPerClient &&
      this.#totalBytes < this.#limits.maxInFlightBytes;
    if (!free) this.#waiting.add(client);
    return free;
  }

  add(client: Pausable, payloadBytes: number): void {
    client.inFlightBytes += payloadBytes + OVERHEAD_BYTES;
    this.#totalBytes += payloadBytes + OVERHEAD_BYTES;
  }

  /** Takes out what `messages` calls of `add` counted in. */
  remove(client: Pausable, payloadBytes: number, messages: number): void {
    const bytes = payloadBytes + messages * OVERHEAD_BYTES;
    client.inFlightBytes -= bytes;
    this.#totalBytes -= bytes;
    if (this.#waiting.size === 0 || this.#totalBytes > this.#limits.maxInFlightBytes * RESUME_AT) return;
    for (const waiting of this.#waiting) {
      if (waiting.inFlightBytes > this.#limits.maxInFlightBytesPerClient * RESUME_AT) continue;
      this.#waiting.delete(waiting);
      waiting.mayReadAgain();
      if (this.#totalBytes > this.#limits.maxInFlightBytes * RESUME_AT) return;
    }
  }

  /** The client is gone; what it had in flight is still counted until it is on disk. */
  forget(client: Pausable): void {
    this.#waiting.delete(client);
  }
}
