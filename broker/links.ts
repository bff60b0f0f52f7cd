import type { Client } from 'aedes';
import { type Connection, connectionOf, type Peer } from './connection.ts';
import type { DeviceLink, LinkListener, LinkMessage, LinkOutcome } from './device-link.ts';
import type { DirectSends } from './direct-sends.ts';
import type { EndReason } from './end-reason.ts';
import { isCommandTopicOf } from './topics.ts';

/** How exactly `lastHeardAt` tells; a clock that is read by the chunk would cost more than it tells. */
const TICK_MS = 500;

/** Makes the gateway's view of each connection, and tells it what becomes of them. */
export class Links {
  readonly #realNow: () => number;
  readonly #sends: DirectSends;
  readonly #userOf: (clientId: string) => string | undefined;
  readonly #listener: LinkListener | undefined;
  readonly #byConnection = new Map<Connection, Link>();
  #now: number;
  #timer: NodeJS.Timeout | null = null;

  /** @param userOf whose client id this is */
  constructor(
    realNow: () => number,
    sends: DirectSends,
    userOf: (clientId: string) => string | undefined,
    listener: LinkListener | undefined,
  ) {
    this.#realNow = realNow;
    this.#sends = sends;
    this.#userOf = userOf;
    this.#listener = listener;
    this.#now = realNow();
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#now = this.#realNow();
    }, TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Something was heard from a connection; called by the chunk. */
  heard(connection: Connection): void {
    connection.heardAt = this.#now;
  }

  opened(client: Client, peer: Peer): void {
    const connection = connectionOf(client);
    const link = new Link(client, peer, this.#sends);
    connection.heardAt = this.#now;
    this.#byConnection.set(connection, link);
    this.#listener?.opened(link);
    if (link.subscriptions().size > 0) this.#listener?.subscribed(link);
  }

  subscribed(client: Client): void {
    const link = this.#byConnection.get(connectionOf(client));
    if (link !== undefined) this.#listener?.subscribed(link);
  }

  /** A device's own commands are sent by who keeps them; others who subscribed get theirs from Aedes. */
  comesByLink(clientId: string, topic: string): boolean {
    if (this.#listener === undefined || !topic.endsWith('/commands')) return false;
    const userId = this.#userOf(clientId);
    return userId !== undefined && isCommandTopicOf(userId, topic);
  }

  /** Notes why a connection is about to end; the first reason counts. */
  ending(client: Client, reason: EndReason): void {
    const link = this.#byConnection.get(connectionOf(client));
    if (link !== undefined) link.endReason ??= reason;
  }

  closing(connection: Connection, reason: EndReason): void {
    const link = this.#byConnection.get(connection);
    if (link !== undefined) link.endReason ??= reason;
  }

  closed(connection: Connection): void {
    const link = this.#byConnection.get(connection);
    if (link === undefined) return;
    this.#byConnection.delete(connection);
    this.#sends.closed(link.client);
    this.#listener?.closed(link, reasonOf(link));
  }
}

class Link implements DeviceLink {
  readonly client: Client;
  readonly #peer: Peer;
  readonly #sends: DirectSends;
  endReason: EndReason | null = null;

  constructor(client: Client, peer: Peer, sends: DirectSends) {
    this.client = client;
    this.#peer = peer;
    this.#sends = sends;
  }

  get principal() {
    return this.#peer.principal;
  }

  get clientId() {
    return this.#peer.session.clientId;
  }

  get session() {
    return this.#peer.session;
  }

  subscriptions(): ReadonlyMap<string, number> {
    const { subscriptions } = this.client as unknown as {
      readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>;
    };
    return new Map(Object.entries(subscriptions).map(([filter, { qos }]) => [filter, qos]));
  }

  lastHeardAt(): number {
    return connectionOf(this.client).heardAt;
  }

  send(message: LinkMessage): Promise<LinkOutcome> {
    return this.#sends.send(this.client, message);
  }
}

function reasonOf(link: Link): EndReason {
  // Aedes notes a DISCONNECT here, before it closes.
  const { _disconnected: saidGoodbye } = link.client as unknown as { readonly _disconnected: boolean };
  if (saidGoodbye) return 'disconnected';
  if (link.endReason !== null) return link.endReason;
  return link.session.connections > 1 ? 'replaced' : 'connection_lost';
}
