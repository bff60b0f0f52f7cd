import type { Client, SubscribePacket, UnsubscribePacket } from 'aedes';
import { connectionOf } from './connection.ts';
import { isAnsweredWrongly, type OnRefused, subscribeToEach, withPossibleFilters } from './filter-answers.ts';
import type { InFlight } from './in-flight.ts';

/** The parts of Aedes' client that its typings leave out. */
interface Internals {
  /** Packets that were read and are not dealt with. */
  _parsingBatch: number;
  /** One of them is dealt with. */
  _nextBatch(error?: Error | null): void;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
}

export type SubscriptionPacket = SubscribePacket | UnsubscribePacket;

/**
 * Takes SUBSCRIBE and UNSUBSCRIBE of one client in turn. Aedes would begin on each as it comes: who gave a filter up and asked
 * for it again at once was told that it is granted, and then lost it; who did it the other way round, and whose session lasts, kept it.
 */
export class SubscriptionTurns {
  readonly #client: Client;
  readonly #inner: Internals;
  readonly #inFlight: InFlight;
  readonly #onRefused: OnRefused;
  /** The first is being dealt with. */
  #packets: SubscriptionPacket[] = [];

  /** @param inFlight counts what waits, so that its sender is not read from while that is too much */
  constructor(client: Client, inFlight: InFlight, onRefused: OnRefused) {
    this.#client = client;
    this.#inner = client as unknown as Internals;
    this.#inFlight = inFlight;
    this.#onRefused = onRefused;
    connectionOf(client).once('close', () => {
      for (const packet of this.#packets) this.#countOut(packet);
      this.#packets = [];
    });
  }

  /** To be called with each that came behind the login, in order. */
  take(packet: SubscriptionPacket): void {
    this.#inner._keepaliveTimer?.refresh();
    this.#inner._parsingBatch += 1;
    this.#inFlight.add(connectionOf(this.#client), packet.length ?? 0);
    this.#packets.push(packet);
    if (this.#packets.length === 1) this.#deal(packet);
  }

  #deal(packet: SubscriptionPacket): void {
    const done = (error?: Error | null) => {
      this.#inner._nextBatch(error);
      if (this.#client.closed || this.#packets[0] !== packet) return;
      this.#packets.shift();
      this.#countOut(packet);
      const [next] = this.#packets;
      if (next !== undefined) this.#deal(next);
    };
    if (packet.cmd === 'unsubscribe') this.#client.unsubscribe(withPossibleFilters(packet), done);
    else if (isAnsweredWrongly(packet)) subscribeToEach(this.#client, packet, this.#onRefused, done);
    else this.#client.subscribe(packet, done);
  }

  #countOut({ length = 0 }: SubscriptionPacket): void {
    this.#inFlight.remove(connectionOf(this.#client), length, 1);
  }
}
