import type { MessagePort } from 'node:worker_threads';
import type { DialectRequest } from '../../broker/codecs/codec.ts';
import type { QuarantineCode } from '../../rules/readings/reading.ts';
import type { ClockOrigin } from '../clock.ts';
import type { LiveEvent, RecordsChange } from '../http/dependencies.ts';
import type { RemovedDevice } from '../records/device-erasures.ts';
import type { TelemetryPage, TelemetryQuery } from '../telemetry/telemetry-store.ts';
import type { EngineCounts } from './outcome.ts';
import type { TelemetryBacklog } from './telemetry-backlog.ts';

/** What the engine thread is started with. */
export interface EngineSettings {
  readonly journalFile: string;
  readonly recordsFile: string;
  readonly telemetry:
    | { readonly kind: 'duckdb'; readonly file: string }
    | {
        readonly kind: 'influx';
        readonly url: string;
        readonly token: string;
        readonly org: string;
        readonly bucket: string;
      };
  readonly clock: ClockOrigin;
  /** How many days positions are kept; 0: for ever. */
  readonly positionDays: number;
  /** Whether a mail server is set, so that people can be reached by e-mail. */
  readonly mail: boolean;
}

export interface EngineStatus {
  /** Newest sequence in the journal. */
  readonly journalSeq: number;
  readonly engineSeq: number;
  readonly telemetrySeq: number;
  readonly telemetryStore: string;
  readonly counts: EngineCounts;
  readonly rules: number;
  readonly places: number;
  /** What is wrong, or null. */
  readonly engineTrouble: string | null;
  readonly telemetryTrouble: string | null;
  readonly telemetryBacklog: TelemetryBacklog;
  /** Readings since the start that the store will never take; they are in quarantine. */
  readonly telemetryRefused: number;
  /** What an embedded store holds in this process; 0 for a remote one. */
  readonly telemetryMemoryBytes: number;
}

/** Devices that the records no longer have, and the person whom they were linked to where that one is erased as well. */
export interface Removed {
  readonly devices: readonly RemovedDevice[];
  readonly consumer: string | null;
}

/** Posted to the engine thread beside its calls: somebody will ask for a scan of the telemetry through the port. */
export interface ScanRequest {
  readonly kind: 'scan';
  readonly port: MessagePort;
}

/** Served by the engine thread. */
export interface EngineCalls {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Takes what is in the journal; resolves when nothing is left. */
  drain(): Promise<void>;
  /** Takes what is in the journal, and does what has fallen due. */
  catchUp(): Promise<void>;
  changed(change: RecordsChange): Promise<void>;
  /**
   * Takes what was removed out of everything; nothing of it is kept from then on.
   *
   * @param upToSeq journal sequence up to which entries of the devices' ids are their own
   * @returns whether their telemetry is gone; else that goes on, also over a restart
   */
  erase(removed: Removed, upToSeq: number): Promise<boolean>;
  read(query: TelemetryQuery): Promise<TelemetryPage>;
  /** As of the telemetry store. */
  oldestPosition(): Promise<number | null>;
  /** As of the telemetry store. */
  copyTelemetry(file: string): Promise<boolean>;
  /** Whether positions are to be told as they come. */
  watch(on: boolean): void;
  snapshot(): readonly LiveEvent[];
  status(): Promise<EngineStatus>;
}

/** What a device is told about a message that went into quarantine. */
export interface DeviceError {
  readonly device: string;
  readonly code: QuarantineCode;
  readonly message: string;
  readonly topic: string;
  readonly receivedAt: number;
}

/** Served by the socket thread to the engine. */
export interface EngineListener {
  live(events: readonly LiveEvent[]): void;
  deviceErrors(errors: readonly DeviceError[]): void;
  /** What dialects ask senders for. */
  requests(requests: readonly DialectRequest[]): void;
  outboxGrew(): void;
}
