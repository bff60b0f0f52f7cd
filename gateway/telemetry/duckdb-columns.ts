import {
  BIGINT,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { MetricValue, ReadingFlag } from '../../rules/reading.ts';
import type { TelemetryPoint } from './telemetry-store.ts';

/** Bit of each flag in the column `flags`; never to be renumbered. */
export const FLAG_BITS: Readonly<Record<ReadingFlag, number>> = {
  late: 1,
  clock_corrected: 2,
  null_island: 4,
};
export const FLAGS = Object.keys(FLAG_BITS) as ReadingFlag[];
export const POSITION_COLUMNS = ['lat', 'lon', 'accuracy', 'speed', 'heading', 'altitude'] as const;

/** Rows that a chunk can hold at most: DuckDB's vector size. */
const ROWS_A_CHUNK = 2048;

interface Column {
  readonly type: DuckDBType;
  readonly cell: (point: TelemetryPoint) => DuckDBValue;
}

/** In the order of the table (duckdb-file.ts). */
const COLUMNS: readonly Column[] = [
  { type: VARCHAR, cell: ({ deviceKey }) => deviceKey },
  { type: BIGINT, cell: ({ at }) => BigInt(at) },
  { type: BIGINT, cell: ({ seq }) => BigInt(seq) },
  { type: BIGINT, cell: ({ receivedAt }) => BigInt(receivedAt) },
  { type: UTINYINT, cell: ({ flags }) => flags.reduce((bits, flag) => bits | FLAG_BITS[flag], 0) },
  ...POSITION_COLUMNS.map(
    (name): Column => ({ type: DOUBLE, cell: ({ position }) => position?.[name] ?? null }),
  ),
  { type: VARCHAR, cell: ({ event }) => event?.toWellFormed() ?? null },
  { type: VARCHAR, cell: ({ metrics }) => (metrics === undefined ? null : metricsJson(metrics)) },
];
const TYPES = COLUMNS.map(({ type }) => type);

/** Appends points column by column: two thirds of the CPU that a native call for each value took (1.5 against 2.1 µs a point). */
export function appendPoints(appender: DuckDBAppender, points: readonly TelemetryPoint[]): void {
  for (let start = 0; start < points.length; start += ROWS_A_CHUNK) {
    const part = points.slice(start, start + ROWS_A_CHUNK);
    const chunk = DuckDBDataChunk.create(TYPES);
    chunk.setColumns(COLUMNS.map(({ cell }) => part.map(cell)));
    appender.appendDataChunk(chunk);
  }
}

/** Half a surrogate pair would be written as an escape that DuckDB's JSON reader refuses, and with it every read of the device. */
function metricsJson(metrics: Readonly<Record<string, MetricValue>>): string {
  const json = JSON.stringify(metrics);
  if (!/\\ud[89a-f]/.test(json)) return json;
  const wellFormed = Object.entries(metrics).map(([name, value]) => [
    name.toWellFormed(),
    typeof value === 'string' ? value.toWellFormed() : value,
  ]);
  return JSON.stringify(Object.fromEntries(wellFormed));
}
