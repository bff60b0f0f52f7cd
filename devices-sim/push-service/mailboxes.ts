import { randomBytes, randomUUID } from 'node:crypto';

/** A message that waits for its browser, or for the browser's acknowledgement. */
export interface StoredMessage {
  readonly id: string;
  readonly channelId: string;
  readonly topic: string | null;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly body: Buffer;
}

/** One browser profile; the name it keeps across connections is its uaid. */
export interface UserAgent {
  readonly uaid: string;
  readonly channels: Map<string, Channel>;
  readonly pending: Map<string, StoredMessage>;
}

/** One subscription: where it is posted to, and the only key that may post (RFC 8292 §4), if it named one. */
export interface Channel {
  readonly id: string;
  readonly token: string;
  readonly applicationServerKey: string | null;
}

export type FoundChannel =
  | { readonly kind: 'found'; readonly agent: UserAgent; readonly channel: Channel }
  | { readonly kind: 'unsubscribed' }
  | { readonly kind: 'unknown' };

export interface MailboxLimits {
  readonly agents: number;
  readonly channelsPerAgent: number;
  readonly pendingPerAgent: number;
  readonly pending: number;
}

export const MAILBOX_LIMITS: MailboxLimits = {
  agents: 10_000,
  channelsPerAgent: 10_000,
  pendingPerAgent: 10_000,
  pending: 50_000,
};

const MAX_FORGOTTEN = 10_000;

/** What the push service keeps, in memory: browsers, their subscriptions and the messages on their way. All of it bounded. */
export class Mailboxes {
  readonly #limits: MailboxLimits;
  readonly #agents = new Map<string, UserAgent>();
  readonly #byToken = new Map<string, { readonly agent: UserAgent; readonly channel: Channel }>();
  /** Tokens of ended subscriptions, to tell 410 from 404; the oldest are forgotten. */
  readonly #ended = new Set<string>();
  readonly #messages = new Map<string, { readonly agent: UserAgent; readonly message: StoredMessage }>();

  constructor(limits: MailboxLimits = MAILBOX_LIMITS) {
    this.#limits = limits;
  }

  /** The browser of that name; a new one where none is known. Null where there is no room for another. */
  agent(uaid: string | null): UserAgent | null {
    const known = uaid === null ? undefined : this.#agents.get(uaid);
    if (known !== undefined) return known;
    if (this.#agents.size >= this.#limits.agents) return null;
    const agent: UserAgent = {
      uaid: randomUUID().replaceAll('-', ''),
      channels: new Map(),
      pending: new Map(),
    };
    this.#agents.set(agent.uaid, agent);
    return agent;
  }

  /** Subscribes; the same channel again keeps its endpoint. */
  register(
    agent: UserAgent,
    channelId: string,
    applicationServerKey: string | null,
  ): Channel | 'conflict' | 'full' {
    const known = agent.channels.get(channelId);
    if (known !== undefined) return known.applicationServerKey === applicationServerKey ? known : 'conflict';
    if (agent.channels.size >= this.#limits.channelsPerAgent) return 'full';
    const channel = { id: channelId, token: randomBytes(32).toString('base64url'), applicationServerKey };
    agent.channels.set(channelId, channel);
    this.#byToken.set(channel.token, { agent, channel });
    return channel;
  }

  unregister(agent: UserAgent, channelId: string): void {
    const channel = agent.channels.get(channelId);
    if (channel === undefined) return;
    agent.channels.delete(channelId);
    this.#byToken.delete(channel.token);
    this.#ended.add(channel.token);
    if (this.#ended.size > MAX_FORGOTTEN) {
      const oldest = this.#ended.values().next();
      if (!oldest.done) this.#ended.delete(oldest.value);
    }
    for (const message of agent.pending.values()) {
      if (message.channelId === channelId) this.remove(message.id);
    }
  }

  find(token: string): FoundChannel {
    const known = this.#byToken.get(token);
    if (known !== undefined) return { kind: 'found', ...known };
    return { kind: this.#ended.has(token) ? 'unsubscribed' : 'unknown' };
  }

  /**
   * Keeps a message until it is acknowledged or expires. One of the same topic for the same subscription takes the place of the
   * one before (RFC 8030 §5.4). False where there is no room.
   */
  store(agent: UserAgent, message: StoredMessage, now: number): boolean {
    if (message.topic !== null) {
      for (const other of agent.pending.values()) {
        if (other.channelId === message.channelId && other.topic === message.topic) this.remove(other.id);
      }
    }
    if (agent.pending.size >= this.#limits.pendingPerAgent) this.#sweep(agent.pending.values(), now);
    if (this.#messages.size >= this.#limits.pending) {
      this.#sweep(
        [...this.#messages.values()].map((entry) => entry.message),
        now,
      );
    }
    if (agent.pending.size >= this.#limits.pendingPerAgent) return false;
    if (this.#messages.size >= this.#limits.pending) return false;
    agent.pending.set(message.id, message);
    this.#messages.set(message.id, { agent, message });
    return true;
  }

  /** What waits for a browser, oldest first, without what expired. */
  pendingOf(agent: UserAgent, now: number): readonly StoredMessage[] {
    this.#sweep(agent.pending.values(), now);
    return [...agent.pending.values()];
  }

  /** Forgets a message: acknowledged, cancelled or replaced. False where it is not known. */
  remove(messageId: string): boolean {
    const known = this.#messages.get(messageId);
    if (known === undefined) return false;
    known.agent.pending.delete(messageId);
    return this.#messages.delete(messageId);
  }

  get counts(): { readonly agents: number; readonly subscriptions: number; readonly pending: number } {
    return { agents: this.#agents.size, subscriptions: this.#byToken.size, pending: this.#messages.size };
  }

  #sweep(messages: Iterable<StoredMessage>, now: number): void {
    for (const message of messages) if (message.expiresAt <= now) this.remove(message.id);
  }
}
