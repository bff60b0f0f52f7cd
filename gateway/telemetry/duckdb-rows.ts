import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { MetricValue } from '../../rules/readings/reading.ts';
import { RAW_FILTER, rawParameters, readReadings } from './duckdb-readings.ts';
import { decodeCursor, type PagePosition, pageLimit, timeRange, toPage } from './page.ts';
import type { TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/** Reads one page: whole readings, one metric's values, or one metric's buckets. */
export async function readPage(connection: DuckDBConnection, query: TelemetryQuery): Promise<TelemetryPage> {
  const after = decodeCursor(query);
  if (query.metric === undefined) return readReadings(connection, query, after);
  if (query.everyMs === undefined) return readValues(connection, query, query.metric, after);
  return readBuckets(connection, query, query.metric, query.everyMs, after);
}

async function readValues(
  connection: DuckDBConnection,
  query: TelemetryQuery,
  metric: string,
  after: PagePosition | null,
): Promise<TelemetryPage> {
  const rows = await rowsOf(
    connection,
    `SELECT "at", seq, value FROM (SELECT "at", seq, json_extract(metrics, $metric) AS value FROM readings WHERE ${RAW_FILTER})
     WHERE value IS NOT NULL ORDER BY "at", seq LIMIT ${pageLimit(query) + 1}`,
    { ...rawParameters(query, after), metric: jsonPointer(metric) },
  );
  const positioned = rows.map(([at, seq, value]) => ({ at: Number(at), tie: Number(seq), value }));
  return toPage(query, positioned, ({ at, value }) => ({
    at,
    value: JSON.parse(String(value)) as MetricValue,
  }));
}

async function readBuckets(
  connection: DuckDBConnection,
  query: TelemetryQuery,
  metric: string,
  everyMs: number,
  after: PagePosition | null,
): Promise<TelemetryPage> {
  const range = timeRange(query);
  const rows = await rowsOf(
    connection,
    `SELECT "at" // $every * $every AS bucket,
       avg(CASE WHEN kind NOT IN ('VARCHAR', 'BOOLEAN') THEN CAST(value AS DOUBLE) END) AS mean,
       max_by(value, ("at", seq)) FILTER (WHERE kind IN ('VARCHAR', 'BOOLEAN')) AS last
     FROM (SELECT "at", seq, value, json_type(value) AS kind FROM (
       SELECT "at", seq, json_extract(metrics, $metric) AS value FROM readings
       WHERE device = $device AND "at" >= $from AND "at" < $to) WHERE value IS NOT NULL)
     GROUP BY bucket ORDER BY bucket LIMIT ${pageLimit(query) + 1}`,
    {
      device: query.deviceKey,
      metric: jsonPointer(metric),
      every: BigInt(everyMs),
      from: BigInt(after === null ? range.from : Math.max(range.from, after.at + everyMs)),
      to: BigInt(range.to),
    },
  );
  const positioned = rows.map(([bucket, mean, last]) => ({ at: Number(bucket), tie: 0, mean, last }));
  // Where a metric changed its type within a bucket, the numbers win.
  return toPage(query, positioned, ({ at, mean, last }) => ({
    at,
    value: typeof mean === 'number' ? mean : (JSON.parse(String(last)) as MetricValue),
  }));
}

async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  parameters: Record<string, DuckDBValue>,
): Promise<DuckDBValue[][]> {
  return (await connection.runAndReadAll(sql, parameters)).getRows();
}

/** RFC 6901 §3: a name as a path that finds just that member, whatever characters it holds. */
function jsonPointer(name: string): string {
  return `/${name.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
