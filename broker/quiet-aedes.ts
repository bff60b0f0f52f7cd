import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import { connectionOf } from './connection.ts';
import type { DirectSends } from './direct-sends.ts';
import type { PersistedClient } from './persistence/aedes-memory.ts';
import type { DurablePersistence } from './persistence/durable-persistence.ts';
import type { SessionBounds, SessionStore } from './session-bounds.ts';

type Done = (error?: Error) => void;
type Publish = (packet: PublishPacket, client: Client | Done | null, done?: Done) => void;

/** What Aedes asks its persistence about a packet, as far as it is answered here. */
interface Sent {
  readonly cmd?: string;
  readonly messageId?: number | undefined;
}

/** What Aedes' typings leave out. */
const registry = Aedes.prototype as unknown as Record<
  'registerClient' | 'unregisterClient',
  (this: Aedes, client: Client) => void
>;

/** A message that waits for a session; what it gave way to, a PUBREL, has no topic. */
export interface WaitingMessage {
  readonly topic?: string;
  /** Of the client that sent it. */
  readonly clientId?: string;
}

export interface QuietAedesParts {
  readonly persistence: DurablePersistence;
  readonly bounds: SessionBounds;
  readonly sends: DirectSends;
  /** Whether a message reaches this client by its link, so that Aedes must not send it as well. */
  comesByLink(clientId: string, topic: string): boolean;
  /** Whether a message is not to be published: nobody hears it, or who sent it was removed since it was let in. */
  isForNobody(packet: PublishPacket, sender: Client | null): boolean;
}

/**
 * Aedes that does not publish what `isForNobody` names. Its fan-out (matching, retained store, offline queues) costs more
 * than all else together, and telemetry is taken in process: 40 k to 70 k messages a second, measured. What it keeps of
 * sessions has bounds.
 */
export class QuietAedes extends Aedes {
  readonly #parts: QuietAedesParts;
  /** Who has the session of its client id, or had it last. */
  readonly #holders = new WeakSet<object>();

  constructor(options: AedesOptions, parts: QuietAedesParts) {
    super({ ...options, persistence: parts.persistence });
    this.#parts = parts;
  }

  override async listen(): Promise<void> {
    await super.listen();
    // It would publish the wills of all that are connected when the clock is set forward: they count as a dead broker's then.
    clearInterval((this as unknown as { readonly _clearWillInterval: NodeJS.Timeout })._clearWillInterval);
    const store = this.#store();
    this.#parts.bounds.bound(store);
    this.#leaveToHolders(store);
    this.#setDirectSendsApart(store);
    markRepeated(store);
  }

  /**
   * Aedes would wait for the older connection to close, and then take the id from whoever has it by then: one of three that come
   * at once was never closed, nor one whose successor was refused [MQTT-3.1.4-2].
   */
  registerClient(client: Client): void {
    // It has hung up: who is there goes on.
    if (client.closed || connectionOf(client).destroyed) return;
    const older = this.#registered[client.id];
    if (older !== undefined) {
      registry.unregisterClient.call(this, older);
      this.#holders.delete(older);
    }
    this.#holders.add(client);
    registry.registerClient.call(this, client);
    older?.close();
  }

  unregisterClient(client: Client): void {
    if (this.#registered[client.id] === client) registry.unregisterClient.call(this, client);
  }

  /** Aedes calls it with the client between packet and callback, which its typings leave out. */
  override publish(packet: PublishPacket, client: Client | Done | null, done?: Done): void {
    if (this.#parts.isForNobody(packet, typeof client === 'function' ? null : client)) {
      (typeof client === 'function' ? client : done)?.();
      return;
    }
    (super.publish as Publish).call(this, packet, client, done);
  }

  /** Ends the session of a client that is away. */
  async forgetSession(clientId: string): Promise<void> {
    // First, for whoever connects meanwhile owns it anew.
    this.#parts.persistence.owners.disown(clientId);
    await this.#parts.bounds.forget(this.#store(), clientId);
  }

  /** Takes messages out of all that wait for some session. */
  async forgetMessages(isMeant: (message: WaitingMessage) => boolean): Promise<void> {
    const store = this.#store();
    // What was let in until now is on its way to the disk a turn later, and waits for somebody when it is there.
    await setImmediate();
    await this.#parts.persistence.enqueued();
    for (const id of this.#parts.persistence.waitingFor()) {
      for await (const packet of store.outgoingStream({ id }))
        if (isMeant(packet)) await store.outgoingClearMessageId({ id }, packet);
    }
  }

  get #registered(): Readonly<Record<string, Client | undefined>> {
    return (this as unknown as { readonly clients: Record<string, Client> }).clients;
  }

  #store(): SessionStore {
    return this.#parts.persistence as unknown as SessionStore;
  }

  /**
   * Aedes empties a session for a CONNECT that may still fail, and for one that it has refused: a stranger could have anybody's
   * emptied. Only who has it may, from the registration on [MQTT-3.1.2-6].
   */
  #leaveToHolders(store: SessionStore): void {
    const cleanSubscriptions = store.cleanSubscriptions.bind(store);
    const cleanIncoming = store.cleanIncoming.bind(store);
    // Named by its id alone it is ended by the broker itself.
    const mayEmpty = (client: PersistedClient) => client.closed === undefined || this.#holders.has(client);
    store.cleanSubscriptions = async (client) => {
      if (mayEmpty(client)) await cleanSubscriptions(client);
    };
    // Asked for behind the registration, and waited for before CONNACK: the subscriptions go here as well.
    store.cleanIncoming = async (client) => {
      if (mayEmpty(client)) await Promise.all([cleanIncoming(client), cleanSubscriptions(client)]);
    };
  }

  /** Aedes would look for them in the session's queue. */
  #setDirectSendsApart(store: SessionStore): void {
    const { sends, comesByLink } = this.#parts;
    const enqueue = store.outgoingEnqueueCombi.bind(store);
    store.outgoingEnqueueCombi = (subscribers, packet) =>
      enqueue(
        subscribers.filter(({ clientId }) => !comesByLink(clientId, packet.topic ?? '')),
        packet,
      );
    const clear = store.outgoingClearMessageId.bind(store);
    store.outgoingClearMessageId = async (client, packet) =>
      sends.acknowledged(client as Client, packet.messageId) ? undefined : clear(client, packet);
  }
}

/** What a session was sent before is sent again with DUP, which Aedes leaves out [MQTT-3.3.1-1]. */
function markRepeated(store: SessionStore): void {
  const stream = store.outgoingStream.bind(store);
  store.outgoingStream = (client) =>
    Readable.from(stream(client)).map((packet: Sent) =>
      packet.cmd === 'publish' && packet.messageId !== undefined ? { ...packet, dup: true } : packet,
    );
}
