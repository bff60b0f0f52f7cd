import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { LinkListener } from './device-link.ts';
import type { BrokerLimits } from './limits.ts';
import type { DurableMap } from './persistence/durable-map.ts';
import type { Credential, KnownUser } from './principal.ts';
import type { TlsSettings } from './tls-listener.ts';

/** One telemetry PUBLISH that was let in; the broker's side of a journal entry. */
export interface AcceptedPublish {
  /** Domain time, epoch ms. */
  readonly receivedAt: number;
  readonly topic: string;
  /** The device whose reading it is: the authenticated user, or whom a service account speaks for. */
  readonly userId: string;
  readonly clientId: string;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  /** Valid only during the call: copy what is to be kept. */
  readonly payload: Uint8Array;
  /** Size of the payload as sent where only its head is given, else 0. */
  readonly truncatedFrom: number;
  /** Most readings that the payload may hold: 1 or 1,000. */
  readonly span: number;
}

/** All that the broker is given. */
export interface BrokerPorts {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Where MQTT is also spoken over TLS. */
  readonly tls?: TlsSettings | null;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly limits?: Partial<BrokerLimits>;
  /** Domain time, epoch ms. */
  now(): number;
  /** Real time, epoch ms. */
  realNow(): number;
  /** Time that nobody sets, ms since any moment; `performance.now` where it is left out. */
  monotonicNow?(): number;
  /** A device or a service account by its user name, or null. */
  findUser(name: string): Promise<KnownUser | null>;
  /**
   * The device that is registered under the first of these aliases that is registered at all, for service accounts that publish
   * in a dialect. Without it their messages there are nobody's telemetry.
   */
  findByAliases?(aliases: readonly string[]): Promise<string | null>;
  /** How many devices and aliases were registered so far: when it grows, those who were unknown are looked for again. */
  registrations?(): number;
  /** Name of the user whose token this is, where firmware sends the token as its user name; without it such a login is refused. */
  findUserByToken?(token: string): Promise<string | null>;
  /** First contact: lets an unknown device in by a fleet key. Gives the key's id, or null where it does not open that name. */
  provision?(name: string, key: string): Promise<string | null>;
  /** A token for a device that came in by a fleet key, to be told to it; null where it needs none any more. */
  issueToken?(deviceId: string): Promise<string | null>;
  /** A device that came in by a fleet key has logged in with its own token. */
  ownTokenUsed?(deviceId: string): Promise<void>;
  /**
   * Keeps a message. Called in order of arrival, and reads the payload before it returns. The sender is acknowledged when
   * it resolves, and disconnected without acknowledgement when it rejects.
   */
  accept(message: AcceptedPublish): Promise<void>;
  /** Where sessions, retained messages and wills outlive the process; without it they end with it. */
  readonly sessions?: DurableMap;
  /** Told of connections. */
  readonly links?: LinkListener;
  /**
   * Keeps what a device says beside its telemetry: the reply to a command, the configuration that it applied. The sender is
   * acknowledged when it resolves, and disconnected without acknowledgement when it rejects.
   */
  answer?(answer: DeviceAnswer): Promise<void>;
  /**
   * Keeps a command that a service account published on `devices/{id}/commands`. Gives why it is none, or null; the sender is
   * acknowledged in either case, and disconnected when it rejects.
   */
  giveCommand?(command: GivenCommand): Promise<string | null>;
  /** The same for what comes on a dialect's topics; nobody else gets to see it. */
  answerInDialect?(message: DialectMessage): Promise<void>;
  /** Whether nothing can be kept now: what comes waits, and QoS 0 is dropped at once. Without it: never. */
  isRefusing?(): boolean;
}

/** A message of a device in a dialect that is no telemetry: an answer, or a question. */
export interface DialectMessage {
  readonly deviceId: string;
  readonly clientId: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** A command as a service account sent it. */
export interface GivenCommand {
  readonly deviceId: string;
  /** Id of the service account. */
  readonly by: string;
  readonly payload: Uint8Array;
}

/** What a device says about what it was told. */
export type DeviceAnswer =
  | {
      readonly kind: 'reply';
      readonly deviceId: string;
      readonly commandId: string;
      readonly topic: string;
      readonly payload: Uint8Array;
    }
  | {
      readonly kind: 'config-reported';
      readonly deviceId: string;
      readonly topic: string;
      readonly payload: Uint8Array;
    };

/** Running totals since `start`, and what is the case now. */
export interface BrokerCounters {
  /** Now open, logged in or not. */
  readonly connections: number;
  /** Telemetry messages kept, and their payload bytes. */
  readonly accepted: number;
  readonly acceptedBytes: number;
  /** QoS 0 messages dropped while too much waited for the disk. */
  readonly shed: number;
  /** Messages of which only the head was kept. */
  readonly truncated: number;
  readonly failedLogins: number;
  /** Messages dropped because too many waited for a session already. */
  readonly dropped: number;
  /** Messages of QoS 0 that a subscriber missed because it did not read. */
  readonly missed: number;
  /** Sessions now that outlive their connections, and those that ended because nobody had connected for too long. */
  readonly lastingSessions: number;
  readonly expiredSessions: number;
  /** Times that a connection was not read for a while because its user or address published too fast. */
  readonly paced: number;
  /** Connections refused before their login: too many, or too many a second from one address. */
  readonly refusedConnections: number;
  /** Publishes and subscriptions to what the device may not use. */
  readonly denied: number;
  /** Messages that could not be kept; their senders were disconnected. */
  readonly unkept: number;
  /** Connections closed for breaking the protocol or its limits. */
  readonly faults: number;
  /** Payload bytes that wait for the disk now. */
  readonly inFlightBytes: number;
  /** Bytes held now of packets that have come in part. */
  readonly halfReceivedBytes: number;
  /** Connections that are not read from now, until less is in flight. */
  readonly paused: number;
}

export interface Broker {
  /** Listens. Rejects with Node's own error (`code: 'EADDRINUSE'`, `'EACCES'`) where a port can't be had, and with `TlsFilesError`. */
  start(): Promise<{ readonly mqttPort: number; readonly mqttsPort: number | null }>;
  /** Disconnects everybody, and resolves when every message that was let in is kept or refused. */
  stop(): Promise<void>;
  /** Takes over a WebSocket's stream of MQTT bytes; `address` is its peer's, where it is known. */
  handleWebSocket(stream: Duplex, address?: string): void;
  /** Sends to whoever subscribed; queued for sessions that are away where `qos` is 1 or 2, up to a bound. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean },
  ): Promise<void>;
  /** Closes every connection of a user, or those that logged in with certain credentials. */
  disconnect(userId: string, having?: (credential: Credential) => boolean): void;
  /** Closes the connections of devices that came in by a fleet key and did not log in anew. */
  disconnectFleet(fleetKey: string): void;
  /** Why sessions can't be written to disk, or null. */
  sessionTrouble(): string | null;
  /**
   * Closes a user's connections without publishing their wills, and ends its sessions with all that waits in them; the client ids
   * are free again. What it published, or was published on its topics, waits for nobody any more and is not retained.
   *
   * @param aliases what the user is called in dialects
   */
  forget(userId: string, aliases?: readonly string[]): Promise<void>;
  counters(): BrokerCounters;
}
