import type { DeviceType } from './device-type.ts';
import { MINUTE_MS } from './duration.ts';
import { isOnGlobe } from './geometry/sphere.ts';
import { type DeviceMemory, own } from './memory.ts';
import type { MetricValue, Position, Reading, ReadingFlag, ReadingProblem } from './reading.ts';
import type { AdmittedReading } from './step.ts';

/** 2000-01-01T00:00:00Z: a device that says less has lost its clock. */
const EARLIEST_AT = 946_684_800_000;
const LARGEST_LEAD_MS = 5 * MINUTE_MS;
/** Older readings at arrival are late: stored, never triggering. */
export const LATE_AFTER_MS = 2 * MINUTE_MS;

/** A reading as it is to be stored, and what of it is news. */
export interface Admission {
  readonly stored: AdmittedReading;
  /** The time it is ordered by: never later than its arrival, so that a fast clock does not mute a device. */
  readonly at: number;
  /** The parts that are not late; all empty where the whole reading is. */
  readonly position: Position | null;
  readonly metrics: readonly (readonly [string, MetricValue])[];
  readonly event: string | null;
  /** An event that came too late to trigger, and why. */
  readonly lateEvent: { readonly name: string; readonly detail: string } | null;
  /** Whether the whole reading is late: then it is no sign of life either, and changes nothing. */
  readonly isLate: boolean;
}

export interface AdmissionResult {
  /** Null where the whole reading is refused. */
  readonly admission: Admission | null;
  readonly problems: readonly ReadingProblem[];
}

const NO_PROBLEMS: readonly ReadingProblem[] = [];
const NO_METRICS: Admission['metrics'] = [];

/**
 * Takes a reading in: corrects its clock, refuses what its device type does not allow, and tells what is late.
 *
 * @param type null: a type that nobody described; every metric is kept
 * @param device what is remembered of the device; null: never heard
 * @param now arrival, epoch ms
 */
export function admit(
  reading: Reading,
  type: DeviceType | null,
  device: DeviceMemory | null,
  now: number,
): AdmissionResult {
  const given = reading.at ?? now;
  if (!(given >= EARLIEST_AT)) {
    return {
      admission: null,
      problems: [
        { code: 'bad_time', message: 'at lies before 2000-01-01; the clock of the device is not set' },
      ],
    };
  }
  const clockCorrected = given > now + LARGEST_LEAD_MS;
  const storedAt = clockCorrected ? now : given;
  const at = Math.min(storedAt, now);
  const problems: ReadingProblem[] = [];
  const metrics = reading.metrics === undefined ? undefined : checkMetrics(reading.metrics, type, problems);
  const position = checkPosition(reading.position, problems);
  if (position === undefined && metrics === undefined && reading.event === undefined)
    return { admission: null, problems };

  const isLate = now - at > LATE_AFTER_MS;
  const positionIsLate = isLate || (device?.positionAt ?? -Infinity) > at;
  const eventIsLate = isLate || (eventAt(device, reading.event) ?? -Infinity) > at;
  const fresh = metrics === undefined ? NO_METRICS : freshMetrics(metrics, isLate, device, at);
  const anyLate =
    isLate ||
    (position !== undefined && positionIsLate) ||
    (reading.event !== undefined && eventIsLate) ||
    (metrics !== undefined && fresh.length < countOf(metrics));
  const stored = {} as { -readonly [K in keyof AdmittedReading]: AdmittedReading[K] };
  stored.at = storedAt;
  stored.flags = flagsOf(anyLate, clockCorrected);
  if (position !== undefined) stored.position = position;
  if (metrics !== undefined) stored.metrics = metrics;
  if (reading.event !== undefined) stored.event = reading.event;
  return {
    admission: {
      stored,
      at,
      position: positionIsLate ? null : (position ?? null),
      metrics: fresh,
      event: eventIsLate ? null : (reading.event ?? null),
      lateEvent:
        eventIsLate && reading.event !== undefined
          ? { name: reading.event, detail: lateness(isLate, now - at) }
          : null,
      isLate,
    },
    problems: problems.length === 0 ? NO_PROBLEMS : problems,
  };
}

function countOf(metrics: Readonly<Record<string, MetricValue>>): number {
  let count = 0;
  for (const name in metrics) if (Object.hasOwn(metrics, name)) count += 1;
  return count;
}

const NO_FLAGS: readonly ReadingFlag[] = [];

function flagsOf(late: boolean, clockCorrected: boolean): readonly ReadingFlag[] {
  if (!late && !clockCorrected) return NO_FLAGS;
  return [...(late ? (['late'] as const) : []), ...(clockCorrected ? (['clock_corrected'] as const) : [])];
}

function lateness(isLate: boolean, ageMs: number): string {
  return isLate
    ? `it was ${Math.round(ageMs / 1000)} s old when it arrived, and only the last ${LATE_AFTER_MS / 1000} s count`
    : 'a newer one of the same name had arrived before';
}

function eventAt(device: DeviceMemory | null, name: string | undefined): number | undefined {
  return device === null || name === undefined ? undefined : own(device.events, name);
}

function freshMetrics(
  metrics: Readonly<Record<string, MetricValue>>,
  isLate: boolean,
  device: DeviceMemory | null,
  at: number,
): Admission['metrics'] {
  if (isLate) return NO_METRICS;
  const fresh: (readonly [string, MetricValue])[] = [];
  for (const name in metrics) {
    const value = own(metrics, name);
    const latest = device === null ? undefined : own(device.metrics, name);
    if (value !== undefined && (latest === undefined || latest.at <= at)) fresh.push([name, value]);
  }
  return fresh;
}

/** The codecs check this too; but a reading may come from elsewhere, and geometry would answer nonsense. */
function checkPosition(position: Position | undefined, problems: ReadingProblem[]): Position | undefined {
  if (position === undefined || isOnGlobe(position.lat, position.lon)) return position;
  problems.push({
    code: 'bad_position',
    message: 'position.lat must be within ±90 and position.lon within ±180',
  });
  return undefined;
}

/** Leaves out what the device type refuses (and tells) or drops (and is silent); undefined where nothing remains. */
function checkMetrics(
  metrics: Readonly<Record<string, MetricValue>>,
  type: DeviceType | null,
  problems: ReadingProblem[],
): Readonly<Record<string, MetricValue>> | undefined {
  const refused: string[] = [];
  let kept = 0;
  for (const name in metrics) {
    const value = own(metrics, name);
    if (value === undefined) continue;
    if (isMetricKept(name, value, type, problems)) kept += 1;
    else refused.push(name);
  }
  if (kept === 0) return undefined;
  if (refused.length === 0) return metrics;
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !refused.includes(name)));
}

function isMetricKept(
  name: string,
  value: MetricValue,
  type: DeviceType | null,
  problems: ReadingProblem[],
): boolean {
  if (type === null) return true;
  const metric = own(type.metrics, name);
  if (metric === undefined) {
    switch (type.unknownMetrics) {
      case 'keep':
        return true;
      case 'drop':
        return false;
      case 'quarantine':
        return refuse(
          name,
          problems,
          `is not a metric of device type ${type.id}; known are ${Object.keys(type.metrics).join(', ')}`,
        );
    }
  }
  if (typeof value !== metric.kind)
    return refuse(name, problems, `must be a ${metric.kind}, found a ${typeof value}`);
  if (typeof value !== 'number') return true;
  if (!Number.isFinite(value)) return refuse(name, problems, 'must be a finite number');
  if (metric.min !== undefined && value < metric.min)
    return refuse(name, problems, `must be at least ${metric.min} ${metric.unit}, found ${value}`);
  if (metric.max !== undefined && value > metric.max)
    return refuse(name, problems, `must be at most ${metric.max} ${metric.unit}, found ${value}`);
  return true;
}

function refuse(name: string, problems: ReadingProblem[], what: string): false {
  problems.push({ code: 'bad_metric', message: `metrics.${name} ${what}` });
  return false;
}
