import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Broker } from '../../broker/ports.ts';
import type { Backtests } from '../backtest/jobs.ts';
import type { Backups } from '../backup/backups.ts';
import type { Cells } from '../cells/cells.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Delivery } from '../delivery/delivery-client.ts';
import type { PushKeys } from '../delivery/push-keys.ts';
import type { Downlink } from '../downlink/downlink.ts';
import type { DownlinkEvent } from '../downlink/downlink-event.ts';
import type { Erasure } from '../erasure/erase.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Schema } from '../records/schema.ts';
import type { Seal } from '../records/seal.ts';
import type { Sending } from '../records/sending.ts';
import type { TelemetryReader } from '../telemetry/telemetry-store.ts';

/** What of the records changed, so that the engine reloads just that. */
export type RecordsChange =
  | { readonly kind: 'devices'; readonly ids: readonly string[] }
  | { readonly kind: 'consumers'; readonly ids: readonly string[] }
  | {
      readonly kind: 'places' | 'zones';
      readonly changed: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly kind: 'code-pools'; readonly ids: readonly string[] }
  | { readonly kind: 'rules' | 'segments' | 'traits' | 'campaigns' | 'pacing' }
  | { readonly kind: 'device-types' };

/** An event of the live stream; `kind` is its SSE event name. */
export type LiveEvent =
  | {
      readonly kind: 'position';
      readonly device: string;
      readonly type: string;
      readonly consumer: string | null;
      readonly at: number;
      readonly lat: number;
      readonly lon: number;
      readonly heading?: number;
      readonly speed?: number;
    }
  | { readonly kind: 'visit'; readonly visit: object }
  | { readonly kind: 'decision'; readonly decision: object }
  | { readonly kind: 'delivery'; readonly delivery: object }
  | { readonly kind: 'sending'; readonly sending: Sending }
  | DownlinkEvent
  | { readonly kind: 'quarantine'; readonly device: string; readonly code: string };

export interface LiveFeed {
  /** Latest position of every device heard of lately, to begin a stream with. */
  snapshot(): Promise<readonly LiveEvent[]>;
  /** Returns the unsubscribe. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /** Tells every listener of what the HTTP side itself brought about: receipts. */
  publish(event: LiveEvent): void;
}

/** State of one part, as /readyz tells it. */
export type PartHealth = (
  | { readonly ok: true; readonly detail?: string }
  | {
      readonly ok: false;
      readonly detail: string;
      /** The gateway does its work without it, and makes up for it later: no reason to send devices elsewhere. */
      readonly degraded?: true;
    }
) & { readonly backlog?: Backlog };

/** What waits for a part. */
export interface Backlog {
  /** Sequence numbers of the journal: one a reading, and 1,000 for each message that held an array. */
  readonly numbers: number;
  readonly bytes: number;
  /** Since the oldest of it arrived. */
  readonly lagMs: number;
}

/** All that the HTTP side is given; it makes nothing of this itself. */
export interface HttpDependencies {
  readonly config: Config;
  readonly log: Logger;
  /** Domain time. */
  readonly clock: Clock;
  /** Real time, epoch ms: sessions, tokens, push TTL. */
  readonly realNow: () => number;
  readonly records: Kysely<Schema>;
  readonly telemetry: TelemetryReader;
  readonly live: LiveFeed;
  /** Tells the engine and resolves once it works by the change. */
  changed(change: RecordsChange): Promise<void>;
  /** Puts an entry into the journal, as if it came now: for what is taken out of quarantine. Resolves when it is on disk. */
  resubmit(entry: JournalEntry): Promise<void>;
  /** Erases devices and people everywhere. */
  readonly erasure: Pick<Erasure, 'device' | 'consumer'>;
  /** Ends MQTT connections and sessions of whom may not have them any more. */
  readonly connections: Pick<Broker, 'disconnect' | 'disconnectFleet' | 'forget'>;
  /** A token was replaced, and the old one has an end. */
  tokensChanged(): Promise<void>;
  /** What browsers subscribe with. */
  readonly pushKeys: PushKeys;
  /** What sends offers. */
  readonly delivery: Pick<Delivery, 'trial' | 'services' | 'withdrawAll' | 'counters'>;
  /** Hides what is secret in the records. */
  readonly seal: Seal;
  /** Sends e-mail; null where no mail server is set. */
  readonly mailer: Mailer | null;
  /** Key for the HMAC of receipt tokens. */
  readonly receiptKey: Uint8Array;
  /** Whether a push endpoint may be sent to: https and a known host, or an origin of WAYSIDE_PUSH_HOSTS. */
  isAllowedPushEndpoint(endpoint: string): boolean;
  /** Commands, configurations and presence. */
  readonly downlink: Downlink;
  /** Trials of rules on the past. */
  readonly backtests: Backtests;
  /** Where devices were, by cell and day. */
  readonly cells: Pick<Cells, 'between'>;
  /** Copies of the data directory. */
  readonly backups: Backups;
  /** Parts by name. */
  health(): Promise<Readonly<Record<string, PartHealth>>>;
  readonly metrics: Registry;
}
