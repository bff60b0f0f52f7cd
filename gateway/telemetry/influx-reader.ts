import type { MetricValue, Position, ReadingFlag } from '../../rules/readings/reading.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { NANOSECONDS_PER_MS, nanoseconds } from './influx-lines.ts';
import {
  DEVICE_TAG,
  EVENT_FIELD,
  encodeName,
  FIELD_SUFFIXES,
  FLAGS_FIELD,
  fieldOf,
  MEASUREMENTS,
  metricOf,
  POSITION_FIELDS,
  POSITIONS,
  quoteIdentifier,
  quoteString,
  READINGS,
} from './influx-names.ts';
import { decodeCursor, type PagePosition, pageLimit, timeRange, toPage } from './page.ts';
import type { MetricPoint, ReadingPoint, TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/** Rows of one answer: `SELECT *` has a column for every metric that any device ever had. */
const ROWS_PER_QUERY = 10_000;
/** Last nanosecond of InfluxDB's time, as milliseconds. */
const MAX_AT = 9_223_372_036_854;

export interface Row extends PagePosition {
  readonly fields: ReadonlyMap<string, unknown>;
}

/** Reads one page: whole readings, one metric's values, or one metric's buckets. Throws `InfluxError` and `bad_cursor`. */
export async function readPage(connection: InfluxConnection, query: TelemetryQuery): Promise<TelemetryPage> {
  const after = decodeCursor(query);
  const { metric, everyMs } = query;
  if (metric === undefined) {
    const [readings, positions] = await Promise.all(
      [READINGS, POSITIONS].map((measurement) => selectRows(connection, measurement, query, after, '*')),
    );
    return toPage(query, merged(readings ?? [], positions ?? []), toReading);
  }
  if (everyMs === undefined) {
    const rows = await selectRows(
      connection,
      READINGS,
      query,
      after,
      FIELD_SUFFIXES.map((suffix) => quoteIdentifier(fieldOf(metric, suffix))).join(', '),
    );
    return toPage(query, rows, (row) => ({ at: row.at, value: [...row.fields.values()][0] as MetricValue }));
  }
  const rows = await selectBuckets(connection, query, after, metric, everyMs);
  return toPage(query, rows, (row) => ({
    at: row.at,
    value: (row.fields.get('mean') ?? row.fields.get('text') ?? row.fields.get('truth')) as MetricValue,
  }));
}

/** Rows of two measurements as one list by time; what is of one reading becomes one row. */
function merged(readings: readonly Row[], positions: readonly Row[]): readonly Row[] {
  if (positions.length === 0) return readings;
  if (readings.length === 0) return positions;
  const rows: Row[] = [];
  let next = 0;
  for (const reading of readings) {
    for (let row = positions[next]; row !== undefined && isBefore(row, reading); row = positions[next]) {
      rows.push(row);
      next += 1;
    }
    const row = positions[next];
    if (row === undefined || isBefore(reading, row)) {
      rows.push(reading);
    } else {
      rows.push({ ...reading, fields: new Map([...row.fields, ...reading.fields]) });
      next += 1;
    }
  }
  return [...rows, ...positions.slice(next)];
}

function isBefore(a: PagePosition, b: PagePosition): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}

/** One more than the page has, of a page's worth of each measurement: what is cut off lies behind it. */
async function selectRows(
  connection: InfluxConnection,
  measurement: string,
  query: TelemetryQuery,
  after: PagePosition | null,
  columns: string,
): Promise<readonly Row[]> {
  const range = timeRange(query);
  const wanted = pageLimit(query) + 1;
  const rows: Row[] = [];
  let last = after;
  while (rows.length < wanted) {
    const limit = Math.min(ROWS_PER_QUERY, wanted - rows.length);
    const found = await select(
      connection,
      `SELECT ${columns} FROM ${quoteIdentifier(measurement)}`,
      [
        deviceFilter(query),
        timeBounds(range.from, range.to),
        ...(last === null ? [] : [`time > ${nanoseconds(last.at, last.tie)}`]),
      ],
      `ORDER BY time LIMIT ${limit}`,
    );
    rows.push(...found);
    last = found.at(-1) ?? last;
    if (found.length < limit) break;
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
  return select(
    connection,
    `SELECT mean(${n}) AS mean, last(${b}) AS truth, last(${s}) AS text FROM ${quoteIdentifier(READINGS)}`,
    [deviceFilter(query), timeBounds(from, range.to)],
    `GROUP BY time(${everyMs}ms) FILL(none) ORDER BY time LIMIT ${pageLimit(query) + 1}`,
  );
}

async function select(
  connection: InfluxConnection,
  what: string,
  conditions: readonly string[],
  rest: string,
): Promise<readonly Row[]> {
  const statement = `${what} WHERE ${conditions.join(' AND ')} ${rest}`;
  const [series] = await connection.query(statement);
  if (series === undefined) return [];
  return series.values.map((values) => ({
    ...parseTime(String(values[0])),
    fields: new Map(
      series.columns.flatMap((column, index) =>
        index > 0 && values[index] !== null ? [[column, values[index]] as const] : [],
      ),
    ),
  }));
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

/** Rows of one measurement in [from, to), as far as one answer holds them. @returns `upTo`: as of `readTimeRange` */
export async function selectTimeRange(
  connection: InfluxConnection,
  measurement: string,
  from: number,
  to: number,
): Promise<{ readonly rows: readonly Row[]; readonly upTo: number }> {
  for (let limit = ROWS_PER_QUERY; ; limit *= 2) {
    const rows = await select(
      connection,
      `SELECT * FROM ${quoteIdentifier(measurement)}`,
      [timeBounds(from, to)],
      `ORDER BY time LIMIT ${limit}`,
    );
    if (rows.length < limit) return { rows, upTo: to };
    // The last millisecond may go on behind the limit.
    const upTo = rows.at(-1)?.at ?? to;
    const whole = rows.filter(({ at }) => at < upTo);
    if (whole.length > 0) return { rows: whole, upTo };
  }
}

/** Time of the first point that has a latitude, epoch ms, or null. */
export async function firstPositionAt(
  connection: InfluxConnection,
  measurement: string,
): Promise<number | null> {
  const found = await select(
    connection,
    `SELECT first(${quoteIdentifier('lat')}) FROM ${quoteIdentifier(measurement)}`,
    [timeBounds(0, MAX_AT)],
    '',
  );
  return found[0]?.at ?? null;
}

/** The point without a position that is older than `before`, epoch ms. */
export function withoutHidden<Point extends MetricPoint | ReadingPoint>(point: Point, before: number): Point {
  if (point.at >= before || !('position' in point)) return point;
  const { position: _, ...rest } = point;
  return rest as Point;
}

function deviceFilter(query: TelemetryQuery): string {
  return `${quoteIdentifier(DEVICE_TAG)} = ${quoteString(encodeName(query.deviceKey))}`;
}

/** Both bounds always: without an upper one, a grouped query ends at the server's present. */
function timeBounds(from: number, to: number): string {
  return `time >= ${nanoseconds(Math.min(from, MAX_AT), 0)} AND time < ${nanoseconds(Math.min(to, MAX_AT), 0)}`;
}

/** "2026-03-01T12:00:00.000000123Z", or without the Z from some versions of 3: answered in this form, since a JSON number would lose the last digits. */
function parseTime(text: string): PagePosition {
  const [, seconds, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z?$/.exec(text) ?? [];
  const inSecond = Number(fraction.padEnd(9, '0'));
  const tie = inSecond % NANOSECONDS_PER_MS;
  return { at: Date.parse(`${seconds}Z`) + (inSecond - tie) / NANOSECONDS_PER_MS, tie };
}

function toReading(row: Row): ReadingPoint {
  const { fields } = row;
  const position = POSITION_FIELDS.flatMap((field) =>
    fields.has(field) ? [[field, fields.get(field)] as const] : [],
  );
  const metrics = [...fields].flatMap(([field, value]) => {
    const metric = metricOf(field);
    return metric === null ? [] : [[metric, value as MetricValue] as const];
  });
  const event = fields.get(EVENT_FIELD);
  const flags = fields.get(FLAGS_FIELD);
  return {
    at: row.at,
    flags: typeof flags === 'string' ? (flags.split(',') as ReadingFlag[]) : [],
    ...(position.length > 0 && { position: Object.fromEntries(position) as unknown as Position }),
    ...(metrics.length > 0 && { metrics: Object.fromEntries(metrics) }),
    ...(typeof event === 'string' && { event }),
  };
}
