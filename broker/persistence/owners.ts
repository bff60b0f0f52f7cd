import { encodeJson, keys } from './entries.ts';
import type { Mirror } from './mirror.ts';
import type { Owner } from './stored-sessions.ts';

/** How exactly the disk knows when a session was last connected: a device that comes and goes writes nothing each time. */
export const SEEN_TO_WITHIN_MS = 86_400_000;

/** Whose each session is that outlives its connections, so that it does not become another user's after a restart. */
export class Owners {
  readonly #mirror: Mirror | null;
  readonly #byClient = new Map<string, Owner>();

  constructor(mirror: Mirror | null) {
    this.#mirror = mirror;
  }

  /** Puts back what was found on disk. */
  restore(owners: ReadonlyMap<string, Owner>): void {
    for (const [clientId, owner] of owners) this.#byClient.set(clientId, owner);
  }

  /** A user's session is to outlive its connections. @param seenAt when it was connected last, epoch ms */
  own(clientId: string, userId: string, seenAt: number): void {
    if (this.#byClient.get(clientId)?.userId !== userId) this.#put(clientId, { userId, seenAt });
    else this.seen(clientId, seenAt);
  }

  /**
   * Somebody is, or was, connected to a session that lasts; written once a day, or where the clock was set back. A day exactly is
   * what a start adds to what was written, and no news.
   *
   * @param at epoch ms
   */
  seen(clientId: string, at: number): void {
    const owner = this.#byClient.get(clientId);
    if (owner !== undefined && Math.abs(at - (owner.seenAt ?? 0)) > SEEN_TO_WITHIN_MS)
      this.#put(clientId, { ...owner, seenAt: at });
  }

  /** A session lasts no longer than its connection. */
  disown(clientId: string): void {
    if (this.#byClient.delete(clientId)) this.#mirror?.remove(keys.owner(clientId));
  }

  #put(clientId: string, owner: Owner): void {
    this.#byClient.set(clientId, owner);
    this.#mirror?.put(keys.owner(clientId), encodeJson(owner));
  }
}
