/** Messages that one turn of the event loop takes in under load; traffic below some 15,000 a second never gets there for long. */
const MESSAGES_OF_LOAD = 16;
const TURNS_APART_MS = 1;

interface Ports {
  /** Time that nobody sets, ms since any moment. */
  monotonicNow(): number;
  /** Holds the thread for so many ms, in which it does nothing. */
  sleep(ms: number): void;
}

/**
 * Keeps turns of the event loop a millisecond apart under load, as network cards gather packets before they interrupt. A
 * socket that is read as soon as a message comes gives that one alone, and each read, wake-up and callback costs more than
 * the message: with what a millisecond brings in one read, a message costs all threads half. libuv can't be told to look
 * later, so the thread sleeps out the rest of the millisecond; a turn that took longer by itself is followed at once.
 */
export class LoopPace {
  readonly #ports: Ports;
  #messages = 0;
  #isEndAwaited = false;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** This turn took in a message. */
  took(): void {
    this.#messages += 1;
    if (this.#isEndAwaited) return;
    this.#isEndAwaited = true;
    // Runs when every socket that had something has been read.
    setImmediate(() => this.#end());
  }

  #end(): void {
    const { monotonicNow, sleep } = this.#ports;
    const now = monotonicNow();
    const restMs = this.#begunAt + TURNS_APART_MS - now;
    const rests = this.#messages >= MESSAGES_OF_LOAD && restMs > 0;
    if (rests) sleep(restMs);
    this.#begunAt = rests ? monotonicNow() : now;
    this.#messages = 0;
    this.#isEndAwaited = false;
  }
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Holds the calling thread for so many ms. */
export function sleepThread(ms: number): void {
  Atomics.wait(nobodyWakes, 0, 0, ms);
}
