import {
  collecting,
  type Fields,
  join,
  type Report,
  readChoice,
  readFields,
  readId,
  readNumber,
  readText,
} from '../document/document.ts';
import type { Parsed } from '../document/problem.ts';

export const SENSITIVITIES = ['none', 'location', 'health'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];
export const METRIC_KINDS = ['number', 'boolean', 'string'] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];
export const UNKNOWN_METRIC_POLICIES = ['keep', 'drop', 'quarantine'] as const;
export type UnknownMetricPolicy = (typeof UNKNOWN_METRIC_POLICIES)[number];

export interface MetricType {
  /** SI or a plain word (`ratio`, `1/min`); empty for none. */
  readonly unit: string;
  readonly kind: MetricKind;
  /** Inclusive; numbers only. */
  readonly min?: number;
  /** Inclusive; numbers only. */
  readonly max?: number;
  readonly sensitivity: Sensitivity;
}

/** A kind of device as data: what it measures and what to do with what it should not. */
export interface DeviceType {
  readonly id: string;
  readonly name: string;
  /** Immobile ones (a fridge) open no visits: where they stand says nothing about where the person is. */
  readonly mobile: boolean;
  readonly metrics: Readonly<Record<string, MetricType>>;
  readonly unknownMetrics: UnknownMetricPolicy;
  /** Readings older than so many days are deleted; left out: they are kept for ever. */
  readonly retentionDays?: number;
}

const number = (unit: string, min: number, max: number, sensitivity: Sensitivity = 'none'): MetricType => ({
  unit,
  kind: 'number',
  min,
  max,
  sensitivity,
});
const boolean = (sensitivity: Sensitivity = 'none'): MetricType => ({
  unit: '',
  kind: 'boolean',
  sensitivity,
});
const string = (sensitivity: Sensitivity = 'none'): MetricType => ({ unit: '', kind: 'string', sensitivity });

/** Known without being saved. Ranges are what the sensor can say, not what is healthy: an alert must get through. */
export const BUILT_IN_DEVICE_TYPES: readonly DeviceType[] = [
  {
    id: 'car',
    name: 'Car adapter',
    mobile: true,
    metrics: {
      fuel: number('ratio', 0, 1),
      rpm: number('1/min', 0, 20_000),
      speed: number('m/s', 0, 150, 'location'),
      engineLoad: number('ratio', 0, 1),
      coolantTemperature: number('°C', -60, 250),
      odometer: number('m', 0, 1e10, 'location'),
      ignition: boolean(),
    },
    unknownMetrics: 'keep',
  },
  {
    id: 'fridge',
    name: 'Fridge',
    mobile: false,
    metrics: {
      temperature: number('°C', -60, 80),
      humidity: number('ratio', 0, 1),
      door: boolean(),
      milk: number('l', 0, 100),
      battery: number('ratio', 0, 1),
    },
    unknownMetrics: 'keep',
  },
  {
    id: 'wearable',
    name: 'Wearable',
    mobile: true,
    metrics: {
      heartRate: number('1/min', 0, 350, 'health'),
      steps: number('', 0, 1e7, 'health'),
      oxygen: number('ratio', 0, 1, 'health'),
      skinTemperature: number('°C', 0, 60, 'health'),
      battery: number('ratio', 0, 1),
    },
    unknownMetrics: 'keep',
  },
  {
    id: 'phone',
    name: 'Phone',
    mobile: true,
    metrics: {
      battery: number('ratio', 0, 1),
      charging: boolean(),
      network: string(),
      // As OwnTracks tells them; a region's name is a place that the person named.
      steps: number('', 0, 1e7, 'health'),
      walkedDistance: number('m', 0, 1e7, 'health'),
      floorsUp: number('', 0, 1e5, 'health'),
      floorsDown: number('', 0, 1e5, 'health'),
      region: string('location'),
      pressure: number('Pa', 0, 2e5),
    },
    unknownMetrics: 'keep',
  },
  {
    id: 'collar',
    name: 'Pet collar',
    mobile: true,
    metrics: {
      battery: number('ratio', 0, 1),
      activity: number('ratio', 0, 1),
      temperature: number('°C', -60, 80),
    },
    unknownMetrics: 'keep',
  },
  {
    id: 'card',
    name: 'Payment card',
    mobile: true,
    metrics: { amount: number('', -1e9, 1e9), currency: string(), category: string() },
    unknownMetrics: 'keep',
  },
];

/** Metric names stand in conditions, templates and telemetry fields. */
const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MOST_METRICS = 200;
const METRIC_FIELDS = ['unit', 'kind', 'min', 'max', 'sensitivity'];

function readMetric(value: unknown, path: string, report: Report): MetricType | null {
  const fields = readFields(value, path, METRIC_FIELDS, report);
  if (fields === null) return null;
  const unit =
    fields.unit === undefined ? '' : readText(fields.unit, join(path, 'unit'), report, { min: 0, max: 32 });
  const kind = readChoice(fields.kind, join(path, 'kind'), report, METRIC_KINDS);
  const sensitivity =
    fields.sensitivity === undefined
      ? 'none'
      : readChoice(fields.sensitivity, join(path, 'sensitivity'), report, SENSITIVITIES);
  const range = readRange(fields, path, kind, report);
  if (unit === null || kind === null || sensitivity === null) return null;
  return { unit, kind, ...range, sensitivity };
}

function readRange(
  fields: Fields,
  path: string,
  kind: MetricKind | null,
  report: Report,
): { min?: number; max?: number } {
  const range: { min?: number; max?: number } = {};
  for (const bound of ['min', 'max'] as const) {
    if (fields[bound] === undefined) continue;
    if (kind !== null && kind !== 'number')
      report(join(path, bound), `is for numbers only, and this metric is a ${kind}`);
    const value = readNumber(fields[bound], join(path, bound), report);
    if (value !== null) range[bound] = value;
  }
  if (range.min !== undefined && range.max !== undefined && range.min > range.max) {
    report(join(path, 'min'), `must not be above max (${range.max}), found ${range.min}`);
  }
  return range;
}

/** A hundred years: beyond it, nobody means a limit. */
const LONGEST_RETENTION_DAYS = 36_500;

function readRetention(value: unknown, report: Report): number | null {
  const days = readNumber(value, 'retentionDays', report);
  if (days === null) return null;
  if (Number.isInteger(days) && days >= 1 && days <= LONGEST_RETENTION_DAYS) return days;
  report(
    'retentionDays',
    `must be a whole number of days from 1 to ${LONGEST_RETENTION_DAYS}, found ${days}`,
  );
  return null;
}

/** @param document `{id, name, mobile, metrics: {name: {unit, kind, min, max, sensitivity}}, unknownMetrics, retentionDays}` */
export function parseDeviceType(document: unknown): Parsed<DeviceType> {
  return collecting((report) => {
    const fields = readFields(
      document,
      '',
      ['id', 'name', 'mobile', 'metrics', 'unknownMetrics', 'retentionDays'],
      report,
    );
    if (fields === null) return null;
    const id = readId(fields.id, 'id', report);
    const name = readText(fields.name, 'name', report, { max: 200 });
    const mobile = fields.mobile ?? true;
    if (typeof mobile !== 'boolean') report('mobile', 'must be true or false');
    const unknownMetrics =
      fields.unknownMetrics === undefined
        ? 'keep'
        : readChoice(fields.unknownMetrics, 'unknownMetrics', report, UNKNOWN_METRIC_POLICIES);
    const retentionDays =
      fields.retentionDays === undefined ? null : readRetention(fields.retentionDays, report);
    const metrics: Record<string, MetricType> = {};
    const entries = Object.entries(readFields(fields.metrics ?? {}, 'metrics', null, report) ?? {});
    if (entries.length > MOST_METRICS)
      report('metrics', `must be at most ${MOST_METRICS}, found ${entries.length}`);
    for (const [metricName, value] of entries.slice(0, MOST_METRICS)) {
      const path = join('metrics', metricName);
      if (!METRIC_NAME.test(metricName)) {
        report(path, 'a metric name begins with a letter and has at most 64 of A-Z a-z 0-9 _ . -');
      }
      const metric = readMetric(value, path, report);
      if (metric !== null) metrics[metricName] = metric;
    }
    if (id === null || name === null || typeof mobile !== 'boolean' || unknownMetrics === null) return null;
    return { id, name, mobile, metrics, unknownMetrics, ...(retentionDays !== null && { retentionDays }) };
  });
}
