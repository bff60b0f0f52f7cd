import { LATE_AFTER_MS } from '../../rules/readings/admission.ts';
import { HOUR_MS, MINUTE_MS } from '../../rules/time/duration.ts';
import { WaysideError } from '../errors.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { encodeName, RECEIVED_AT_FIELD } from './influx-names.ts';
import { readTimeRange, type TaggedReading, withoutHidden } from './influx-reader.ts';
import { charactersOf } from './influx-row.ts';
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

/** A reading that is not late is at most this much ahead of its arrival. */
const LARGEST_LEAD_MS = 5 * MINUTE_MS;
/** What is older than this when it arrives, before the scan begins, is not found: see below. */
const LATE_REACH_MS = 24 * HOUR_MS;
/** Late events that wait for the time of their arrival; a device that hands in years at once has no more of them than that. */
const MOST_HELD_ROWS = 1_000_000;

const FEW_ROWS = MOST_SCANNED_ROWS / 16;
const LONGEST_WINDOW_MS = 24 * HOUR_MS;

interface Held extends TaggedReading {
  readonly device: number;
  readonly receivedAt: number;
}

/**
 * InfluxDB is ordered by the time of a reading, and a filter on the time of its arrival reads everything. So it is swept by time, and
 * what was read is given out once nothing that arrived earlier can follow: 5 min behind, the most by which a reading may be ahead.
 * What is late, and so changes nothing, is left out unless it holds an event, whose decision says that it came late. Of those that
 * arrived within the first hours of a scan, ones that were older than a day are not found.
 *
 * @param hiddenBefore positions that are older are left out, epoch ms
 * @throws InfluxError, and `telemetry_unavailable` where more late events wait than are kept
 */
export async function* scanInflux(
  connection: InfluxConnection,
  query: ScanQuery,
  hiddenBefore: number,
): AsyncGenerator<ScanBatch> {
  const devices = new Map(query.deviceKeys.map((key, index) => [encodeName(key), index]));
  if (devices.size === 0) return;
  let held: Held[] = [];
  let from = Math.max(0, query.from - LATE_REACH_MS);
  const end = query.to + LARGEST_LEAD_MS;
  let windowMs = MINUTE_MS;
  while (from < end) {
    const to = Math.min(end, from + windowMs);
    const page = await readTimeRange(connection, from, to);
    for (const reading of page.readings) {
      const device = devices.get(reading.deviceTag);
      const receivedAt = Number(reading.fields.get(RECEIVED_AT_FIELD) ?? reading.at);
      if (device === undefined || receivedAt < query.from || receivedAt >= query.to) continue;
      const isLate = receivedAt - reading.at > LATE_AFTER_MS;
      if (!isLate || reading.event !== undefined)
        held.push({ ...withoutHidden(reading, hiddenBefore), device, receivedAt });
    }
    if (held.length > MOST_HELD_ROWS) {
      const detail = `more than ${MOST_HELD_ROWS} late events would have to be kept in order; try a shorter time`;
      throw new WaysideError('telemetry_unavailable', detail);
    }
    from = page.upTo;
    if (page.upTo === to && page.readings.length < FEW_ROWS)
      windowMs = Math.min(2 * windowMs, LONGEST_WINDOW_MS);
    else windowMs = Math.max(1_000, Math.ceil(windowMs / 2));
    const until = from >= end ? Infinity : from - LARGEST_LEAD_MS;
    const ready = held.filter(({ receivedAt }) => receivedAt < until);
    if (ready.length < FEW_ROWS && from < end) continue;
    held = held.filter(({ receivedAt }) => receivedAt >= until);
    ready.sort((a, b) => a.receivedAt - b.receivedAt || a.tie - b.tie);
    for (let start = 0; start < ready.length; ) {
      const end = endOfBatch(ready, start);
      yield batchOf(query, ready.slice(start, end));
      start = end;
    }
  }
}

/** Positions alone, by the time of their readings: late ones are where they belong. @throws InfluxError */
export async function* scanPositions(
  connection: InfluxConnection,
  query: ScanQuery,
  hiddenBefore: number,
): AsyncGenerator<ScanBatch> {
  const devices = new Map(query.deviceKeys.map((key, index) => [encodeName(key), index]));
  let windowMs = MINUTE_MS;
  for (let from = Math.max(query.from, hiddenBefore); from < query.to && devices.size > 0; ) {
    const to = Math.min(query.to, from + windowMs);
    const { readings, upTo } = await readTimeRange(connection, from, to);
    from = upTo;
    windowMs =
      readings.length < FEW_ROWS ? Math.min(2 * windowMs, LONGEST_WINDOW_MS) : Math.ceil(windowMs / 2);
    const found = readings.flatMap((reading) => {
      const device = devices.get(reading.deviceTag);
      if (device === undefined || reading.position === undefined) return [];
      const receivedAt = Number(reading.fields.get(RECEIVED_AT_FIELD) ?? reading.at);
      return [{ ...reading, device, receivedAt }];
    });
    for (let start = 0; start < found.length; start += MOST_SCANNED_ROWS)
      yield batchOf(query, found.slice(start, start + MOST_SCANNED_ROWS));
  }
}

/** What arrived together comes in one batch, as far as that holds it. */
function endOfBatch(ready: readonly Held[], start: number): number {
  let most = start;
  for (let characters = 0; most - start < MOST_SCANNED_ROWS; most += 1) {
    const row = ready[most];
    if (row === undefined || characters >= MOST_SCANNED_CHARACTERS) break;
    characters += charactersOf(row);
  }
  if (most >= ready.length) return ready.length;
  let end = most;
  while (end > start && ready[end - 1]?.receivedAt === ready[most]?.receivedAt) end -= 1;
  return end === start ? most : end;
}

function batchOf(query: ScanQuery, readings: readonly Held[]): ScanBatch {
  const column = (value: (reading: Held) => number) => Float64Array.from(readings, value);
  const numbers: Partial<Record<ScanNumber, Float64Array>> = {};
  for (const name of query.numbers) numbers[name] = column(({ position }) => position?.[name] ?? Number.NaN);
  return {
    rows: readings.length,
    device: Int32Array.from(readings, ({ device }) => device),
    receivedAt: column(({ receivedAt }) => receivedAt),
    at: column(({ at }) => at),
    seq: column(({ tie }) => tie),
    bits: Uint8Array.from(readings, bitsOf),
    lat: column(({ position }) => position?.lat ?? Number.NaN),
    lon: column(({ position }) => position?.lon ?? Number.NaN),
    numbers,
    events: query.positionsOnly ? NO_VALUES : sparse(readings, ({ event }) => event),
    metrics: sparse(readings, ({ metrics, position }) =>
      query.metrics || position === undefined ? metrics : undefined,
    ),
  };
}

function bitsOf({ flags }: Held): number {
  return (
    (flags.includes('late') ? SCAN_BITS.late : 0) |
    (flags.includes('clock_corrected') ? SCAN_BITS.clockCorrected : 0)
  );
}

function sparse(readings: readonly Held[], pick: (reading: Held) => unknown): SparseJson {
  const found = readings.flatMap((reading, row) => {
    const value = pick(reading);
    return value === undefined ? [] : [{ row, value }];
  });
  if (found.length === 0) return NO_VALUES;
  return {
    rows: Int32Array.from(found, ({ row }) => row),
    json: JSON.stringify(found.map(({ value }) => value)),
  };
}
