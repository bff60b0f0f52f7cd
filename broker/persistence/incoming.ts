import type { AedesMemory, PersistedClient } from './aedes-memory.ts';
import { encodePacket, keys, type StoredPacket } from './entries.ts';
import type { Mirror } from './mirror.ts';
import type { StoredSessions } from './stored-sessions.ts';

/** QoS 2 messages from clients that were not released by PUBREL yet: the packet id is on disk before the message is used. */
export class Incoming {
  readonly #memory: AedesMemory;
  readonly #mirror: Mirror | null;
  readonly #isKeptElsewhere: (packet: StoredPacket) => boolean;
  /** Packet ids on disk by client id. */
  readonly #onDisk = new Map<string, Set<number>>();

  /** @param isKeptElsewhere whether only the packet id of a message is remembered, and only in memory */
  constructor(
    memory: AedesMemory,
    mirror: Mirror | null,
    isKeptElsewhere: (packet: StoredPacket) => boolean,
  ) {
    this.#memory = memory;
    this.#mirror = mirror;
    this.#isKeptElsewhere = isKeptElsewhere;
  }

  /** Puts back what was found on disk. */
  async restore(unreleased: StoredSessions['unreleased']): Promise<void> {
    for (const { clientId, packetId, packet } of unreleased) {
      this.#noteOnDisk(clientId, packetId);
      await this.#memory.incomingStorePacket({ id: clientId }, packet);
    }
  }

  async store(client: PersistedClient, packet: StoredPacket): Promise<void> {
    const { messageId } = packet;
    const isKept = client.clean === true || this.#isKeptElsewhere(packet);
    if (!isKept && this.#mirror !== null && messageId !== undefined) {
      // Aedes publishes it at once and asks only whether it was there, so its content need not be kept.
      const marker = encodePacket({ ...packet, payload: new Uint8Array(0) });
      await this.#mirror.commit([[keys.unreleased(client.id, messageId), marker]]);
      this.#noteOnDisk(client.id, messageId);
    }
    await this.#memory.incomingStorePacket(client, packet);
  }

  async delete(client: PersistedClient, packet: StoredPacket): Promise<void> {
    const { messageId } = packet;
    const onDisk = this.#onDisk.get(client.id);
    if (messageId !== undefined && onDisk?.delete(messageId)) {
      this.#mirror?.remove(keys.unreleased(client.id, messageId));
      if (onDisk.size === 0) this.#onDisk.delete(client.id);
    }
    await this.#memory.incomingDelPacket(client, packet);
  }

  /** Removes all of a client. */
  async clean(client: PersistedClient): Promise<void> {
    for (const packetId of this.#onDisk.get(client.id) ?? [])
      this.#mirror?.remove(keys.unreleased(client.id, packetId));
    this.#onDisk.delete(client.id);
    await this.#memory.cleanIncoming(client);
  }

  #noteOnDisk(clientId: string, packetId: number): void {
    const packetIds = this.#onDisk.get(clientId) ?? new Set();
    this.#onDisk.set(clientId, packetIds.add(packetId));
  }
}
