import type { BrokerLimits } from './limits.ts';
import type { PersistedClient } from './persistence/aedes-memory.ts';

interface Packet {
  readonly topic?: string;
  readonly clientId?: string;
  readonly messageId?: number | undefined;
  readonly payload?: string | Uint8Array;
}

interface Subscriber {
  readonly clientId: string;
}

/** The part of aedes-persistence's interface that is bounded here. */
export interface SessionStore {
  outgoingEnqueue(subscriber: Subscriber, packet: Packet): Promise<unknown>;
  outgoingEnqueueCombi(subscribers: readonly Subscriber[], packet: Packet): Promise<unknown>;
  outgoingUpdate(client: PersistedClient, packet: Packet): Promise<unknown>;
  /** Gives the packet that was removed, or undefined. */
  outgoingClearMessageId(client: PersistedClient, packet: Packet): Promise<Packet | undefined>;
  outgoingStream(client: PersistedClient): AsyncIterable<Packet>;
  incomingStorePacket(client: PersistedClient, packet: Packet): Promise<unknown>;
  incomingDelPacket(client: PersistedClient, packet: Packet): Promise<unknown>;
  cleanIncoming(client: PersistedClient): Promise<unknown>;
  cleanSubscriptions(client: PersistedClient): Promise<unknown>;
}

export interface SessionEvents {
  /** A message for a session was dropped, for too many wait already. */
  onDropped(clientId: string): void;
  /** A QoS 2 message was released by its PUBREL; Aedes has no event for it. */
  onReleased(clientId: string, packetId: number): void;
}

/** Messages and bytes that wait for one session. */
class Queue {
  messages = 0;
  bytes = 0;
}

/** QoS 2 messages of one session that wait for their PUBREL. */
class Unreleased {
  readonly #sizes = new Map<number, number>();
  bytes = 0;

  get isEmpty(): boolean {
    return this.#sizes.size === 0;
  }

  add(packetId: number, size: number): void {
    this.remove(packetId);
    this.#sizes.set(packetId, size);
    this.bytes += size;
  }

  remove(packetId: number): void {
    this.bytes -= this.#sizes.get(packetId) ?? 0;
    this.#sizes.delete(packetId);
  }
}

/**
 * Bounds what Aedes keeps of each session in memory: messages that wait for their PUBACK or for a device that is away, and QoS 2
 * messages that wait for their PUBREL. Aedes itself counts the latter, for each connection and not by size. The newest message
 * is dropped, as the device may already have begun on the oldest.
 */
export class SessionBounds {
  readonly #limits: BrokerLimits;
  readonly #events: SessionEvents;
  readonly #outgoing = new Map<string, Queue>();
  readonly #incoming = new Map<string, Unreleased>();
  /**
   * What found no room waits for what came before and is on its way to the disk: Aedes sends a client nothing that is older than
   * what it sent last.
   */
  #lastKept: Promise<unknown> = Promise.resolve();

  constructor(limits: BrokerLimits, events: SessionEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  /** Puts the bounds around a store. */
  bound(store: SessionStore): void {
    this.#boundOutgoing(store);
    this.#boundIncoming(store);
  }

  /** Counts in what waits for a session since before this process. */
  restored(clientId: string, packets: readonly Packet[]): void {
    const queue = new Queue();
    for (const packet of packets) {
      queue.messages += 1;
      queue.bytes += sizeOf(packet);
    }
    if (queue.messages > 0) this.#outgoing.set(clientId, queue);
  }

  /** Ends a session: nothing of it stays in the store, for nobody will ask for it again. */
  async forget(store: SessionStore, clientId: string): Promise<void> {
    const client = { id: clientId };
    await store.cleanSubscriptions(client);
    await store.cleanIncoming(client);
    for await (const packet of store.outgoingStream(client))
      await store.outgoingClearMessageId(client, packet);
  }

  #boundOutgoing(store: SessionStore): void {
    const enqueue = store.outgoingEnqueue.bind(store);
    const enqueueCombi = store.outgoingEnqueueCombi.bind(store);
    const update = store.outgoingUpdate.bind(store);
    const clear = store.outgoingClearMessageId.bind(store);
    store.outgoingEnqueue = async (subscriber, packet) => {
      if (!this.#mayWait(subscriber.clientId, packet)) {
        await this.#lastKept;
        return;
      }
      const kept = enqueue(subscriber, packet).catch((error: unknown) => {
        this.#countOut(subscriber.clientId, packet);
        throw error;
      });
      this.#comesBefore(kept);
      await kept;
    };
    store.outgoingEnqueueCombi = async (subscribers, packet) => {
      // A session of which several filters match is there several times, and gets the message once.
      const sessions = new Map(subscribers.map((subscriber) => [subscriber.clientId, subscriber]));
      const waiting = [...sessions.values()].filter(({ clientId }) => this.#mayWait(clientId, packet));
      const before = this.#lastKept;
      const kept = enqueueCombi(waiting, packet).catch((error: unknown) => {
        for (const { clientId } of waiting) this.#countOut(clientId, packet);
        throw error;
      });
      if (waiting.length > 0) this.#comesBefore(kept);
      await kept;
      if (waiting.length < sessions.size) await before;
    };
    store.outgoingUpdate = async (client, packet) => {
      // What found no room is not there to be updated: who is connected gets it all the same, unkept.
      await update(client, packet).catch(passOverMissing);
      const queue = this.#outgoing.get(client.id);
      // A QoS 2 message has given way to its PUBREL, which has no payload.
      if (queue === undefined || packet.payload !== undefined) return;
      let bytes = 0;
      for await (const waiting of store.outgoingStream(client)) bytes += sizeOf(waiting);
      queue.bytes = bytes;
    };
    store.outgoingClearMessageId = async (client, packet) => {
      const cleared = await clear(client, packet);
      if (cleared !== undefined) this.#countOut(client.id, cleared);
      return cleared;
    };
  }

  #boundIncoming(store: SessionStore): void {
    const keep = store.incomingStorePacket.bind(store);
    const remove = store.incomingDelPacket.bind(store);
    const clean = store.cleanIncoming.bind(store);
    store.incomingStorePacket = async (client, packet) => {
      const unreleased = this.#incoming.get(client.id) ?? new Unreleased();
      if (unreleased.bytes > this.#limits.maxQueuedBytes)
        throw new Error(`more than ${this.#limits.maxQueuedBytes} bytes wait for their PUBREL`);
      const size = sizeOf(packet);
      if (size > 0) {
        unreleased.add(packet.messageId ?? 0, size);
        this.#incoming.set(client.id, unreleased);
      }
      await keep(client, packet);
    };
    store.incomingDelPacket = async (client, packet) => {
      const packetId = packet.messageId ?? 0;
      this.#events.onReleased(client.id, packetId);
      const unreleased = this.#incoming.get(client.id);
      unreleased?.remove(packetId);
      if (unreleased?.isEmpty) this.#incoming.delete(client.id);
      return remove(client, packet);
    };
    store.cleanIncoming = (client) => {
      this.#incoming.delete(client.id);
      return clean(client);
    };
  }

  #comesBefore(kept: Promise<unknown>): void {
    this.#lastKept = kept.catch(() => undefined); // whoever enqueued is told
  }

  #countOut(clientId: string, packet: Packet): void {
    const queue = this.#outgoing.get(clientId);
    if (queue === undefined) return;
    queue.messages -= 1;
    queue.bytes -= sizeOf(packet);
    if (queue.messages === 0) this.#outgoing.delete(clientId);
  }

  /** Counts a message in, unless too much waits for the session already. */
  #mayWait(clientId: string, packet: Packet): boolean {
    const queue = this.#outgoing.get(clientId) ?? new Queue();
    if (queue.messages >= this.#limits.maxQueuedMessages || queue.bytes > this.#limits.maxQueuedBytes) {
      this.#events.onDropped(clientId);
      return false;
    }
    queue.messages += 1;
    queue.bytes += sizeOf(packet);
    this.#outgoing.set(clientId, queue);
    return true;
  }
}

function sizeOf(packet: Packet): number {
  return packet.payload?.length ?? 0;
}

function passOverMissing(error: unknown): void {
  if (!(error instanceof Error && error.message === 'no such packet')) throw error;
}
