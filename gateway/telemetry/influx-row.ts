import type { MetricValue, Position, ReadingFlag } from '../../rules/readings/reading.ts';
import { EVENT_FIELD, FLAGS_FIELD, metricOf, POSITION_FIELDS } from './influx-names.ts';
import type { PagePosition } from './page.ts';
import type { ReadingPoint } from './telemetry-store.ts';

/** A point as InfluxDB gives it. */
export interface Row extends PagePosition {
  readonly fields: ReadonlyMap<string, unknown>;
}

/** Of a reading, about: its time and position. */
const CHARACTERS_BESIDE = 100;
/** Of a field that is no text: a number, and what stands around it. */
const CHARACTERS_A_VALUE = 12;

export function toReading(row: Row): ReadingPoint {
  const { fields } = row;
  const position = POSITION_FIELDS.flatMap((field) =>
    fields.has(field) ? [[field, fields.get(field)] as const] : [],
  );
  const metrics = [...fields].flatMap(([field, value]) => {
    const metric = metricOf(field);
    return metric === null ? [] : [[metric, value as MetricValue] as const];
  });
  const event = fields.get(EVENT_FIELD);
  const flags = fields.get(FLAGS_FIELD);
  return {
    at: row.at,
    flags: typeof flags === 'string' ? (flags.split(',') as ReadingFlag[]) : [],
    ...(position.length > 0 && { position: Object.fromEntries(position) as unknown as Position }),
    ...(metrics.length > 0 && { metrics: Object.fromEntries(metrics) }),
    ...(typeof event === 'string' && { event }),
  };
}

/** How long the reading is as JSON, about. */
export function charactersOf({ fields }: Row): number {
  let characters = CHARACTERS_BESIDE;
  for (const [field, value] of fields)
    characters += field.length + (typeof value === 'string' ? value.length : CHARACTERS_A_VALUE);
  return characters;
}
