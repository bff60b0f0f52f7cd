import type { MetricValue } from '../../rules/readings/reading.ts';
import type { InfluxConnection } from './influx-connection.ts';
import {
  DEVICE_TAG,
  FIELD_SUFFIXES,
  fieldOf,
  MEASUREMENTS,
  quoteIdentifier,
  READINGS,
} from './influx-names.ts';
import { readReadings } from './influx-readings.ts';
import { type Row, toReading } from './influx-row.ts';
import {
  conditionsOf,
  deviceFilter,
  ROWS_PER_QUERY,
  select,
  selectFirst,
  selectTimeRange,
  timeBounds,
} from './influx-select.ts';
import { decodeCursor, type PagePosition, pageLimit, timeRange, toPage } from './page.ts';
import type { MetricPoint, ReadingPoint, TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/** Reads one page: whole readings, one metric's values, or one metric's buckets. Throws `InfluxError` and `bad_cursor`. */
export async function readPage(connection: InfluxConnection, query: TelemetryQuery): Promise<TelemetryPage> {
  const after = decodeCursor(query);
  const { metric, everyMs } = query;
  if (metric === undefined) return readReadings(connection, query, after);
  if (everyMs === undefined) {
    const rows = await selectValues(connection, query, after, metric);
    return toPage(query, rows, (row) => ({ at: row.at, value: [...row.fields.values()][0] as MetricValue }));
  }
  const rows = await selectBuckets(connection, query, after, metric, everyMs);
  return toPage(query, rows, (row) => ({
    at: row.at,
    value: (row.fields.get('mean') ?? row.fields.get('text') ?? row.fields.get('truth')) as MetricValue,
  }));
}

/** One more than the page has: what is cut off lies behind it. A value has 256 bytes at most. */
async function selectValues(
  connection: InfluxConnection,
  query: TelemetryQuery,
  after: PagePosition | null,
  metric: string,
): Promise<readonly Row[]> {
  const columns = FIELD_SUFFIXES.map((suffix) => quoteIdentifier(fieldOf(metric, suffix))).join(', ');
  const what = `SELECT ${columns} FROM ${quoteIdentifier(READINGS)}`;
  const wanted = pageLimit(query) + 1;
  const rows: Row[] = [];
  while (rows.length < wanted) {
    const conditions = conditionsOf(query, rows.at(-1) ?? after);
    const limit = Math.min(ROWS_PER_QUERY, wanted - rows.length);
    const found = await selectFirst(connection, { what, conditions }, limit);
    rows.push(...found.rows);
    if (found.rows.length < found.asked) break;
  }
  return rows;
}

function selectBuckets(
  connection: InfluxConnection,
  query: TelemetryQuery,
  after: PagePosition | null,
  metric: string,
  everyMs: number,
): Promise<readonly Row[]> {
  const range = timeRange(query);
  const from = after === null ? range.from : Math.max(range.from, after.at + everyMs);
  const [n, b, s] = FIELD_SUFFIXES.map((suffix) => quoteIdentifier(fieldOf(metric, suffix)));
  return select(connection, {
    what: `SELECT mean(${n}) AS mean, last(${b}) AS truth, last(${s}) AS text FROM ${quoteIdentifier(READINGS)}`,
    conditions: [deviceFilter(query), timeBounds(from, range.to)],
    rest: `GROUP BY time(${everyMs}ms) FILL(none) ORDER BY time LIMIT ${pageLimit(query) + 1}`,
  });
}

/** A reading of any device, as a sweep finds it. */
export interface TaggedReading extends ReadingPoint, Row {
  /** The device's key, as `encodeName` writes it. */
  readonly deviceTag: string;
}

/**
 * Readings of all devices with a time in [from, to), by time; of more than one answer holds, the first.
 *
 * @returns `upTo`: the time up to which nothing was left out
 */
export async function readTimeRange(
  connection: InfluxConnection,
  from: number,
  to: number,
): Promise<{ readonly readings: readonly TaggedReading[]; readonly upTo: number }> {
  const ranges = await Promise.all(
    MEASUREMENTS.map((measurement) => selectTimeRange(connection, measurement, from, to)),
  );
  const upTo = Math.min(...ranges.map((range) => range.upTo));
  const rows = new Map<string, Row>();
  for (const row of ranges.flatMap((range) => range.rows)) {
    if (row.at >= upTo) continue;
    const key = `${row.at}.${row.tie} ${row.fields.get(DEVICE_TAG)}`;
    const other = rows.get(key);
    rows.set(key, other === undefined ? row : { ...row, fields: new Map([...other.fields, ...row.fields]) });
  }
  const readings = [...rows.values()].sort((a, b) => a.at - b.at || a.tie - b.tie);
  return {
    readings: readings.map((row) => ({
      ...row,
      ...toReading(row),
      deviceTag: String(row.fields.get(DEVICE_TAG)),
    })),
    upTo,
  };
}

/** The point without a position that is older than `before`, epoch ms. */
export function withoutHidden<Point extends MetricPoint | ReadingPoint>(point: Point, before: number): Point {
  if (point.at >= before || !('position' in point)) return point;
  const { position: _, ...rest } = point;
  return rest as Point;
}
