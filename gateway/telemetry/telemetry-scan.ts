import type { MetricValue } from '../../rules/readings/reading.ts';

/** Fields of a position that a scan can give beside `lat` and `lon`, which it always gives. */
export const SCAN_NUMBERS = ['accuracy', 'speed', 'heading', 'altitude'] as const;
export type ScanNumber = (typeof SCAN_NUMBERS)[number];

/** Readings of some devices that arrived within a time; in the order of their arrival. */
export interface ScanQuery {
  /** Arrival, epoch ms, inclusive. */
  readonly from: number;
  /** Arrival, epoch ms, exclusive. */
  readonly to: number;
  readonly deviceKeys: readonly string[];
  /** What is not asked for is not read. */
  readonly numbers: readonly ScanNumber[];
  /** Whether the values of metrics are wanted; else those alone are given of readings without a position: they may hold nothing else. */
  readonly metrics: boolean;
  /**
   * Only readings with a position are wanted, late ones too, and nothing but their positions. A store that is ordered by the time of
   * a reading then goes by that for `from` and `to`, and for the order.
   */
  readonly positionsOnly?: boolean;
}

/**
 * Some readings as columns, so that their buffers can go to another thread without being copied. Row by row in the order of
 * (`receivedAt`, `seq`).
 */
export interface ScanBatch {
  readonly rows: number;
  /** Index in the `deviceKeys` of the query. */
  readonly device: Int32Array;
  /** Epoch ms. */
  readonly receivedAt: Float64Array;
  /** Epoch ms, as stored. */
  readonly at: Float64Array;
  /** Journal sequence; of a store that does not keep all of it, modulo 10^6. */
  readonly seq: Float64Array;
  /** `SCAN_BITS` of the reading. */
  readonly bits: Uint8Array;
  /** Degrees; NaN where the reading has no position. */
  readonly lat: Float64Array;
  readonly lon: Float64Array;
  /** NaN where the reading does not have it. */
  readonly numbers: Readonly<Partial<Record<ScanNumber, Float64Array>>>;
  readonly events: SparseJson;
  readonly metrics: SparseJson;
}

/** Values that few rows have: a JSON array of them, and the row of each. */
export interface SparseJson {
  readonly rows: Int32Array;
  readonly json: string;
}

/** What a scan says of a reading in one byte. */
export const SCAN_BITS = { late: 1, clockCorrected: 2 } as const;

/** Rows of one batch at most. */
export const MOST_SCANNED_ROWS = 65_536;
/** Of its texts, about: the reading that comes to so many is its last. */
export const MOST_SCANNED_CHARACTERS = 16 * 1024 * 1024;

export const NO_VALUES: SparseJson = { rows: new Int32Array(), json: '[]' };

export function eventsOf(batch: ScanBatch): readonly string[] {
  return JSON.parse(batch.events.json) as readonly string[];
}

export function metricsOf(batch: ScanBatch): readonly Readonly<Record<string, MetricValue>>[] {
  return JSON.parse(batch.metrics.json) as readonly Readonly<Record<string, MetricValue>>[];
}

/** The buffers of a batch, for `postMessage`. */
export function buffersOf(batch: ScanBatch): ArrayBuffer[] {
  const { device, receivedAt, at, seq, bits, lat, lon, numbers, events, metrics } = batch;
  const columns = [device, receivedAt, at, seq, bits, lat, lon, ...Object.values(numbers)];
  const buffers = [...columns, events.rows, metrics.rows].map((column) => column.buffer as ArrayBuffer);
  // Two columns may share an empty buffer, and one must not be handed over twice.
  return [...new Set(buffers)].filter((buffer) => buffer.byteLength > 0);
}
