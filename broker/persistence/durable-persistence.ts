import { Readable } from 'node:stream';
import { createAedesMemory, type PersistedClient, type Subscriber } from './aedes-memory.ts';
import type { DurableMap } from './durable-map.ts';
import { encodePacket, keys, type StoredPacket, type StoredSubscription } from './entries.ts';
import { Incoming } from './incoming.ts';
import { Mirror } from './mirror.ts';
import { Outgoing } from './outgoing.ts';
import { Owners } from './owners.ts';
import { type OldWill, type Owner, readStoredSessions, type StoredSessions } from './stored-sessions.ts';
import { Subscriptions } from './subscriptions.ts';
import { Wills } from './wills.ts';

/** What was found on disk at the start. */
export interface Restored {
  /** Whose each lasting session is, by client id. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Filters by client id. */
  readonly subscriptions: ReadonlyMap<string, readonly string[]>;
  /** Messages by client id. */
  readonly waiting: ReadonlyMap<string, readonly StoredPacket[]>;
  /** QoS 2 messages that came and were not released by PUBREL. */
  readonly unreleased: StoredSessions['unreleased'];
  readonly wills: readonly OldWill[];
}

const NOTHING_RESTORED: Restored = {
  owners: new Map(),
  subscriptions: new Map(),
  waiting: new Map(),
  unreleased: [],
  wills: [],
};

export interface DurablePersistenceOptions {
  /** Without it everything ends with the process. */
  readonly map?: DurableMap | undefined;
  readonly onTrouble?: (error: Error) => void;
  /** The user whose client id this is; nobody's has no session. */
  readonly ownerOf?: (clientId: string) => string | undefined;
  /** Whether a QoS 2 message is kept elsewhere already, so that only its packet id is remembered, and only here. */
  readonly isKeptElsewhere?: (packet: StoredPacket) => boolean;
  /** Whether a subscription was refused: Aedes hands over all of a SUBSCRIBE when one of them is granted. */
  readonly isDenied?: (subscription: StoredSubscription) => boolean;
}

/**
 * Persistence for Aedes that answers from memory and is followed by a map on disk. Aedes reorders and loses deliveries where its
 * persistence answers late (its issues 955 and 994), so only what promises something waits for the disk: a subscription
 * before SUBACK, a message before its publisher is told, the packet id of a QoS 2 message before it is used.
 */
export class DurablePersistence {
  readonly #memory = createAedesMemory();
  readonly #mirror: Mirror | null;
  readonly #subscriptions: Subscriptions;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #wills: Wills;
  readonly #options: DurablePersistenceOptions;
  readonly owners: Owners;

  constructor(options: DurablePersistenceOptions = {}) {
    this.#options = options;
    this.#mirror =
      options.map === undefined ? null : new Mirror(options.map, options.onTrouble ?? (() => undefined));
    this.owners = new Owners(this.#mirror);
    this.#subscriptions = new Subscriptions(this.#memory, this.#mirror, options);
    this.#outgoing = new Outgoing(this.#mirror);
    this.#incoming = new Incoming(
      this.#memory,
      this.#mirror,
      (packet) => options.isKeptElsewhere?.(packet) ?? false,
    );
    this.#wills = new Wills(this.#mirror, (clientId) => options.ownerOf?.(clientId));
  }

  /** Why the latest write failed, or null. */
  get trouble(): string | null {
    return this.#mirror?.trouble ?? null;
  }

  /** The broker that `setup` was given; Aedes' conformance suite asks for it. */
  get broker(): unknown {
    return this.#memory.broker;
  }

  async setup(broker: unknown): Promise<void> {
    await this.#memory.setup(broker);
  }

  /** Takes in what is on disk. To be called once, before anybody connects. */
  async restore(): Promise<Restored> {
    const { map } = this.#options;
    if (map === undefined) return NOTHING_RESTORED;
    const { owners, subscriptions, waiting, unreleased, retained, wills } = await readStoredSessions(map);
    this.owners.restore(owners);
    await this.#subscriptions.restore(subscriptions);
    await this.#incoming.restore(unreleased);
    for (const packet of retained) await this.#memory.storeRetained(packet);
    const packets = new Map<string, StoredPacket[]>();
    for (const message of waiting) {
      const all = packets.get(message.clientId) ?? [];
      all.push(this.#outgoing.restore(message));
      packets.set(message.clientId, all);
    }
    return {
      owners,
      subscriptions: new Map([...subscriptions].map(([id, all]) => [id, all.map(({ topic }) => topic)])),
      waiting: packets,
      unreleased,
      wills,
    };
  }

  /** Writes what is left. Nothing is kept any more afterwards. */
  async close(): Promise<void> {
    await this.#mirror?.close();
  }

  /** The will of an earlier process was published. */
  oldWillDone(clientId: string): void {
    this.#mirror?.remove(keys.will(clientId));
  }

  async storeRetained(packet: StoredPacket): Promise<void> {
    const key = keys.retained(packet.topic);
    if (packet.payload.length > 0) await this.#mirror?.commit([[key, encodePacket(packet)]]);
    await this.#memory.storeRetained(packet);
    if (packet.payload.length > 0) return;
    this.#mirror?.remove(key);
    await this.#mirror?.flushed();
  }

  createRetainedStream(pattern: string): Readable {
    return this.#memory.createRetainedStream(pattern);
  }

  createRetainedStreamCombi(patterns: readonly string[]): Readable {
    return this.#memory.createRetainedStreamCombi(patterns);
  }

  addSubscriptions(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void> {
    return this.#subscriptions.add(client, subscriptions);
  }

  removeSubscriptions(client: PersistedClient, topics: readonly string[]): Promise<void> {
    return this.#subscriptions.remove(client, topics);
  }

  subscriptionsByClient(client: PersistedClient): Promise<StoredSubscription[]> {
    return this.#memory.subscriptionsByClient(client);
  }

  subscriptionsByTopic(topic: string): Promise<Subscriber[]> {
    return this.#memory.subscriptionsByTopic(topic);
  }

  cleanSubscriptions(client: PersistedClient): Promise<void> {
    return this.#subscriptions.clean(client);
  }

  countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return this.#memory.countOffline();
  }

  getClientList(topic: string): Readable {
    return this.#memory.getClientList(topic);
  }

  outgoingEnqueue(subscriber: Subscriber, packet: StoredPacket): Promise<void> {
    return this.#outgoing.enqueue([subscriber.clientId], packet);
  }

  /** Once for each session, though several of its subscriptions may match. */
  outgoingEnqueueCombi(subscribers: readonly Subscriber[], packet: StoredPacket): Promise<void> {
    return this.#outgoing.enqueue([...new Set(subscribers.map(({ clientId }) => clientId))], packet);
  }

  outgoingUpdate(client: PersistedClient, packet: StoredPacket): Promise<void> {
    return this.#outgoing.update(client, packet);
  }

  async outgoingClearMessageId(
    client: PersistedClient,
    packet: StoredPacket,
  ): Promise<StoredPacket | undefined> {
    return this.#outgoing.clear(client, packet);
  }

  /** Resolves when all messages that were on their way to the disk wait for their sessions. */
  enqueued(): Promise<void> {
    return this.#outgoing.settled();
  }

  /** Sessions for which messages wait. */
  waitingFor(): readonly string[] {
    return this.#outgoing.clientIds();
  }

  /** The latest packet id under which a message was sent to a session that is not acknowledged; null where there is none. */
  lastPacketId(client: PersistedClient): number | null {
    return this.#outgoing.lastPacketId(client);
  }

  /** Takes the wills of clients away, and resolves when they and all that was removed before are no longer on disk. */
  async forgetWills(clientIds: Iterable<string>): Promise<void> {
    for (const id of clientIds) this.#wills.forget(id);
    await this.#mirror?.flushed();
  }

  outgoingStream(client: PersistedClient): Readable {
    return Readable.from(this.#outgoing.of(client));
  }

  incomingStorePacket(client: PersistedClient, packet: StoredPacket): Promise<void> {
    return this.#incoming.store(client, packet);
  }

  incomingGetPacket(client: PersistedClient, packet: StoredPacket): Promise<StoredPacket> {
    return this.#memory.incomingGetPacket(client, packet);
  }

  incomingDelPacket(client: PersistedClient, packet: StoredPacket): Promise<void> {
    return this.#incoming.delete(client, packet);
  }

  cleanIncoming(client: PersistedClient): Promise<void> {
    return this.#incoming.clean(client);
  }

  async putWill(client: PersistedClient, packet: StoredPacket): Promise<void> {
    await this.#wills.put(client, packet, this.#brokerId);
  }

  /** There never was this connection, for it got no CONNACK: one that it was to replace goes on, and keeps its will. */
  takeBackWill(client: PersistedClient): void {
    this.#wills.takeBack(client);
  }

  async getWill(client: PersistedClient): Promise<StoredPacket | undefined> {
    return this.#wills.get(client.id);
  }

  async delWill(client: PersistedClient): Promise<StoredPacket | undefined> {
    return this.#wills.delete(client);
  }

  streamWill(brokers: object = {}): Readable {
    return this.#wills.stream(brokers);
  }

  async destroy(): Promise<void> {
    await this.#memory.destroy();
    await this.close();
  }

  get #brokerId(): string {
    return (this.#memory.broker as { readonly id: string }).id;
  }
}
