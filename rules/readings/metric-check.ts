import { own } from '../memory.ts';
import type { DeviceType, MetricType } from './device-type.ts';
import type { MetricValue, Reading, ReadingProblem, Remark } from './reading.ts';
import { convertUnit, keptUnit } from './units.ts';

type Metrics = Readonly<Record<string, MetricValue>>;

/**
 * Leaves out what the device type refuses (and tells) or drops (and is silent), and turns values into the type's units.
 *
 * @param type null: a type that nobody described; every metric is kept
 * @param problems what was refused is added here
 * @param remarks what is worth counting is added here
 * @returns the reading's own metrics where nothing is changed; undefined where nothing remains
 */
export function checkMetrics(
  reading: Reading,
  type: DeviceType | null,
  problems: ReadingProblem[],
  remarks: Remark[],
): Metrics | undefined {
  const { metrics, units } = reading;
  if (metrics === undefined) return undefined;
  /** Names to what is kept instead; undefined: nothing. Made when first needed, for most readings are kept as they are. */
  let changes: Map<string, MetricValue | undefined> | null = null;
  let kept = 0;
  for (const name in metrics) {
    const value = metrics[name];
    if (value === undefined) continue;
    const taken =
      typeof value === 'number' && !Number.isFinite(value)
        ? refuse(name, 'must be a finite number', problems)
        : type === null
          ? value
          : takenValue(
              name,
              value,
              units === undefined ? undefined : own(units, name),
              type,
              problems,
              remarks,
            );
    if (taken !== undefined) kept += 1;
    if (taken !== value) {
      changes ??= new Map();
      changes.set(name, taken);
    }
  }
  if (kept === 0) return undefined;
  return changes === null ? metrics : changed(metrics, changes);
}

function changed(metrics: Metrics, changes: ReadonlyMap<string, MetricValue | undefined>): Metrics {
  const entries: [string, MetricValue][] = [];
  for (const [name, value] of Object.entries(metrics)) {
    const taken = changes.has(name) ? changes.get(name) : value;
    if (taken !== undefined) entries.push([name, taken]);
  }
  return Object.fromEntries(entries);
}

function refuse(name: string, what: string, problems: ReadingProblem[]): undefined {
  problems.push({ code: 'bad_metric', message: `metrics.${name} ${what}`, part: { kind: 'metric', name } });
  return undefined;
}

/** What is to be stored of a metric; undefined where it is refused or dropped. */
function takenValue(
  name: string,
  value: MetricValue,
  unit: string | undefined,
  type: DeviceType,
  problems: ReadingProblem[],
  remarks: Remark[],
): MetricValue | undefined {
  const refused = (what: string) => refuse(name, what, problems);
  const metric = own(type.metrics, name);
  if (metric === undefined) {
    remarks.push({ kind: 'unknown_metric', name });
    switch (type.unknownMetrics) {
      case 'keep':
        return typeof value === 'number' && unit !== undefined
          ? inKeptUnit(name, value, unit, remarks)
          : value;
      case 'drop':
        return undefined;
      case 'quarantine':
        return refused(
          `is not a metric of device type ${type.id}; known are ${Object.keys(type.metrics).join(', ')}`,
        );
    }
  }
  if (typeof value !== metric.kind) {
    remarks.push({ kind: 'wrong_kind', name });
    return refused(`must be a ${metric.kind}, found a ${typeof value}`);
  }
  if (typeof value !== 'number') return value;
  let amount = value;
  // A type that names no unit takes any.
  if (unit !== undefined && unit !== metric.unit && metric.unit !== '') {
    const converted = convertUnit(value, unit, metric.unit);
    if (converted === null) {
      remarks.push({ kind: 'wrong_kind', name });
      return refused(`must be in ${metric.unit}, found ${unit}`);
    }
    if (converted !== value) remarks.push({ kind: 'unit_converted', name });
    amount = converted;
  }
  const fault = rangeFault(amount, metric);
  if (fault === null) return amount;
  remarks.push({ kind: 'out_of_range', name });
  return refused(fault);
}

/** Of a metric that no device type describes. */
function inKeptUnit(name: string, value: number, unit: string, remarks: Remark[]): number {
  const converted = convertUnit(value, unit, keptUnit(unit)) ?? value;
  if (converted !== value) remarks.push({ kind: 'unit_converted', name });
  return converted;
}

function rangeFault(value: number, { min, max, unit }: MetricType): string | null {
  if (min !== undefined && value < min) return `must be at least ${min} ${unit}, found ${value}`;
  if (max !== undefined && value > max) return `must be at most ${max} ${unit}, found ${value}`;
  return null;
}
