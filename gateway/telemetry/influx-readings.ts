import type { InfluxConnection } from './influx-connection.ts';
import { POSITIONS, quoteIdentifier, READINGS } from './influx-names.ts';
import { charactersOf, type Row, toReading } from './influx-row.ts';
import { conditionsOf, ROWS_PER_QUERY, selectFirst } from './influx-select.ts';
import { encodeCursor, MAX_PAGE_CHARACTERS, type PagePosition, pageLimit } from './page.ts';
import type { ReadingPoint, TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/** Of the first answer, whose rows may be of 300 kB, for which the server takes its time and memory. */
const FIRST_AT_ONCE = 128;
/** Rows are taken to be like those before; but not so many more of them. */
const MOST_GROWTH = 16;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

interface Part {
  readonly rows: readonly Row[];
  /** More of them lie behind the last, that a page might have room for. */
  readonly isCut: boolean;
}

/** Reads a page of whole readings, as far as it may be long. */
export async function readReadings(
  connection: InfluxConnection,
  query: TelemetryQuery,
  after: PagePosition | null,
): Promise<TelemetryPage> {
  const [readings, positions] = await Promise.all([
    selectPart(connection, READINGS, query, after),
    selectPart(connection, POSITIONS, query, after),
  ]);
  // Behind the end of a part that was cut nothing is known of the other one's rows.
  const ends = [readings, positions].flatMap(({ rows, isCut }) => (isCut ? (rows.at(-1) ?? []) : []));
  const limit = pageLimit(query);
  const longest = query.maxCharacters ?? MAX_PAGE_CHARACTERS;
  const points: ReadingPoint[] = [];
  let characters = 0;
  let last: Row | undefined;
  for (const row of merged(readings.rows, positions.rows)) {
    const isFull = points.length === limit || characters >= longest || ends.some((end) => isBefore(end, row));
    if (isFull && last !== undefined) return { points, next: encodeCursor(query, last) };
    points.push(toReading(row));
    characters += charactersOf(row);
    last = row;
  }
  return { points, next: ends.length > 0 && last !== undefined ? encodeCursor(query, last) : null };
}

/** One row more than the page has, or as many as make it full: what is cut off lies behind it. */
async function selectPart(
  connection: InfluxConnection,
  measurement: string,
  query: TelemetryQuery,
  after: PagePosition | null,
): Promise<Part> {
  const wanted = pageLimit(query) + 1;
  const longest = query.maxCharacters ?? MAX_PAGE_CHARACTERS;
  const what = `SELECT * FROM ${quoteIdentifier(measurement)}`;
  const rows: Row[] = [];
  let characters = 0;
  let atOnce = FIRST_AT_ONCE;
  while (rows.length < wanted) {
    if (characters >= longest) return { rows, isCut: true };
    const conditions = conditionsOf(query, rows.at(-1) ?? after);
    const limit = Math.min(atOnce, ROWS_PER_QUERY, wanted - rows.length);
    const found = await selectFirst(connection, { what, conditions }, limit);
    rows.push(...found.rows);
    if (found.rows.length < found.asked) break;
    const length = found.rows.reduce((sum, row) => sum + charactersOf(row), 0);
    characters += length;
    // Beside what a reading has, its row has an empty column for each metric of others.
    const alike = Math.min(BYTES_AT_ONCE / found.bytes, (longest - characters) / length) * found.asked;
    atOnce = Math.max(1, Math.min(Math.ceil(alike), MOST_GROWTH * found.asked));
  }
  return { rows, isCut: false };
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
