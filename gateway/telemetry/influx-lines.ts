import { Point } from '@influxdata/influxdb-client';
import {
  DEVICE_TAG,
  EVENT_FIELD,
  encodeName,
  FLAGS_FIELD,
  fieldOf,
  MEASUREMENT,
  POSITION_FIELDS,
  RECEIVED_AT_FIELD,
  suffixOf,
} from './influx-names.ts';
import type { TelemetryPoint } from './telemetry-store.ts';

export const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Order of a point within its millisecond: the journal sequence, modulo what a millisecond has of nanoseconds. Two readings
 * of one device in one millisecond differ in it, and the same reading, written again, has the same.
 */
export function tieOf(seq: number): number {
  return seq % NANOSECONDS_PER_MS;
}

/** Nanoseconds since 1970, in decimal: above 2^53, so no number. */
export function nanoseconds(at: number, tie: number): string {
  return String(BigInt(at) * BigInt(NANOSECONDS_PER_MS) + BigInt(tie));
}

/** The point as one line of line protocol; only for a point that `whyUnstorable` has nothing against. */
export function toLine(point: TelemetryPoint): string {
  const line = new Point(MEASUREMENT)
    .tag(DEVICE_TAG, encodeName(point.deviceKey))
    .timestamp(nanoseconds(point.at, tieOf(point.seq)))
    .intField(RECEIVED_AT_FIELD, point.receivedAt);
  if (point.position !== undefined) {
    for (const field of POSITION_FIELDS) {
      const value = point.position[field];
      if (value !== undefined) line.floatField(field, value);
    }
  }
  for (const [metric, value] of Object.entries(point.metrics ?? {})) {
    const field = fieldOf(metric, suffixOf(value));
    if (typeof value === 'number') line.floatField(field, value);
    else if (typeof value === 'boolean') line.booleanField(field, value);
    else line.stringField(field, value.toWellFormed());
  }
  if (point.event !== undefined) line.stringField(EVENT_FIELD, point.event.toWellFormed());
  if (point.flags.length > 0) line.stringField(FLAGS_FIELD, point.flags.join(','));
  const text = line.toLineProtocol({ convertTime: String });
  if (text === undefined) throw new Error('a point without fields');
  return text;
}
