import type { Readable } from 'node:stream';
import memoryPersistence from 'aedes-persistence';
import type { StoredPacket, StoredSubscription } from './entries.ts';

/** A client as Aedes names it to its persistence. */
export interface PersistedClient {
  readonly id: string;
  /** Whether the session ends with its connection. */
  readonly clean?: boolean;
  /** Undefined where Aedes names a client by its id alone. */
  readonly closed?: boolean;
}

export interface Subscriber {
  readonly clientId: string;
}

/** The part of Aedes' own persistence, in memory, that is used; its typings know only the callback form. */
export interface AedesMemory {
  readonly broker: unknown;
  setup(broker: unknown): Promise<void>;
  storeRetained(packet: StoredPacket): Promise<void>;
  createRetainedStream(pattern: string): Readable;
  createRetainedStreamCombi(patterns: readonly string[]): Readable;
  addSubscriptions(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void>;
  removeSubscriptions(client: PersistedClient, topics: readonly string[]): Promise<void>;
  subscriptionsByClient(client: PersistedClient): Promise<StoredSubscription[]>;
  subscriptionsByTopic(topic: string): Promise<Subscriber[]>;
  cleanSubscriptions(client: PersistedClient): Promise<void>;
  countOffline(): Promise<{ subsCount: number; clientsCount: number }>;
  getClientList(topic: string): Readable;
  incomingStorePacket(client: PersistedClient, packet: StoredPacket): Promise<void>;
  incomingGetPacket(client: PersistedClient, packet: StoredPacket): Promise<StoredPacket>;
  incomingDelPacket(client: PersistedClient, packet: StoredPacket): Promise<void>;
  cleanIncoming(client: PersistedClient): Promise<void>;
  destroy(): Promise<void>;
}

/** Its typings name an export that the module, being CommonJS, does not have. */
export const createAedesMemory = memoryPersistence as unknown as () => AedesMemory;
