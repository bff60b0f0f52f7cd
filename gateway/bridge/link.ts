import type { Arrived, Handling } from './bridge-intake.ts';
import type { NotedFilters } from './noted-filters.ts';

/** MQTT 5, and 3.1.1. */
export type ProtocolVersion = 5 | 4;

export interface LinkSettings {
  /** `mqtt://host:port`, `mqtts://…`, `ws://…`, `wss://…`; without user and password. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM of the authority that signed the broker's certificate; null for those that the system trusts. */
  readonly ca: string | null;
  /** Name of the shared subscription, or null for one that is not shared. */
  readonly group: string | null;
  /** The same at every start: the broker keeps what came in between under it. */
  readonly clientId: string;
}

export interface LinkPorts {
  /** Decides about a message; called in order of arrival, never for the next one before a `not_yet` was settled. */
  take(message: Arrived): Handling;
  readonly filters: NotedFilters;
  /** Told of a filter that the broker does not let this gateway have, and that the bridge can be without. */
  onRefused(filter: string): void;
  /** Told when the broker has no session any more of a gateway that was subscribed: what came since is not held for it. */
  onForgotten(): void;
}

export type PublishOutcome =
  | { readonly kind: 'published' }
  /** The broker does not want it, and would not want it again. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unsent' };

/** Why a connection could not be had or has ended. */
export interface LinkEnd {
  /** `wrong_version` says that it speaks another protocol version; who `hung_up` before any answer may mean the same. */
  readonly kind: 'wrong_version' | 'hung_up' | 'failed';
  readonly message: string;
}

/** A connection over which messages come. */
export interface Link {
  /** Whether it shares the telemetry with others of its group. */
  readonly shared: boolean;
  readonly inFlightBytes: number;
  /** Messages to the broker that may be unacknowledged. */
  readonly window: number;
  /** Resolves when it is gone. */
  readonly ended: Promise<LinkEnd>;
  /** Publishes at QoS 1. Never settles where the connection ends before the broker has answered. */
  publish(topic: string, payload: string | Buffer, retain: boolean): Promise<PublishOutcome>;
  /** Takes nothing more, acknowledges what is kept, and goes; the session stays with the broker. */
  close(): Promise<void>;
}
