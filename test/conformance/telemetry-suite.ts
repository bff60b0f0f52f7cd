import { expect } from 'vitest';
import type {
  MetricPoint,
  ReadingPoint,
  TelemetryPoint,
  TelemetryQuery,
  TelemetryStore,
} from '../../gateway/telemetry/telemetry-store.ts';

/** 2026-03-01T12:00:00Z, a multiple of a minute. */
export const T0 = Date.UTC(2026, 2, 1, 12);

const BASE: Omit<TelemetryPoint, 'deviceKey' | 'seq'> = { at: T0, receivedAt: T0 + 40, flags: [] };

type Query = Omit<TelemetryQuery, 'limit'>;

/** The store of a suite, and short ways to write to it and read from it. Each case uses devices of its own. */
export interface TelemetrySuite {
  readonly store: TelemetryStore;
  /** The highest sequence given so far. */
  readonly lastSeq: number;
  /** The points of the partial ones, with the next sequences; nothing is written. */
  number(deviceKey: string, partial: readonly Partial<TelemetryPoint>[]): TelemetryPoint[];
  /** Numbers points, and stores them as one batch. */
  keep(deviceKey: string, partial: readonly Partial<TelemetryPoint>[]): Promise<TelemetryPoint[]>;
  /** Leaves out sequences, as the journal does for readings that were not there. */
  skipSeqs(count: number): void;
  readings(query: Query): Promise<ReadingPoint[]>;
  values(query: Query & { readonly metric: string }): Promise<MetricPoint[]>;
}

export function createTelemetrySuite(store: () => TelemetryStore): TelemetrySuite {
  let lastSeq = 0;
  const points = async (query: Query) => (await store().read({ limit: 1000, ...query })).points;
  const number: TelemetrySuite['number'] = (deviceKey, partial) =>
    partial.map((part) => ({ ...BASE, ...part, deviceKey, seq: ++lastSeq }));
  return {
    get store() {
      return store();
    },
    get lastSeq() {
      return lastSeq;
    },
    number,
    async keep(deviceKey, partial) {
      const numbered = number(deviceKey, partial);
      expect(await store().write(numbered, lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      return numbered;
    },
    skipSeqs(count) {
      lastSeq += count;
    },
    readings: async (query) => (await points(query)) as ReadingPoint[],
    values: async (query) => (await points(query)) as MetricPoint[],
  };
}
