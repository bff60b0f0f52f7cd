import type { MetricValue } from '../../rules/readings/reading.ts';
import {
  DEVICE_TAG,
  EVENT_FIELD,
  encodeName,
  FLAGS_FIELD,
  fieldOf,
  POSITION_FIELDS,
  POSITIONS,
  READINGS,
  RECEIVED_AT_FIELD,
  suffixOf,
} from './influx-names.ts';
import type { TelemetryPoint } from './telemetry-store.ts';

export const NANOSECONDS_PER_MS = 1_000_000;
const TIE_DIGITS = 6;

/**
 * Order of a point within its millisecond: the journal sequence, modulo what a millisecond has of nanoseconds. Two readings
 * of one device in one millisecond differ in it, and the same reading, written again, has the same.
 */
export function tieOf(seq: number): number {
  return seq % NANOSECONDS_PER_MS;
}

/** Nanoseconds since 1970, in decimal: above 2^53, so no number. */
export function nanoseconds(at: number, tie: number): string {
  // at·10⁶ + tie: the digits of the one behind those of the other.
  return at === 0 ? String(tie) : `${at}${String(tie).padStart(TIE_DIGITS, '0')}`;
}

/**
 * Adds the point as line protocol: a line for its position, and one for all else where there is any. Only for a point that
 * `whyUnstorable` has nothing against. Built by hand: the client's `Point` took 2.7 µs instead of 1.6, on the thread that also
 * runs the rules. A test holds the two against each other.
 */
export function addLines(point: TelemetryPoint, add: (line: string) => void): void {
  const { deviceKey, at, seq, receivedAt, position, metrics, event, flags } = point;
  const series = `,${DEVICE_TAG}=${escapeKey(encodeName(deviceKey))} ${RECEIVED_AT_FIELD}=${receivedAt}i`;
  const end = `${flags.length > 0 ? `,${FLAGS_FIELD}="${flags.join(',')}"` : ''} ${nanoseconds(at, tieOf(seq))}`;
  if (position !== undefined) {
    let fields = '';
    for (const field of POSITION_FIELDS) {
      const value = position[field];
      if (value !== undefined) fields += `,${field}=${value}`;
    }
    add(POSITIONS + series + fields + end);
  }
  let fields = '';
  for (const metric in metrics) {
    const value = metrics[metric];
    if (value === undefined || !Object.hasOwn(metrics, metric)) continue;
    fields += `,${escapeKey(fieldOf(metric, suffixOf(value)))}=${fieldValue(value)}`;
  }
  if (event !== undefined) fields += `,${EVENT_FIELD}=${quoted(event)}`;
  if (position === undefined || fields !== '') add(READINGS + series + fields + end);
}

const PLAIN_KEY = /^[\w.:-]*$/;

/** https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/#special-characters: names hold no others. */
export function escapeKey(name: string): string {
  return PLAIN_KEY.test(name) ? name : name.replaceAll(/[ ,=]/g, '\\$&');
}

export function fieldValue(value: MetricValue): string | number {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'boolean' ? (value ? 'T' : 'F') : value;
}

function quoted(text: string): string {
  return `"${text.toWellFormed().replaceAll(/["\\]/g, '\\$&')}"`;
}
