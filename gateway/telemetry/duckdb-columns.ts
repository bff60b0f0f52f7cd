import { BIGINT, DOUBLE, type DuckDBAppender, DuckDBDataChunk, UTINYINT, VARCHAR } from '@duckdb/node-api';
import bindings, { type Vector } from '@duckdb/node-bindings';
import type { MetricValue, ReadingFlag } from '../../rules/readings/reading.ts';
import { Texts } from './duckdb-texts.ts';
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
/**
 * A chunk ends with the reading that reaches it: its texts are put together for DuckDB, and V8 has no text of more than 2^29 characters,
 * which readings of 1 MiB come to within 512 rows.
 */
const CHARACTERS_A_CHUNK = 16 * 1024 * 1024;
const TWO_TO_32 = 2 ** 32;

/** In the order of the table (duckdb-file.ts). */
const TYPES = [
  VARCHAR,
  BIGINT,
  BIGINT,
  BIGINT,
  UTINYINT,
  ...POSITION_COLUMNS.map(() => DOUBLE),
  VARCHAR,
  VARCHAR,
];

/**
 * Appends points chunk by chunk. The columns are laid out here as DuckDB has them in memory and copied in one go: the vectors of
 * `@duckdb/node-api` make a bigint of each time and of each null, and took three times as long.
 *
 * @returns how many characters their texts have
 */
export function appendPoints(appender: DuckDBAppender, points: readonly TelemetryPoint[]): number {
  let characters = 0;
  for (let start = 0; start < points.length; ) {
    const chunk = DuckDBDataChunk.create(TYPES);
    try {
      const set = setRows(points, start);
      fill(chunk, set.rows);
      chunk.rowCount = set.rows;
      start += set.rows;
      characters += set.characters;
    } finally {
      // Also of a chunk that failed: the next one would have its nulls.
      for (const column of [device, events, metricTexts, ...nullable]) column.reset();
    }
    appender.appendDataChunk(chunk);
  }
  return characters;
}

/** Which rows of a column hold a value: a bit a row, the first in the lowest bit. */
class Validity {
  readonly #bits = new Uint8Array(ROWS_A_CHUNK / 8);
  #hasNulls = false;

  setNull(row: number): void {
    if (!this.#hasNulls) this.#bits.fill(0xff);
    this.#hasNulls = true;
    this.#bits[row >> 3] = (this.#bits[row >> 3] ?? 0) & ~(1 << (row & 7));
  }

  /** All rows of a new vector hold a value until told otherwise. */
  writeTo(vector: Vector): void {
    if (!this.#hasNulls) return;
    bindings.vector_ensure_validity_writable(vector);
    bindings.copy_data_to_vector_validity(vector, 0, this.#bits.buffer, 0, this.#bits.byteLength);
  }

  reset(): void {
    this.#hasNulls = false;
  }
}

class Doubles {
  readonly #values = new Float64Array(ROWS_A_CHUNK);
  readonly #validity = new Validity();

  set(row: number, value: number | undefined): void {
    if (value === undefined) this.#validity.setNull(row);
    else this.#values[row] = value;
  }

  writeTo(vector: Vector, count: number): void {
    bindings.copy_data_to_vector(vector, 0, this.#values.buffer, 0, count * 8);
    this.#validity.writeTo(vector);
  }

  reset(): void {
    this.#validity.reset();
  }
}

/** Whole numbers that a double holds exactly, as 64 bits in two halves (the lower first, like every machine DuckDB runs on). */
class Integers {
  readonly #halves = new Uint32Array(2 * ROWS_A_CHUNK);

  set(row: number, value: number): void {
    this.#halves[2 * row] = value;
    this.#halves[2 * row + 1] = Math.floor(value / TWO_TO_32);
  }

  writeTo(vector: Vector, count: number): void {
    bindings.copy_data_to_vector(vector, 0, this.#halves.buffer, 0, count * 8);
  }
}

/** Reused for every chunk: `appendPoints` never waits in between. */
const device = new Texts(ROWS_A_CHUNK);
const at = new Integers();
const seq = new Integers();
const receivedAt = new Integers();
const flags = new Uint8Array(ROWS_A_CHUNK);
const lat = new Doubles();
const lon = new Doubles();
const accuracy = new Doubles();
const speed = new Doubles();
const heading = new Doubles();
const altitude = new Doubles();
const events = new Texts(ROWS_A_CHUNK);
const noEvent = new Validity();
const metricTexts = new Texts(ROWS_A_CHUNK);
const noMetrics = new Validity();

const nullable = [lat, lon, accuracy, speed, heading, altitude, noEvent, noMetrics] as const;

/** Lays out the points from `start` on, as many as a chunk takes, and says how many these are, and their texts. */
function setRows(
  points: readonly TelemetryPoint[],
  start: number,
): { readonly rows: number; readonly characters: number } {
  let row = 0;
  let characters = 0;
  for (; row < ROWS_A_CHUNK && characters < CHARACTERS_A_CHUNK; row += 1) {
    const point = points[start + row];
    if (point === undefined) break;
    const { position, event, metrics } = point;
    device.setRepeated(row, point.deviceKey);
    at.set(row, point.at);
    seq.set(row, point.seq);
    receivedAt.set(row, point.receivedAt);
    flags[row] = bitsOf(point.flags);
    lat.set(row, position?.lat);
    lon.set(row, position?.lon);
    accuracy.set(row, position?.accuracy);
    speed.set(row, position?.speed);
    heading.set(row, position?.heading);
    altitude.set(row, position?.altitude);
    if (event === undefined) noEvent.setNull(row);
    else {
      events.set(row, event.toWellFormed());
      characters += event.length;
    }
    if (metrics === undefined) noMetrics.setNull(row);
    else {
      const json = metricsJson(metrics);
      metricTexts.set(row, json);
      characters += json.length;
    }
  }
  return { rows: row, characters };
}

function fill(chunk: DuckDBDataChunk, count: number): void {
  const vectors = TYPES.map((_, column) => bindings.data_chunk_get_vector(chunk.chunk, column));
  const [deviceVector, atVector, seqVector, receivedVector, flagsVector, ...rest] = vectors as Vectors;
  const [latVector, lonVector, accuracyVector, speedVector, headingVector, altitudeVector, ...texts] = rest;
  const [eventVector, metricsVector] = texts;
  device.writeTo(deviceVector, count);
  at.writeTo(atVector, count);
  seq.writeTo(seqVector, count);
  receivedAt.writeTo(receivedVector, count);
  bindings.copy_data_to_vector(flagsVector, 0, flags.buffer, 0, count);
  lat.writeTo(latVector, count);
  lon.writeTo(lonVector, count);
  accuracy.writeTo(accuracyVector, count);
  speed.writeTo(speedVector, count);
  heading.writeTo(headingVector, count);
  altitude.writeTo(altitudeVector, count);
  events.writeTo(eventVector, count);
  noEvent.writeTo(eventVector);
  metricTexts.writeTo(metricsVector, count);
  noMetrics.writeTo(metricsVector);
}

/** One for each of `TYPES`. */
type Vectors = [
  ...[Vector, Vector, Vector, Vector, Vector],
  ...[Vector, Vector, Vector, Vector, Vector, Vector],
  ...[Vector, Vector],
];

function bitsOf(all: readonly ReadingFlag[]): number {
  let bits = 0;
  for (const flag of all) bits |= FLAG_BITS[flag];
  return bits;
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
