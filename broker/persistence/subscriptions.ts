import type { AedesMemory, PersistedClient } from './aedes-memory.ts';
import { encodeJson, keys, type StoredSubscription } from './entries.ts';
import type { Mirror } from './mirror.ts';

interface Ports {
  /** The user whose client id this is; nobody's has no session. */
  readonly ownerOf?: ((clientId: string) => string | undefined) | undefined;
  /** Whether a subscription was refused: Aedes hands over all of a SUBSCRIBE when one of them is granted. */
  readonly isDenied?: ((subscription: StoredSubscription) => boolean) | undefined;
}

/** Subscriptions of sessions that last: on disk before SUBACK. */
export class Subscriptions {
  readonly #memory: AedesMemory;
  readonly #mirror: Mirror | null;
  readonly #ports: Ports;
  /** What is being kept, by the array of its SUBSCRIBE. */
  readonly #adding = new WeakMap<readonly StoredSubscription[], Promise<void>>();

  constructor(memory: AedesMemory, mirror: Mirror | null, ports: Ports) {
    this.#memory = memory;
    this.#mirror = mirror;
    this.#ports = ports;
  }

  /** Puts back what was found on disk. */
  async restore(subscriptions: ReadonlyMap<string, readonly StoredSubscription[]>): Promise<void> {
    for (const [id, stored] of subscriptions) await this.#memory.addSubscriptions({ id }, stored);
  }

  /** Aedes calls it for each filter of a SUBSCRIBE, with all of them: once is enough, for 3,000 filters took 8 s otherwise. */
  add(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void> {
    const underWay = this.#adding.get(subscriptions);
    if (underWay !== undefined) return underWay;
    const adding = this.#add(client, subscriptions).finally(() => this.#adding.delete(subscriptions));
    this.#adding.set(subscriptions, adding);
    return adding;
  }

  async remove(client: PersistedClient, topics: readonly string[]): Promise<void> {
    await this.#memory.removeSubscriptions(client, topics);
    for (const topic of topics) this.#mirror?.remove(keys.subscription(client.id, topic));
    await this.#mirror?.flushed();
  }

  /** Removes all of a client. */
  async clean(client: PersistedClient): Promise<void> {
    const stored = await this.#memory.subscriptionsByClient(client);
    await this.#memory.cleanSubscriptions(client);
    // Most that connect with a clean session had none before: they wait for nothing.
    if (stored.length === 0 || this.#mirror === null) return;
    for (const { topic } of stored) this.#mirror.remove(keys.subscription(client.id, topic));
    await this.#mirror.flushed();
  }

  async #add(client: PersistedClient, subscriptions: readonly StoredSubscription[]): Promise<void> {
    const { isDenied, ownerOf } = this.#ports;
    // All of them have been judged by the end of this turn.
    await null;
    const granted = subscriptions.filter((subscription) => !isDenied?.(subscription));
    await this.#mirror?.commit(
      granted.map(({ topic, ...rest }) => [keys.subscription(client.id, topic), encodeJson(rest)]),
    );
    if (ownerOf === undefined || ownerOf(client.id) !== undefined) {
      await this.#memory.addSubscriptions(client, granted);
      return;
    }
    // Its user was removed meanwhile: messages would wait for nobody.
    for (const { topic } of granted) this.#mirror?.remove(keys.subscription(client.id, topic));
  }
}
