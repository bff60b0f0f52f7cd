import type { ListeningFilters } from './listeners.ts';

/** What is remembered of one client id. */
export interface Session {
  readonly clientId: string;
  readonly userId: string;
  /**
   * QoS 2 packet ids that were let in and not yet released by PUBREL, with their outcome: a PUBLISH sent again before PUBREL
   * is the same message [MQTT-4.3.3-2].
   */
  readonly unreleased: Map<number, Promise<void>>;
  /** Its subscriptions that bring telemetry. */
  readonly listening: ListeningFilters;
  /** Whether it ends with its connection, as the latest CONNECT that was let in had it. */
  clean: boolean;
  connections: number;
  /** When somebody was last connected, real time, epoch ms; while somebody is, some time before. */
  seenAt: number;
}

/**
 * Client ids and whose they are. An id belongs to the user who first used it, else a queued command could be stolen. Of each
 * user only so many are remembered; the longest unused is forgotten first, and a session that lasts after all that do not: for
 * it messages may wait.
 */
export class Sessions {
  readonly #maxPerUser: number;
  readonly #byClientId = new Map<string, Session>();
  readonly #byUser = new Map<string, Set<Session>>();

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  /**
   * Takes a client id for a user.
   *
   * @returns the session, and one that was forgotten for it; 'foreign' where the id is another user's, 'too_many' where the
   * user has as many connections as are allowed
   */
  claim(
    clientId: string,
    userId: string,
  ): { session: Session; forgotten: Session | null } | 'foreign' | 'too_many' {
    const known = this.#byClientId.get(clientId);
    if (known !== undefined && known.userId !== userId) return 'foreign';
    const own = this.#byUser.get(userId) ?? new Set();
    if (known !== undefined) {
      own.delete(known);
      own.add(known);
      return { session: known, forgotten: null };
    }
    let forgotten: Session | null = null;
    if (own.size >= this.#maxPerUser) {
      const unused = [...own].filter(({ connections }) => connections === 0);
      forgotten = unused.find(({ clean }) => clean) ?? unused[0] ?? null;
      if (forgotten === null) return 'too_many';
      own.delete(forgotten);
      this.#byClientId.delete(forgotten.clientId);
    }
    const session = newSession(clientId, userId);
    own.add(session);
    this.#byUser.set(userId, own);
    this.#byClientId.set(clientId, session);
    return { session, forgotten };
  }

  /** Takes in a session that outlived an earlier process; nobody is connected to it. */
  restore(clientId: string, userId: string): Session {
    const session = newSession(clientId, userId);
    session.clean = false;
    const own = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, own.add(session));
    this.#byClientId.set(clientId, session);
    return session;
  }

  /** Forgets all sessions of a user, and gives them. */
  removeAll(userId: string): readonly Session[] {
    const own = [...(this.#byUser.get(userId) ?? [])];
    this.#byUser.delete(userId);
    for (const { clientId } of own) this.#byClientId.delete(clientId);
    return own;
  }

  /** Those that last beyond their connections. */
  lasting(): readonly Session[] {
    return [...this.#byClientId.values()].filter(({ clean }) => !clean);
  }

  get lastingCount(): number {
    let count = 0;
    for (const { clean } of this.#byClientId.values()) if (!clean) count += 1;
    return count;
  }

  /** Forgets one session. */
  remove(session: Session): void {
    const own = this.#byUser.get(session.userId);
    own?.delete(session);
    if (own?.size === 0) this.#byUser.delete(session.userId);
    if (this.#byClientId.get(session.clientId) === session) this.#byClientId.delete(session.clientId);
  }

  find(clientId: string): Session | null {
    return this.#byClientId.get(clientId) ?? null;
  }
}

function newSession(clientId: string, userId: string): Session {
  return {
    clientId,
    userId,
    unreleased: new Map(),
    listening: new Set(),
    clean: true,
    connections: 0,
    seenAt: 0,
  };
}
