import type { InfluxConnection, InfluxSeries } from './influx-connection.ts';
import { NANOSECONDS_PER_MS, nanoseconds } from './influx-lines.ts';
import { DEVICE_TAG, encodeName, quoteIdentifier, quoteString } from './influx-names.ts';
import type { Row } from './influx-row.ts';
import { type PagePosition, timeRange } from './page.ts';
import type { TelemetryQuery } from './telemetry-store.ts';

/** Rows of one answer: `SELECT *` has a column for every metric that any device ever had. */
export const ROWS_PER_QUERY = 10_000;
/** Of one answer: beyond it fewer rows are asked for. */
const BYTES_PER_QUERY = 16 * 1024 * 1024;
/** To how few of those that were too many. */
const FEWER = 8;
/** Last nanosecond of InfluxDB's time, as milliseconds. */
const MAX_AT = 9_223_372_036_854;

export interface Selection {
  readonly what: string;
  readonly conditions: readonly string[];
  readonly rest: string;
}

export async function select(connection: InfluxConnection, selection: Selection): Promise<readonly Row[]> {
  return rowsOf(await connection.query(statementOf(selection)));
}

/**
 * The first rows of a selection: as many as asked for, or as one answer may hold; one at least where there are any.
 *
 * @returns `asked`: how many there would have been at most. `bytes` of the answer
 */
export async function selectFirst(
  connection: InfluxConnection,
  { what, conditions }: Pick<Selection, 'what' | 'conditions'>,
  limit: number,
): Promise<{ readonly rows: readonly Row[]; readonly asked: number; readonly bytes: number }> {
  for (let asked = limit; ; asked = Math.ceil(asked / FEWER)) {
    const statement = statementOf({ what, conditions, rest: `ORDER BY time LIMIT ${asked}` });
    const mostBytes = asked === 1 ? Number.POSITIVE_INFINITY : BYTES_PER_QUERY;
    const answer = await connection.queryWithin(statement, mostBytes);
    if (answer !== null) return { rows: rowsOf(answer.series), asked, bytes: answer.bytes };
  }
}

function statementOf({ what, conditions, rest }: Selection): string {
  return `${what} WHERE ${conditions.join(' AND ')} ${rest}`;
}

function rowsOf([series]: readonly InfluxSeries[]): readonly Row[] {
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

/** Rows of one measurement in [from, to), as far as one answer holds them. @returns `upTo`: as of `readTimeRange` */
export async function selectTimeRange(
  connection: InfluxConnection,
  measurement: string,
  from: number,
  to: number,
): Promise<{ readonly rows: readonly Row[]; readonly upTo: number }> {
  const selection = {
    what: `SELECT * FROM ${quoteIdentifier(measurement)}`,
    conditions: [timeBounds(from, to)],
  };
  const { rows, asked } = await selectFirst(connection, selection, ROWS_PER_QUERY);
  if (rows.length < asked) return { rows, upTo: to };
  // The last millisecond may go on behind them.
  const upTo = rows.at(-1)?.at ?? to;
  const whole = rows.filter(({ at }) => at < upTo);
  if (whole.length > 0) return { rows: whole, upTo };
  // They are all of one millisecond, which comes in one piece, however large it is.
  const conditions = [timeBounds(upTo, upTo + 1)];
  return {
    rows: await select(connection, { ...selection, conditions, rest: 'ORDER BY time' }),
    upTo: upTo + 1,
  };
}

/** Time of the first point that has a latitude, epoch ms, or null. */
export async function firstPositionAt(
  connection: InfluxConnection,
  measurement: string,
): Promise<number | null> {
  const found = await select(connection, {
    what: `SELECT first(${quoteIdentifier('lat')}) FROM ${quoteIdentifier(measurement)}`,
    conditions: [timeBounds(0, MAX_AT)],
    rest: '',
  });
  return found[0]?.at ?? null;
}

/** What a query's points of its device lie within, behind `after`. */
export function conditionsOf(query: TelemetryQuery, after: PagePosition | null): readonly string[] {
  const { from, to } = timeRange(query);
  return [
    deviceFilter(query),
    timeBounds(from, to),
    ...(after === null ? [] : [`time > ${nanoseconds(after.at, after.tie)}`]),
  ];
}

export function deviceFilter(query: TelemetryQuery): string {
  return `${quoteIdentifier(DEVICE_TAG)} = ${quoteString(encodeName(query.deviceKey))}`;
}

/** Both bounds always: without an upper one, a grouped query ends at the server's present. */
export function timeBounds(from: number, to: number): string {
  return `time >= ${nanoseconds(Math.min(from, MAX_AT), 0)} AND time < ${nanoseconds(Math.min(to, MAX_AT), 0)}`;
}

/** "2026-03-01T12:00:00.000000123Z", or without the Z from some versions of 3: answered in this form, since a JSON number would lose the last digits. */
function parseTime(text: string): PagePosition {
  const [, seconds, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z?$/.exec(text) ?? [];
  const inSecond = Number(fraction.padEnd(9, '0'));
  const tie = inSecond % NANOSECONDS_PER_MS;
  return { at: Date.parse(`${seconds}Z`) + (inSecond - tie) / NANOSECONDS_PER_MS, tie };
}
