import { type DuckDBConnection, DuckDBVarCharVector } from '@duckdb/node-api';
import bindings, { type Vector } from '@duckdb/node-bindings';
import { FLAG_BITS } from './duckdb-columns.ts';
import { isOutOfMemory } from './duckdb-memory.ts';
import {
  MOST_SCANNED_CHARACTERS,
  MOST_SCANNED_ROWS,
  NO_VALUES,
  SCAN_BITS,
  type ScanBatch,
  type ScanNumber,
  type ScanQuery,
  type SparseJson,
} from './telemetry-scan.ts';

/** Runs work on a connection of its own; the file may be swapped between two calls. */
export type UseConnection = <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;

/** The first window; the next ones are as long as a batch was found to reach. */
const FIRST_WINDOW_MS = 60_000;
const LONGEST_WINDOW_MS = 16 * 86_400_000;
/** A window is made longer where it brought fewer rows than this share of a batch. */
const FEW = MOST_SCANNED_ROWS / 2;
/** Rows that are asked for first: they may be of 300 kB each. */
const FIRST_ROWS = 512;
/** How many more are asked for after a batch that was full of them. */
const MORE = 16;
/** To how little of a window that DuckDB has not the memory for, as where readings are of 300 kB. */
const LESS = 8;

/**
 * Goes through the readings window by window, so that nothing has to be sorted beyond one batch, and no connection stays open
 * between two batches: whoever takes them slowly holds up neither writers nor an erasure.
 */
export async function* scanDuckDb(use: UseConnection, query: ScanQuery): AsyncGenerator<ScanBatch> {
  const keys = JSON.stringify(query.deviceKeys);
  let windowMs = FIRST_WINDOW_MS;
  let mostRows = FIRST_ROWS;
  let from = query.from;
  let afterSeq = -1;
  while (from < query.to && query.deviceKeys.length > 0) {
    const to = Math.min(query.to, from + windowMs);
    let window: Window;
    try {
      window = await use((connection) => readWindow(connection, query, keys, from, afterSeq, to, mostRows));
    } catch (error) {
      if (!isOutOfMemory(error) || (to - from <= 1 && mostRows === 1)) throw error;
      windowMs = Math.ceil((to - from) / LESS);
      mostRows = Math.ceil(mostRows / LESS);
      continue;
    }
    const { batch: read, isWhole, isLong } = window;
    // What arrived together comes in one batch, as far as that holds it.
    const batch = isWhole ? read : untilLastArrival(read);
    const isMostOfAll = isLong || mostRows === MOST_SCANNED_ROWS;
    if (isLong) mostRows = read.rows;
    else if (!isWhole) mostRows = Math.min(MORE * mostRows, MOST_SCANNED_ROWS);
    if (!isWhole && !isMostOfAll && batch === read) continue;
    const last = batch.rows - 1;
    if (isWhole) {
      [from, afterSeq] = [to, -1];
      if (batch.rows < FEW)
        windowMs = Math.min(Math.ceil(windowMs * (batch.rows < FEW / 4 ? 4 : 1.5)), LONGEST_WINDOW_MS);
    } else {
      // More than fits: the rest of the window comes next.
      const until = read.receivedAt[read.rows - 1] ?? from;
      if (isMostOfAll) windowMs = Math.max(1, Math.floor((until - from) * 0.9));
      [from, afterSeq] = [until, batch === read ? (batch.seq[last] ?? -1) : -1];
    }
    if (batch.rows > 0) yield batch;
  }
}

/** The batch without what arrived last, which may go on; the batch itself where all of it arrived together. */
function untilLastArrival(batch: ScanBatch): ScanBatch {
  const rows = batch.receivedAt.indexOf(batch.receivedAt[batch.rows - 1] ?? 0);
  return rows === 0 ? batch : firstRows(batch, rows);
}

function firstRows(batch: ScanBatch, rows: number): ScanBatch {
  const numbers: Partial<Record<ScanNumber, Float64Array>> = {};
  for (const [name, column] of Object.entries(batch.numbers))
    numbers[name as ScanNumber] = column.slice(0, rows);
  return {
    rows,
    device: batch.device.slice(0, rows),
    receivedAt: batch.receivedAt.slice(0, rows),
    at: batch.at.slice(0, rows),
    seq: batch.seq.slice(0, rows),
    bits: batch.bits.slice(0, rows),
    lat: batch.lat.slice(0, rows),
    lon: batch.lon.slice(0, rows),
    numbers,
    // Values of rows behind it are passed over.
    events: batch.events,
    metrics: batch.metrics,
  };
}

const FIXED_COLUMNS = 7;

interface Window {
  readonly batch: ScanBatch;
  /** Nothing lies behind the last row. */
  readonly isWhole: boolean;
  /** The texts were too many for more rows. */
  readonly isLong: boolean;
}

function sqlOf(query: ScanQuery, mostRows: number): string {
  const { late, clock_corrected } = FLAG_BITS;
  const columns = [
    'k.device - 1',
    'CAST(r.received_at AS DOUBLE)',
    'CAST(r."at" AS DOUBLE)',
    'CAST(r.seq AS DOUBLE)',
    `CAST((CASE WHEN r.flags & ${late} > 0 THEN ${SCAN_BITS.late} ELSE 0 END)
      + (CASE WHEN r.flags & ${clock_corrected} > 0 THEN ${SCAN_BITS.clockCorrected} ELSE 0 END) AS UTINYINT)`,
    ...['lat', 'lon', ...query.numbers].map((name) => `coalesce(r.${name}, 'nan'::DOUBLE)`),
    query.positionsOnly ? 'NULL::VARCHAR' : 'r.event',
    query.metrics ? 'r.metrics' : 'CASE WHEN r.lat IS NULL THEN r.metrics END',
  ];
  const wanted = query.positionsOnly ? 'AND r.lat IS NOT NULL' : '';
  return `SELECT ${columns.join(', ')} FROM readings r JOIN (
      SELECT unnest(keys) AS key, generate_subscripts(keys, 1)::INTEGER AS device FROM (SELECT $keys::JSON::VARCHAR[] AS keys)
    ) k ON r.device = k.key
    WHERE r.received_at >= $from AND r.received_at < $to AND (r.received_at > $from OR r.seq > $after) ${wanted}
    ORDER BY r.received_at, r.seq LIMIT ${mostRows}`;
}

async function readWindow(
  connection: DuckDBConnection,
  query: ScanQuery,
  keys: string,
  from: number,
  afterSeq: number,
  to: number,
  mostRows: number,
): Promise<Window> {
  const parameters = { keys, from: BigInt(from), to: BigInt(to), after: BigInt(afterSeq) };
  const result = await connection.run(sqlOf(query, mostRows), parameters);
  const chunks = await result.fetchAllChunks();
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const batch = emptyBatch(query, rows);
  const events = createTexts();
  const metrics = createTexts();
  let start = 0;
  for (const chunk of chunks) {
    if (events.characters + metrics.characters >= MOST_SCANNED_CHARACTERS) break;
    const count = chunk.rowCount;
    const vectorAt = (column: number) => bindings.data_chunk_get_vector(chunk.chunk, column);
    const devices = bytesOf(vectorAt(0), count * 4);
    batch.device.set(new Int32Array(devices.buffer, devices.byteOffset, count), start);
    copyDoubles(vectorAt(1), batch.receivedAt, start, count);
    copyDoubles(vectorAt(2), batch.at, start, count);
    copyDoubles(vectorAt(3), batch.seq, start, count);
    batch.bits.set(bytesOf(vectorAt(4), count), start);
    copyDoubles(vectorAt(5), batch.lat, start, count);
    copyDoubles(vectorAt(6), batch.lon, start, count);
    query.numbers.forEach((name, index) => {
      const target = batch.numbers[name];
      if (target !== undefined) copyDoubles(vectorAt(FIXED_COLUMNS + index), target, start, count);
    });
    const texts = FIXED_COLUMNS + query.numbers.length;
    const withEvents = events.add(vectorAt(texts), start, count, JSON.stringify);
    start += Math.min(withEvents, metrics.add(vectorAt(texts + 1), start, count, String));
  }
  const read = { ...batch, events: events.done(), metrics: metrics.done() };
  const isLong = start < rows;
  return { batch: isLong ? firstRows(read, start) : read, isWhole: !isLong && rows < mostRows, isLong };
}

function emptyBatch(query: ScanQuery, rows: number) {
  const numbers: Partial<Record<ScanNumber, Float64Array>> = {};
  for (const name of query.numbers) numbers[name] = new Float64Array(rows);
  return {
    rows,
    device: new Int32Array(rows),
    receivedAt: new Float64Array(rows),
    at: new Float64Array(rows),
    seq: new Float64Array(rows),
    bits: new Uint8Array(rows),
    lat: new Float64Array(rows),
    lon: new Float64Array(rows),
    numbers,
  };
}

function bytesOf(vector: Vector, bytes: number): Uint8Array {
  return bindings.vector_get_data(vector, bytes);
}

function copyDoubles(vector: Vector, target: Float64Array, start: number, count: number): void {
  const bytes = bytesOf(vector, count * 8);
  target.set(new Float64Array(bytes.buffer, bytes.byteOffset, count), start);
}

/** Gathers the texts of a column that is mostly NULL, as JSON. */
function createTexts() {
  const rows: number[] = [];
  const texts: string[] = [];
  let characters = 0;
  return {
    get characters() {
      return characters;
    },
    /** Returns how many rows it took: fewer where these come to too many characters. */
    add(vector: Vector, start: number, count: number, toJson: (text: string) => string): number {
      // A bit a row, 64 at a time; none of it where every row has a value.
      const validity: Uint8Array | null = bindings.vector_get_validity(vector, Math.ceil(count / 64) * 8);
      if (validity?.every((byte) => byte === 0)) return count;
      const column = DuckDBVarCharVector.fromRawVector(vector, count);
      for (let row = 0; row < count; row += 1) {
        if (validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) continue;
        const text = column.getItem(row);
        if (text === null) continue;
        rows.push(start + row);
        texts.push(toJson(text));
        characters += text.length;
        if (characters >= MOST_SCANNED_CHARACTERS) return row + 1;
      }
      return count;
    },
    done: (): SparseJson =>
      rows.length === 0 ? NO_VALUES : { rows: Int32Array.from(rows), json: `[${texts.join(',')}]` },
  };
}
