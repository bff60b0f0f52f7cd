import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { MetricValue, Position } from '../../rules/readings/reading.ts';
import { FLAG_BITS, FLAGS, POSITION_COLUMNS } from './duckdb-columns.ts';
import { isOutOfMemory } from './duckdb-memory.ts';
import { encodeCursor, MAX_PAGE_CHARACTERS, type PagePosition, pageLimit, timeRange } from './page.ts';
import type { ReadingPoint, TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/**
 * Readings that are fetched at once: of 1 MiB, the largest payload, they fit into DuckDB's memory. It reads and sorts by vectors of
 * 2,048 rows, and refuses such a query where these are as large as that: so the texts of a page are asked for part by part.
 */
const LONG_AT_ONCE = 128;
/** The same of short readings: a query of 128 of them takes longer to begin than to read them. */
const SHORT_AT_ONCE = 2_048;
/** Of short ones together: a page may end in the midst of them. */
const CHARACTERS_AT_ONCE = 1024 * 1024;
/** Of the first part, which may hold more than the page takes. */
const FIRST_AT_ONCE = 8;
/** Of a reading, about: its time and position. */
const CHARACTERS_BESIDE = 100;

/** What filters a device's readings by the parameters of `rawParameters`. */
export const RAW_FILTER =
  'device = $device AND "at" >= $from AND "at" < $to AND ("at" > $afterAt OR ("at" = $afterAt AND seq > $afterSeq))';

export function rawParameters(
  query: TelemetryQuery,
  after: PagePosition | null,
): Record<string, DuckDBValue> {
  const range = timeRange(query);
  return {
    device: query.deviceKey,
    // The cursor's time also as a plain bound, which skips whole row groups.
    from: BigInt(Math.max(range.from, after?.at ?? 0)),
    to: BigInt(range.to),
    afterAt: BigInt(after?.at ?? -1),
    afterSeq: BigInt(after?.tie ?? -1),
  };
}

/**
 * Reads a page of whole readings: first which they are, for which no text is looked at, and then what is in them, as far as the page
 * may be long.
 */
export async function readReadings(
  connection: DuckDBConnection,
  query: TelemetryQuery,
  after: PagePosition | null,
): Promise<TelemetryPage> {
  const limit = pageLimit(query);
  const longest = query.maxCharacters ?? MAX_PAGE_CHARACTERS;
  const found = await connection.runAndReadAll(
    `SELECT "at", seq FROM readings WHERE ${RAW_FILTER} ORDER BY "at", seq LIMIT ${limit + 1}`,
    rawParameters(query, after),
  );
  const positions = found.getRows().map(positionOf);
  const asked = positions.slice(0, limit);
  const points: ReadingPoint[] = [];
  let characters = 0;
  let last: PagePosition | undefined;
  for await (const row of rowsAt(connection, query.deviceKey, asked)) {
    if (characters >= longest && last !== undefined) return { points, next: encodeCursor(query, last) };
    points.push(toReading(row));
    characters += charactersOf(row);
    last = positionOf(row);
  }
  const end = asked.at(-1);
  return { points, next: positions.length > limit && end !== undefined ? encodeCursor(query, end) : null };
}

type Row = readonly DuckDBValue[];

async function* rowsAt(
  connection: DuckDBConnection,
  device: string,
  positions: readonly PagePosition[],
): AsyncGenerator<Row> {
  let atOnce = FIRST_AT_ONCE;
  for (let start = 0; start < positions.length; ) {
    const part = positions.slice(start, start + atOnce);
    let rows: readonly Row[];
    try {
      // They were alike so far. DuckDB's memory is no bound: of texts that repeat themselves it has a small part of what they come to.
      if (part.length > LONG_AT_ONCE && (await lengthOf(connection, device, part)) > 2 * CHARACTERS_AT_ONCE) {
        atOnce = LONG_AT_ONCE;
        continue;
      }
      rows = await readPart(connection, device, part);
    } catch (error) {
      // Of some dialects a reading is longer as text than it was as payload.
      if (part.length === 1 || !isOutOfMemory(error)) throw error;
      atOnce = Math.ceil(part.length / 2);
      continue;
    }
    yield* rows;
    start += part.length;
    // None where they were erased since.
    const characters = rows.reduce((sum, row) => sum + charactersOf(row), 0);
    const alike = Math.floor((CHARACTERS_AT_ONCE * rows.length) / Math.max(1, characters));
    atOnce = Math.min(2 * part.length, Math.max(LONG_AT_ONCE, Math.min(alike, SHORT_AT_ONCE)));
  }
}

/**
 * The rows at positions that follow on each other. Plain bounds, for by them the scan knows which rows not to look at; what was
 * written since has a higher sequence than any of them.
 */
async function readPart(
  connection: DuckDBConnection,
  device: string,
  part: readonly PagePosition[],
): Promise<readonly Row[]> {
  const found = await connection.runAndReadAll(
    `SELECT "at", seq, flags, event, metrics, ${POSITION_COLUMNS.join(', ')} FROM readings WHERE ${AMONG}`,
    amongParameters(device, part),
  );
  const wanted = new Set(part.map(keyOf));
  // Sorted here: DuckDB would hold all texts twice for it.
  return found
    .getRows()
    .filter((row) => wanted.has(keyOf(positionOf(row))))
    .sort((a, b) => Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]));
}

/** Of the texts of a part, in bytes. */
async function lengthOf(
  connection: DuckDBConnection,
  device: string,
  part: readonly PagePosition[],
): Promise<number> {
  const found = await connection.runAndReadAll(
    `SELECT coalesce(sum(coalesce(strlen(event), 0) + coalesce(strlen(metrics), 0)), 0)::DOUBLE
     FROM readings WHERE ${AMONG}`,
    amongParameters(device, part),
  );
  return Number(found.getRows()[0]?.[0] ?? 0);
}

const AMONG = 'device = $device AND "at" BETWEEN $from AND $to AND seq BETWEEN $firstSeq AND $lastSeq';

function amongParameters(device: string, part: readonly PagePosition[]): Record<string, DuckDBValue> {
  const [times, seqs] = [part.map(({ at }) => at), part.map(({ tie }) => tie)];
  return {
    device,
    from: BigInt(Math.min(...times)),
    to: BigInt(Math.max(...times)),
    firstSeq: BigInt(Math.min(...seqs)),
    lastSeq: BigInt(Math.max(...seqs)),
  };
}

function keyOf({ at, tie }: PagePosition): string {
  return `${at}.${tie}`;
}

function positionOf([at, seq]: Row): PagePosition {
  return { at: Number(at), tie: Number(seq) };
}

function charactersOf([, , , event, metrics]: Row): number {
  const textLength = (text: DuckDBValue | undefined) => (typeof text === 'string' ? text.length : 0);
  return CHARACTERS_BESIDE + textLength(event) + textLength(metrics);
}

function toReading([at, , flags, event, metrics, ...position]: Row): ReadingPoint {
  return {
    at: Number(at),
    flags: FLAGS.filter((flag) => (Number(flags) & FLAG_BITS[flag]) !== 0),
    ...(position[0] !== null && { position: toPosition(position) }),
    ...(typeof metrics === 'string' && { metrics: JSON.parse(metrics) as Record<string, MetricValue> }),
    ...(typeof event === 'string' && { event }),
  };
}

function toPosition(columns: Row): Position {
  const known = POSITION_COLUMNS.flatMap((name, index) => {
    const value = columns[index];
    return typeof value === 'number' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(known) as unknown as Position;
}
