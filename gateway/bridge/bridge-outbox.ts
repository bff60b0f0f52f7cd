import type { Link, PublishOutcome } from './link.ts';

/** Messages that wait for the external broker, and their bytes; beyond it new ones are refused. */
const MOST_WAITING = 10_000;
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

interface Waiting {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * What goes down to devices behind the bridge: waits in memory while the external broker is away, and is sent again over the
 * next connection where it was not acknowledged.
 */
export class BridgeOutbox {
  readonly #waiting = new Set<Waiting>();
  /** Of these, what is not on its way over the present connection. */
  #unsent: Waiting[] = [];
  #link: Link | null = null;
  #underWay = 0;
  #bytes = 0;
  published = 0;
  dropped = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when the external broker has the message. Rejects where too many wait, or it refuses it. */
  publish(topic: string, payload: string | Buffer, retain: boolean): Promise<void> {
    if (this.#waiting.size >= MOST_WAITING || this.#bytes >= MOST_WAITING_BYTES) {
      this.dropped += 1;
      return Promise.reject(new Error('too many messages wait for the external broker'));
    }
    return new Promise((resolve, reject) => {
      const message = { topic, payload, retain, resolve, reject };
      this.#waiting.add(message);
      this.#bytes += payload.length;
      if (this.#link === null) return;
      this.#unsent.push(message);
      this.#pump(this.#link);
    });
  }

  /** Sends what waits over a new connection, in order; null when it has gone. */
  use(link: Link | null): void {
    this.#link = link;
    this.#underWay = 0;
    this.#unsent = link === null ? [] : [...this.#waiting];
    if (link !== null) this.#pump(link);
  }

  #pump(link: Link): void {
    while (this.#underWay < link.window) {
      const message = this.#unsent.shift();
      if (message === undefined) return;
      void this.#send(link, message);
    }
  }

  async #send(link: Link, message: Waiting): Promise<void> {
    this.#underWay += 1;
    const outcome = await link.publish(message.topic, message.payload, message.retain);
    // Unsent, it waits for the next connection. Sent over two connections, it may be answered twice.
    if (outcome.kind !== 'unsent' && this.#waiting.delete(message)) this.#settle(message, outcome);
    if (link !== this.#link) return;
    this.#underWay -= 1;
    this.#pump(link);
  }

  #settle(message: Waiting, outcome: Exclude<PublishOutcome, { readonly kind: 'unsent' }>): void {
    this.#bytes -= message.payload.length;
    if (outcome.kind === 'published') {
      this.published += 1;
      message.resolve();
    } else {
      this.dropped += 1;
      message.reject(new Error(`the external broker refused a message: ${outcome.message}`));
    }
  }
}
