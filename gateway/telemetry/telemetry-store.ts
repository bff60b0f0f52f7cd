import type { MetricValue, Position, ReadingFlag } from '../../rules/readings/reading.ts';
import type { ScanBatch, ScanQuery } from './telemetry-scan.ts';

/** One reading as it is kept. */
export interface TelemetryPoint {
  /** Random key of the device, never its name: forgetting the key orphans the points. */
  readonly deviceKey: string;
  /** Epoch ms. */
  readonly at: number;
  /** Journal sequence of this reading; in the store, nanoseconds = at * 10^6 + (sequence mod 10^6). */
  readonly seq: number;
  readonly receivedAt: number;
  readonly position?: Position;
  readonly metrics?: Readonly<Record<string, MetricValue>>;
  readonly event?: string;
  readonly flags: readonly ReadingFlag[];
}

export interface RejectedPoint {
  readonly point: TelemetryPoint;
  readonly message: string;
}

export type WriteOutcome =
  | { readonly kind: 'stored'; readonly rejected: readonly RejectedPoint[] }
  /** Nothing can be said of what was stored; writing the same batch again is harmless. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly message: string };

/** Points of these devices that are older are to go. */
export interface ExpiryLimit {
  readonly deviceKeys: readonly string[];
  /** Exclusive, epoch ms of the reading. */
  readonly before: number;
}

/** What has grown too old. */
export interface Outdated {
  readonly readings: readonly ExpiryLimit[];
  /**
   * Positions that arrived earlier go, epoch ms: metrics and events stay, and a reading that held nothing else goes with its
   * position. Null: none. A store that is ordered by the time of a reading goes by that.
   */
  readonly positionsBefore: number | null;
}

export type Removal =
  /** They can't be read any more, and their bytes are gone from the files that this program owns. */
  | { readonly kind: 'removed' }
  /** The store has no way to remove points; what the operator can do instead. Forgetting the device key orphans them. */
  | { readonly kind: 'impossible'; readonly message: string };

export interface TelemetryQuery {
  readonly deviceKey: string;
  /** Without it whole readings are returned. */
  readonly metric?: string;
  /** Inclusive, epoch ms. */
  readonly from?: number;
  /** Exclusive, epoch ms. */
  readonly to?: number;
  /** Bucket length in ms: numbers are averaged, of anything else the last is taken. Only with `metric`. */
  readonly everyMs?: number;
  /** 1 to 100,000. */
  readonly limit: number;
  /**
   * Of whole readings: once they have about so many characters as JSON, the page ends, with a `next`; 16 Mi where it is not said.
   */
  readonly maxCharacters?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface MetricPoint {
  readonly at: number;
  readonly value: MetricValue;
}

export interface ReadingPoint {
  readonly at: number;
  readonly position?: Position;
  readonly metrics?: Readonly<Record<string, MetricValue>>;
  readonly event?: string;
  readonly flags: readonly ReadingFlag[];
}

export interface TelemetryPage {
  /** Ascending by time. */
  readonly points: readonly (MetricPoint | ReadingPoint)[];
  readonly next: string | null;
}

export interface TelemetryReader {
  /** Throws the coded error `telemetry_unavailable` when the store does not answer, `bad_cursor` for a foreign cursor. */
  read(query: TelemetryQuery): Promise<TelemetryPage>;
}

export interface TelemetryScanner {
  /**
   * Readings in the order of their arrival, a bounded batch at a time; the next one is read when it is asked for. Goes on beside
   * `write`, `read`, `erase` and `expire`; what is written meanwhile may be in it or not. Throws `telemetry_unavailable`.
   */
  scan(query: ScanQuery): AsyncIterable<ScanBatch>;
}

/** Where readings are kept. One writer at a time. */
export interface TelemetryStore extends TelemetryReader, TelemetryScanner {
  /** Short name for logs and metrics: "duckdb", "influxdb". */
  readonly name: string;
  /** Opens it. An embedded store throws when it can't; a remote one that is away starts all the same, and `write` says retry. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Highest journal sequence that is surely stored, or null where the store can't keep it in the same transaction as the points. */
  storedSeq(): Promise<number | null>;
  /** Stores all points, then remembers `upToSeq`. Repeating a batch leaves one point for each. Points may be empty. */
  write(points: readonly TelemetryPoint[], upToSeq: number): Promise<WriteOutcome>;
  /**
   * Removes every point of these devices, also from the files; any number at the price of one. Goes on beside `write` and
   * `read`; points of these devices must not be written meanwhile. Throws `telemetry_unavailable`; calling again is harmless.
   */
  erase(deviceKeys: readonly string[]): Promise<Removal>;
  /**
   * Removes what is too old, also from the files; together with an erasure that is asked for meanwhile it costs what one of them
   * costs. Goes on beside `write` and `read`. Throws `telemetry_unavailable`; calling again is harmless.
   */
  expire(outdated: Outdated): Promise<Removal>;
  /** When the oldest position that is stored arrived (or was taken, as for `Outdated`), epoch ms; null where there is none. */
  oldestPosition(): Promise<number | null>;
  /**
   * Copies all that is stored now into a new file, beside `write` and `read`; removals wait. A remote store does nothing: its data
   * is backed up by whoever runs it. Throws `telemetry_unavailable`.
   *
   * @returns whether there is a file now
   */
  copyTo(file: string): Promise<boolean>;
  /** Whether it answers now; the text says what is wrong and what to do. */
  probe(): Promise<{ readonly ok: true } | { readonly ok: false; readonly message: string }>;
  /** Bytes that an embedded store holds in this process, for the most part what it keeps of its file; 0 for a remote one. */
  memoryBytes(): Promise<number>;
}
