import type { MetricValue } from '../../rules/readings/reading.ts';

/**
 * Metrics and events, and readings that hold nothing at all. The device's key is the only tag: a tag a position or a metric would
 * make a series of each value.
 */
export const READINGS = 'readings';
/**
 * Positions, under the device and the nanosecond of their reading. A measurement of their own, for InfluxDB removes points and no
 * fields of points. Versions of Wayside before it kept them in `readings`, where they are read as well.
 */
export const POSITIONS = 'positions';
export const MEASUREMENTS = [READINGS, POSITIONS] as const;
export const DEVICE_TAG = 'device';
export const POSITION_FIELDS = ['lat', 'lon', 'accuracy', 'speed', 'heading', 'altitude'] as const;
export const EVENT_FIELD = 'event';
/** Comma-separated flags. */
export const FLAGS_FIELD = 'flags';
/** Epoch ms of arrival; every point has it, for a point needs a field. */
export const RECEIVED_AT_FIELD = 'receivedAt';

export type FieldSuffix = 'n' | 'b' | 's';
export const FIELD_SUFFIXES: readonly FieldSuffix[] = ['n', 'b', 's'];

/**
 * Field of a metric's value. The type is part of the name, for InfluxDB refuses points whose field had another type before;
 * the dot also keeps metrics apart from the fields of the reading itself.
 */
export function fieldOf(metric: string, suffix: FieldSuffix): string {
  return `${encodeName(metric)}.${suffix}`;
}

export function suffixOf(value: MetricValue): FieldSuffix {
  switch (typeof value) {
    case 'number':
      return 'n';
    case 'boolean':
      return 'b';
    case 'string':
      return 's';
  }
}

/** Metric of a field, or null for a field of the reading itself. */
export function metricOf(field: string): string | null {
  const match = /^(.*)\.[nbs]$/s.exec(field);
  return match?.[1] === undefined ? null : decodeName(match[1]);
}

/**
 * Makes a name that line protocol and InfluxQL both carry: line protocol has no escape for a backslash or a line break
 * within a key. Percent signs are encoded too, so that every name has one encoding.
 */
export function encodeName(name: string): string {
  return name
    .toWellFormed()
    .replaceAll(/[%\\"\p{Cc}]/gu, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function decodeName(encoded: string): string {
  return encoded.replaceAll(/%([0-9a-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** An identifier of InfluxQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** A string literal of InfluxQL. */
export function quoteString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
