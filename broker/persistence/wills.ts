import { Readable } from 'node:stream';
import type { PersistedClient } from './aedes-memory.ts';
import { encodePacket, keys, type StoredPacket } from './entries.ts';
import type { Mirror } from './mirror.ts';

/** As Aedes' own persistence gives it out. */
type HeldWill = StoredPacket & { readonly brokerId: string; readonly clientId: string };

interface Noted {
  readonly client: PersistedClient;
  readonly will: StoredPacket;
}

/**
 * Wills of clients that are connected, or about to be. While one takes over the id of another there are two of an id: on disk
 * is the latest, and each goes with its own connection. Aedes names them by id alone.
 */
export class Wills {
  readonly #mirror: Mirror | null;
  readonly #ownerOf: (clientId: string) => string | undefined;
  /** By client id, the latest last. */
  readonly #noted = new Map<string, readonly Noted[]>();

  /** @param ownerOf the user whose client id this is */
  constructor(mirror: Mirror | null, ownerOf: (clientId: string) => string | undefined) {
    this.#mirror = mirror;
    this.#ownerOf = ownerOf;
  }

  /** Resolves when it is on disk. @throws where it can't be written, or its connection was closed meanwhile; it is forgotten then */
  async put(client: PersistedClient, will: StoredPacket, brokerId: string): Promise<void> {
    const { id } = client;
    if (client.closed === true) throw new Error(CLOSED);
    const held: HeldWill = Object.assign(will, { brokerId, clientId: id });
    this.#noted.set(id, [...this.#of(id), { client, will: held }]);
    try {
      await this.#mirror?.commit([this.#entry(id, held)]);
    } catch (error) {
      this.takeBack(client);
      throw error;
    }
    if (isClosed(client)) {
      this.takeBack(client);
      throw new Error(CLOSED);
    }
  }

  /** There never was this connection, for it got no CONNACK: one that it was to replace goes on, and its will is on disk again. */
  takeBack(client: PersistedClient): void {
    this.#keep(client.id, (noted) => noted.client !== client);
  }

  get(clientId: string): StoredPacket | undefined {
    return this.#of(clientId).at(-1)?.will;
  }

  /**
   * Aedes asks it for a client that connects, where there is nothing to do, as the will before goes when it was published; and
   * by a bare id for one that was closed and whose will is dealt with.
   */
  delete(client: PersistedClient): StoredPacket | undefined {
    if (client.closed === false) return undefined;
    const will = this.get(client.id);
    this.#keep(client.id, (noted) => noted.client.closed === false);
    return will;
  }

  /** Takes away all of an id. */
  forget(clientId: string): void {
    this.#noted.delete(clientId);
    this.#mirror?.remove(keys.will(clientId));
  }

  /** Those of other brokers than these, by their ids. */
  stream(brokers: object): Readable {
    const wills = [...this.#noted.values()].flat().map(({ will }) => will);
    return Readable.from(wills.filter(({ brokerId = '' }) => !(brokerId in brokers)));
  }

  #of(clientId: string): readonly Noted[] {
    return this.#noted.get(clientId) ?? [];
  }

  /** Has the disk follow where the latest changes: an earlier one is noted again as long as its connection lives. */
  #keep(clientId: string, isKept: (noted: Noted) => boolean): void {
    const before = this.#of(clientId);
    const left = before.filter(isKept);
    if (left.length === before.length) return;
    if (left.length === 0) this.#noted.delete(clientId);
    else this.#noted.set(clientId, left);
    const latest = left.at(-1);
    if (latest === before.at(-1)) return;
    if (latest === undefined || isClosed(latest.client)) this.#mirror?.remove(keys.will(clientId));
    else this.#mirror?.put(...this.#entry(clientId, latest.will));
  }

  #entry(clientId: string, will: StoredPacket): [string, Uint8Array] {
    const userId = this.#ownerOf(clientId) ?? '';
    return [keys.will(clientId), encodePacket({ ...will, userId } as StoredPacket)];
  }
}

const CLOSED = 'the connection was closed before its will was kept';

/** Asked anew, for it may have been closed since it was asked before. */
function isClosed(client: PersistedClient): boolean {
  return client.closed === true;
}
