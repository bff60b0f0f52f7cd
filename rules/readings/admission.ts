import { isOnGlobe } from '../geometry/sphere.ts';
import { type DeviceMemory, own } from '../memory.ts';
import type { AdmittedReading } from '../step.ts';
import { MINUTE_MS } from '../time/duration.ts';
import type { DeviceType } from './device-type.ts';
import { checkMetrics } from './metric-check.ts';
import type { MetricValue, Position, Reading, ReadingFlag, ReadingProblem, Remark } from './reading.ts';

/** 2000-01-01T00:00:00Z: a device that says less has lost its clock. */
const EARLIEST_AT = 946_684_800_000;
const LARGEST_LEAD_MS = 5 * MINUTE_MS;
/** Older readings at arrival are late: stored, never triggering. */
export const LATE_AFTER_MS = 2 * MINUTE_MS;

/** Nothing that carries a device of ours is faster: an airliner does 300 m/s, and noise of the receiver says more. */
const FASTEST_METRES_PER_SECOND = 1_000;
/** From the deepest sea to where space begins. */
const LOWEST_ALTITUDE_METRES = -11_000;
const HIGHEST_ALTITUDE_METRES = 100_000;

type Metrics = Readonly<Record<string, MetricValue>>;

/** A reading of one moment, as most are: without units and without an event. */
export interface PlainReading {
  /** Absent: that of its arrival. */
  readonly at?: number;
  readonly position?: Position;
  readonly metrics?: Metrics;
}

/** A reading as it is to be stored, and what of it is news. */
export interface Admission {
  readonly stored: AdmittedReading;
  /** The time it is ordered by: never later than its arrival, so that a fast clock does not mute a device. */
  readonly at: number;
  /** The parts that are not late; all empty where the whole reading is. */
  readonly position: Position | null;
  readonly metrics: Metrics;
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
  readonly remarks: readonly Remark[];
}

const NO_PROBLEMS: readonly ReadingProblem[] = [];
const NO_REMARKS: readonly Remark[] = [];
const NO_METRICS: Metrics = {};

/**
 * Takes a reading in: corrects its clock, refuses what its device type does not allow, and tells what is late.
 *
 * @param type null: a type that nobody described; every metric is kept
 * @param device what is remembered of the device; null: never heard
 * @param now arrival, epoch ms
 * @param isPast it arrived some time ago and is taken only now: late, whatever its age
 */
export function admit(
  reading: Reading,
  type: DeviceType | null,
  device: DeviceMemory | null,
  now: number,
  isPast = false,
): AdmissionResult {
  const given = reading.at ?? now;
  if (!(given >= EARLIEST_AT)) {
    return {
      admission: null,
      problems: [
        { code: 'bad_time', message: 'at lies before 2000-01-01; the clock of the device is not set' },
      ],
      remarks: NO_REMARKS,
    };
  }
  const clockCorrected = given > now + LARGEST_LEAD_MS;
  const storedAt = clockCorrected ? now : given;
  const at = Math.min(storedAt, now);
  const problems: ReadingProblem[] = [];
  const remarks: Remark[] = [];
  const metrics = reading.metrics === undefined ? undefined : checkMetrics(reading, type, problems, remarks);
  const position = checkPosition(reading.position, problems, remarks);
  if (position === undefined && metrics === undefined && reading.event === undefined)
    return { admission: null, problems, remarks };

  const isLate = isPast || now - at > LATE_AFTER_MS;
  const positionIsLate = isLate || (device?.positionAt ?? -Infinity) > at;
  const eventIsLate = isLate || (eventAt(device, reading.event) ?? -Infinity) > at;
  const fresh = metrics === undefined ? NO_METRICS : freshMetrics(metrics, isLate, device, at, remarks);
  const anyLate =
    isLate ||
    (position !== undefined && positionIsLate) ||
    (reading.event !== undefined && eventIsLate) ||
    (metrics !== undefined && fresh !== metrics);
  const stored = {} as { -readonly [K in keyof AdmittedReading]: AdmittedReading[K] };
  stored.at = storedAt;
  stored.flags = flagsOf(anyLate, clockCorrected, position !== undefined && isNullIsland(position));
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
          ? { name: reading.event, detail: lateness(isPast, isLate, now - at) }
          : null,
      isLate,
    },
    problems: problems.length === 0 ? NO_PROBLEMS : problems,
    remarks: remarks.length === 0 ? NO_REMARKS : remarks,
  };
}

const NO_FLAGS: readonly ReadingFlag[] = [];

function flagsOf(late: boolean, clockCorrected: boolean, nullIsland: boolean): readonly ReadingFlag[] {
  if (!late && !clockCorrected && !nullIsland) return NO_FLAGS;
  const flags: ReadingFlag[] = [];
  if (late) flags.push('late');
  if (clockCorrected) flags.push('clock_corrected');
  if (nullIsland) flags.push('null_island');
  return flags;
}

function lateness(isPast: boolean, isLate: boolean, ageMs: number): string {
  if (isPast) return 'it had been in quarantine, and the past does not ring';
  return isLate
    ? `it was ${Math.round(ageMs / 1000)} s old when it arrived, and only the last ${LATE_AFTER_MS / 1000} s count`
    : 'a newer one of the same name had arrived before';
}

function eventAt(device: DeviceMemory | null, name: string | undefined): number | undefined {
  return device === null || name === undefined ? undefined : own(device.events, name);
}

/** Those of which nothing newer is known; the same record where that is all of them, as it nearly always is. */
function freshMetrics(
  metrics: Metrics,
  isLate: boolean,
  device: DeviceMemory | null,
  at: number,
  remarks: Remark[],
): Metrics {
  if (isLate) return NO_METRICS;
  if (device === null) return metrics;
  let stale: Set<string> | null = null;
  for (const name in metrics) {
    const latest = own(device.metrics, name);
    if (latest === undefined) continue;
    if (latest.at > at) {
      stale ??= new Set();
      stale.add(name);
    }
    if (typeof latest.value !== typeof metrics[name]) remarks.push({ kind: 'kind_changed', name });
  }
  if (stale === null) return metrics;
  const older = stale;
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !older.has(name)));
}

/**
 * Refuses what is no place on earth, and of a place what nothing on earth does. The codecs check degrees too; but a reading may come
 * from elsewhere, and geometry would answer nonsense.
 */
function checkPosition(
  position: Position | undefined,
  problems: ReadingProblem[],
  remarks: Remark[],
): Position | undefined {
  if (position === undefined) return undefined;
  const refuse = (message: string) =>
    problems.push({ code: 'bad_position', message, part: { kind: 'position' } });
  if (!isOnGlobe(position.lat, position.lon)) {
    refuse('position.lat must be within ±90 and position.lon within ±180');
    return undefined;
  }
  if (isNullIsland(position)) remarks.push({ kind: 'null_island', name: 'position' });
  const { speed, altitude } = position;
  const isTooFast = speed !== undefined && speed > FASTEST_METRES_PER_SECOND;
  const isOffTheAir =
    altitude !== undefined && (altitude < LOWEST_ALTITUDE_METRES || altitude > HIGHEST_ALTITUDE_METRES);
  if (!isTooFast && !isOffTheAir) return position;
  const kept: { -readonly [K in keyof Position]: Position[K] } = { ...position };
  if (isTooFast) {
    delete kept.speed;
    remarks.push({ kind: 'out_of_range', name: 'position.speed' });
    refuse(
      `position.speed must be at most ${FASTEST_METRES_PER_SECOND} m/s; the position was kept without it`,
    );
  }
  if (isOffTheAir) {
    delete kept.altitude;
    remarks.push({ kind: 'out_of_range', name: 'position.altitude' });
    refuse(
      `position.altitude must be within ${LOWEST_ALTITUDE_METRES} and ${HIGHEST_ALTITUDE_METRES} m; the position was kept without it`,
    );
  }
  return kept;
}

/**
 * Whether `admit` takes a reading just as it is, without a flag, and none of it is late: the usual case, found without making anything.
 * It is asked only of readings that have no units and no event.
 *
 * @param now arrival
 * @param remarks what is worth counting is added here; it counts only where the answer is yes
 */
export function isPlain(
  reading: PlainReading,
  type: DeviceType | null,
  device: DeviceMemory,
  now: number,
  remarks: Remark[],
): boolean {
  const { at: given = now, position, metrics } = reading;
  const at = Math.min(given, now);
  if (!(given >= EARLIEST_AT && given <= now + LARGEST_LEAD_MS && now - at <= LATE_AFTER_MS)) return false;
  if (position !== undefined && !((device.positionAt ?? -Infinity) <= at && isPlainPosition(position)))
    return false;
  return (
    metrics === undefined ||
    (checkMetrics(reading, type, [], remarks) === metrics &&
      freshMetrics(metrics, false, device, at, remarks) === metrics)
  );
}

function isPlainPosition(position: Position): boolean {
  const { lat, lon, speed, altitude } = position;
  return (
    isOnGlobe(lat, lon) &&
    !isNullIsland(position) &&
    (speed === undefined || speed <= FASTEST_METRES_PER_SECOND) &&
    (altitude === undefined || (altitude >= LOWEST_ALTITUDE_METRES && altitude <= HIGHEST_ALTITUDE_METRES))
  );
}

function isNullIsland({ lat, lon }: Position): boolean {
  return lat === 0 && lon === 0;
}
