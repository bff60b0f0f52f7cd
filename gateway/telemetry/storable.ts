import type { Position } from '../../rules/readings/reading.ts';
import type { TelemetryPoint } from './telemetry-store.ts';

/** Year 2262: the last millisecond that fits in 64 bits of nanoseconds. */
const MAX_AT = 9_223_372_036_854;

/**
 * Why a point can't be kept by any store, or null. The engine admits no such reading; should one come all the same, it
 * must not hold up the batch that it came in.
 */
export function whyUnstorable(point: TelemetryPoint): string | null {
  if (!Number.isSafeInteger(point.at) || point.at < 0 || point.at >= MAX_AT) {
    return `time ${point.at} is not a whole epoch millisecond between 1970 and 2262`;
  }
  if (!Number.isSafeInteger(point.seq) || point.seq < 0)
    return `sequence ${point.seq} is not a whole number of 0 or more`;
  if (!Number.isSafeInteger(point.receivedAt))
    return `arrival time ${point.receivedAt} is not a whole epoch millisecond`;
  // No lists of entries: this is asked of every point that is stored.
  for (const name in point.position) {
    const value = point.position[name as keyof Position];
    if (value !== undefined && !Number.isFinite(value)) return `position.${name} is not a finite number`;
  }
  for (const name in point.metrics) {
    const value = point.metrics[name];
    if (typeof value === 'number' ? !Number.isFinite(value) : !['boolean', 'string'].includes(typeof value)) {
      return `metric ${JSON.stringify(name)} is no finite number, boolean or string`;
    }
  }
  return null;
}
