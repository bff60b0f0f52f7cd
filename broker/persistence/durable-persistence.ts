import { Readable } from 'node:stream';
import { createAedesMemory, type PersistedClient, type Subscriber } from './aedes-memory.ts';
import type { DurableMap } from './durable-map.ts';
import { encodeJson, encodePacket, keys, type StoredPacket, type StoredSubscription } from './entries.ts';
import { Mirror } from './mirror.ts';
import { Outgoing } from './outgoing.ts';
import { type OldWill, type Owner, readStoredSessions } from './stored-sessions.ts';
import { Wills } from './wills.ts';

/** What was found on disk at the start. */
export interface Restored {
  /** Whose each lasting session is, by client id. */
  readonly owners: ReadonlyMap<string, Owner>;
  /** Filters by client id. */
  readonly subscriptions: ReadonlyMap<string, readonly string[]>;
  /** Messages by client id. */
  readonly waiting: ReadonlyMap<string, readonly StoredPacket[]>;
  readonly wills: readonly OldWill[];
}

/** How exactly the disk knows when a session was last connected: a device that comes and goes writes nothing each time. */
export const SEEN_TO_WITHIN_MS = 86_400_000;

const NOTHING_RESTORED: Restored = {
  owners: new Map(),
  subscriptions: new Map(),
  waiting: new Map(),
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
  readonly #outgoing: Outgoing;
  readonly #options: DurablePersistenceOptions;
  readonly #owners = new Map<string, Owner>();
  /** What is being kept, by the array of its SUBSCRIBE. */
  readonly #adding = new WeakMap<readonly StoredSubscription[], Promise<void>>();
  /** Packet ids on disk by client id. */
  readonly #unreleased = new Map<string, Set<number>>();
  readonly #wills: Wills;

  constructor(options: DurablePersistenceOptions = {}) {
    this.#options = options;
    this.#mirror =
      options.map === undefined ? null : new Mirror(options.map, options.onTrouble ?? (() => undefined));
    this.#outgoing = new Outgoing(this.#mirror);
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
    for (const [clientId, owner] of owners) this.#owners.set(clientId, owner);
    for (const [id, stored] of subscriptions) await this.#memory.addSubscriptions({ id }, stored);
    for (const { clientId, packetId, packet } of unreleased) {
      this.#noteUnreleased(clientId, packetId);
      await this.#memory.incomingStorePacket({ id: clientId }, packet);
    }
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
      wills,
    };
  }

  /** Writes what is left. Nothing is kept any more afterwards. */
  async close(): Promise<void> {
    await this.#mirror?.close();
  }

  /** A user's session is to outlive its connections, so it must not become another user's. */
  own(clientId: string, userId: string, seenAt: number): void {
    if (this.#owners.get(clientId)?.userId !== userId) this.#putOwner(clientId, { userId, seenAt });
    else this.seen(clientId, seenAt);
  }

  /**
   * Somebody is, or was, connected to a session that lasts; written once a day, or where the clock was set back. A day exactly is
   * what a start adds to what was written, and no news.
   *
   * @param at epoch ms
   */
  seen(clientId: string, at: number): void {
    const owner = this.#owners.get(clientId);
    if (owner !== undefined && Math.abs(at - (owner.seenAt ?? 0)) > SEEN_TO_WITHIN_MS)
      this.#putOwner(clientId, { ...owner, seenAt: at });
  }

  /** A session lasts no longer than its connection. */
  disown(clientId: string): void {
    if (this.#owners.delete(clientId)) this.#mirror?.remove(keys.owner(clientId));
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

  /** Aedes calls it for each filter of a SUBSCRIBE, with all of them: once is enough, for 3,000 filters took 8 s otherwise. */
  addSubscriptions(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void> {
    const underWay = this.#adding.get(subscriptions);
    if (underWay !== undefined) return underWay;
    const adding = this.#add(client, subscriptions).finally(() => this.#adding.delete(subscriptions));
    this.#adding.set(subscriptions, adding);
    return adding;
  }

  async #add(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void> {
    // All of them have been judged by the end of this turn.
    await null;
    const granted = subscriptions.filter((subscription) => !this.#options.isDenied?.(subscription));
    await this.#mirror?.commit(
      granted.map(({ topic, ...rest }) => [keys.subscription(client.id, topic), encodeJson(rest)]),
    );
    const { ownerOf } = this.#options;
    if (ownerOf === undefined || ownerOf(client.id) !== undefined) {
      await this.#memory.addSubscriptions(client, granted);
      return;
    }
    // Its user was removed meanwhile: messages would wait for nobody.
    for (const { topic } of granted) this.#mirror?.remove(keys.subscription(client.id, topic));
  }

  async removeSubscriptions(client: PersistedClient, topics: readonly string[]): Promise<void> {
    await this.#memory.removeSubscriptions(client, topics);
    for (const topic of topics) this.#mirror?.remove(keys.subscription(client.id, topic));
    await this.#mirror?.flushed();
  }

  subscriptionsByClient(client: PersistedClient): Promise<StoredSubscription[]> {
    return this.#memory.subscriptionsByClient(client);
  }

  subscriptionsByTopic(topic: string): Promise<Subscriber[]> {
    return this.#memory.subscriptionsByTopic(topic);
  }

  async cleanSubscriptions(client: PersistedClient): Promise<void> {
    const stored = await this.#memory.subscriptionsByClient(client);
    await this.#memory.cleanSubscriptions(client);
    // Most that connect with a clean session had none before: they wait for nothing.
    if (stored.length === 0 || this.#mirror === null) return;
    for (const { topic } of stored) this.#mirror.remove(keys.subscription(client.id, topic));
    await this.#mirror.flushed();
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

  /** Takes the wills of clients away, and resolves when they and all that was removed before are no longer on disk. */
  async forgetWills(clientIds: Iterable<string>): Promise<void> {
    for (const id of clientIds) this.#wills.forget(id);
    await this.#mirror?.flushed();
  }

  outgoingStream(client: PersistedClient): Readable {
    return Readable.from(this.#outgoing.of(client));
  }

  async incomingStorePacket(client: PersistedClient, packet: StoredPacket): Promise<void> {
    const { messageId } = packet;
    const isKept = client.clean === true || this.#options.isKeptElsewhere?.(packet) === true;
    if (!isKept && this.#mirror !== null && messageId !== undefined) {
      // Aedes publishes it at once and asks only whether it was there, so its content need not be kept.
      const marker = encodePacket({ ...packet, payload: new Uint8Array(0) });
      await this.#mirror.commit([[keys.unreleased(client.id, messageId), marker]]);
      this.#noteUnreleased(client.id, messageId);
    }
    await this.#memory.incomingStorePacket(client, packet);
  }

  incomingGetPacket(client: PersistedClient, packet: StoredPacket): Promise<StoredPacket> {
    return this.#memory.incomingGetPacket(client, packet);
  }

  async incomingDelPacket(client: PersistedClient, packet: StoredPacket): Promise<void> {
    const { messageId } = packet;
    const onDisk = this.#unreleased.get(client.id);
    if (messageId !== undefined && onDisk?.delete(messageId)) {
      this.#mirror?.remove(keys.unreleased(client.id, messageId));
      if (onDisk.size === 0) this.#unreleased.delete(client.id);
    }
    await this.#memory.incomingDelPacket(client, packet);
  }

  async cleanIncoming(client: PersistedClient): Promise<void> {
    for (const packetId of this.#unreleased.get(client.id) ?? [])
      this.#mirror?.remove(keys.unreleased(client.id, packetId));
    this.#unreleased.delete(client.id);
    await this.#memory.cleanIncoming(client);
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

  #putOwner(clientId: string, owner: Owner): void {
    this.#owners.set(clientId, owner);
    this.#mirror?.put(keys.owner(clientId), encodeJson(owner));
  }

  get #brokerId(): string {
    return (this.#memory.broker as { readonly id: string }).id;
  }

  #noteUnreleased(clientId: string, packetId: number): void {
    const packetIds = this.#unreleased.get(clientId) ?? new Set();
    this.#unreleased.set(clientId, packetIds.add(packetId));
  }
}
