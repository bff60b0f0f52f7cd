import { Buffer } from 'node:buffer';
import type { MetricValue, Position, Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import { isCalendarDay } from '../../rules/time/calendar.ts';

const MAX_METRICS = 1000;
const MAX_NAME_BYTES = 128;
const MAX_STRING_BYTES = 256;
/** Below this a count of milliseconds is surely a mistake: 2000-01-01. */
export const EARLIEST_AT = Date.UTC(2000, 0, 1);
/** A number from 2000 up to here is read as seconds since 1970 that were meant: 2100-01-01. */
const LATEST_SECONDS = Date.UTC(2100, 0, 1) / 1000;
/** The last instant that ECMAScript can name. */
export const LATEST_AT = 8.64e15;
/** Date and time with seconds optional, and an offset: without one the instant is unknown. */
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

type Problems = ReadingProblem[];
type Fields = Readonly<Record<string, unknown>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Parses one reading of the native dialect. `null` counts as "not there" for the fields of a reading and of a position.
 *
 * @param path where the reading stands in the message, as a JSON pointer; '' for the whole message
 * @param problems what is refused is added here
 * @returns the reading without what was refused, or null where nothing usable remains
 */
export function parseReading(value: unknown, path: string, problems: Problems): Reading | null {
  if (!isObject(value)) {
    problems.push({
      code: 'bad_shape',
      message: `${at(path)}a reading is expected to be an object; found ${kindOf(value)}`,
    });
    return null;
  }
  const before = problems.length;
  const time = parseAt(value.at, `${path}/at`, problems);
  if (time === 'refused') return null;
  const position = parsePosition(value.position, `${path}/position`, problems);
  const metrics = parseMetrics(value.metrics, `${path}/metrics`, problems);
  const event = parseEvent(value.event, `${path}/event`, problems);
  if (position === undefined && metrics === undefined && event === undefined) {
    if (problems.length === before) {
      problems.push({
        code: 'bad_shape',
        message: `${at(path)}none of position, metrics and event is there; at least one is expected`,
      });
    }
    return null;
  }
  const reading: Mutable<Reading> = {};
  if (time !== undefined) reading.at = time;
  if (position !== undefined) reading.position = position;
  if (metrics !== undefined) reading.metrics = metrics;
  if (event !== undefined) reading.event = event;
  return reading;
}

function parseAt(value: unknown, path: string, problems: Problems): number | undefined | 'refused' {
  if (value === undefined || value === null) return undefined;
  const refuse = (message: string): 'refused' => {
    problems.push({ code: 'bad_time', message: `${path}: ${message}` });
    return 'refused';
  };
  let epochMs: number;
  if (typeof value === 'number') {
    epochMs = Math.trunc(value);
  } else if (typeof value === 'string') {
    if (!ISO_8601.test(value))
      return refuse('not an ISO 8601 date and time with Z or an offset, such as 2025-11-21T20:00:00Z');
    epochMs = Date.parse(normalIso(value));
    if (Number.isNaN(epochMs) || !isCalendarDay(value))
      return refuse('the ISO 8601 text names no real date and time');
  } else {
    return refuse(`epoch milliseconds or an ISO 8601 text are expected; found ${kindOf(value)}`);
  }
  if (!(epochMs <= LATEST_AT)) return refuse('the number is too large for epoch milliseconds');
  if (epochMs < EARLIEST_AT) {
    const isSeconds = typeof value === 'number' && value >= EARLIEST_AT / 1000 && value < LATEST_SECONDS;
    return refuse(
      `${epochMs} ms is before 2000-01-01${isSeconds ? '; it looks like seconds, milliseconds are expected' : ''}`,
    );
  }
  return epochMs;
}

/** `Date.parse` wants a point for the fraction and a colon in the offset. */
function normalIso(text: string): string {
  return text
    .replace(',', '.')
    .replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
    .replace(/(T.*[+-]\d\d)$/, '$1:00');
}

function parsePosition(value: unknown, path: string, problems: Problems): Position | undefined {
  if (value === undefined || value === null) return undefined;
  const refuse = (where: string, message: string): undefined => {
    problems.push({ code: 'bad_position', message: `${path}${where}: ${message}` });
    return undefined;
  };
  if (!isObject(value)) return refuse('', `an object with lat and lon is expected; found ${kindOf(value)}`);
  const { lat, lon } = value;
  if (!isFiniteNumber(lat))
    return refuse('/lat', `a number from -90 to 90 is expected; found ${kindOf(lat)}`);
  if (!isFiniteNumber(lon))
    return refuse('/lon', `a number from -180 to 180 is expected; found ${kindOf(lon)}`);
  if (lat < -90 || lat > 90) return refuse('/lat', 'the number is not within -90 to 90 degrees');
  if (lon < -180 || lon > 180) return refuse('/lon', 'the number is not within -180 to 180 degrees');
  const position: Mutable<Position> = { lat, lon };
  // Field by field, for a loop over names took three times as long.
  const { accuracy, speed, heading, altitude } = value;
  if (accuracy != null && isNumber(accuracy, '/accuracy', refuse)) position.accuracy = accuracy;
  // Phones say "unknown" with a negative speed or heading (CoreLocation): that is no fault, and no value either.
  if (speed != null && isNumber(speed, '/speed', refuse) && speed >= 0) position.speed = speed;
  if (heading != null && isNumber(heading, '/heading', refuse)) {
    if (heading > 360) refuse('/heading', 'the number is not within 0 to 360 degrees');
    else if (heading >= 0) position.heading = heading;
  }
  if (altitude != null && isNumber(altitude, '/altitude', refuse)) position.altitude = altitude;
  return position;
}

function isNumber(
  value: unknown,
  where: string,
  refuse: (where: string, message: string) => void,
): value is number {
  if (isFiniteNumber(value)) return true;
  refuse(where, `a finite number is expected; found ${kindOf(value)}`);
  return false;
}

function parseMetrics(value: unknown, path: string, problems: Problems): Reading['metrics'] {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) {
    problems.push({
      code: 'bad_metric',
      message: `${path}: an object of names and values is expected; found ${kindOf(value)}`,
    });
    return undefined;
  }
  let count = 0;
  let isGood = true;
  for (const name in value) {
    count += 1;
    if (isGood && (faultOfName(name) !== null || faultOfMetric(value[name]) !== null)) isGood = false;
  }
  if (count > MAX_METRICS) {
    problems.push({
      code: 'bad_metric',
      message: `${path}: ${count} metrics; at most ${MAX_METRICS} are allowed`,
    });
    return undefined;
  }
  // Nearly all are good, and then the parsed object serves as it is: a copy by names is slow.
  if (isGood) return count === 0 ? undefined : (value as Record<string, MetricValue>);
  return goodMetrics(value, path, problems);
}

function goodMetrics(value: Fields, path: string, problems: Problems): Reading['metrics'] {
  const good: Record<string, MetricValue> = {};
  let count = 0;
  for (const [name, metric] of Object.entries(value)) {
    const fault = faultOfName(name) ?? faultOfMetric(metric);
    if (fault !== null) {
      problems.push({ code: 'bad_metric', message: `${path}/${shown(name)}: ${fault}` });
      continue;
    }
    good[name] = metric as MetricValue;
    count += 1;
  }
  return count === 0 ? undefined : good;
}

function faultOfName(name: string): string | null {
  // An own property of that name would change the prototype of whatever it is copied into.
  if (name === '__proto__') return 'that name is not allowed';
  if (name === '') return 'a metric needs a name';
  if (CONTROL.test(name) || !name.isWellFormed())
    return 'control characters and broken Unicode are not allowed in a name';
  if (isLongerThan(name, MAX_NAME_BYTES)) return `the name is longer than ${MAX_NAME_BYTES} bytes`;
  return null;
}

function faultOfMetric(value: unknown): string | null {
  switch (typeof value) {
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : 'the number is not finite';
    case 'string':
      if (isLongerThan(value, MAX_STRING_BYTES)) return `the text is longer than ${MAX_STRING_BYTES} bytes`;
      return CONTROL.test(value) || !value.isWellFormed()
        ? 'control characters and broken Unicode are not allowed'
        : null;
    default:
      return `a finite number, a boolean or a text is expected; found ${kindOf(value)}`;
  }
}

function parseEvent(value: unknown, path: string, problems: Problems): string | undefined {
  if (value === undefined || value === null) return undefined;
  const fault =
    typeof value !== 'string'
      ? `a text is expected; found ${kindOf(value)}`
      : value === ''
        ? 'the text is empty'
        : faultOfMetric(value);
  if (fault === null) return value as string;
  problems.push({ code: 'bad_shape', message: `${path}: ${fault}` });
  return undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** UTF-8 takes at most three bytes a UTF-16 unit, so that short texts need no counting. */
function isLongerThan(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/** Kinds only, never values: a value may be a position. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number that is not finite';
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

function shown(name: string): string {
  const quoted = JSON.stringify(name).slice(1, -1);
  return quoted.length > 64 ? `${quoted.slice(0, 64)}…` : quoted;
}

function at(path: string): string {
  return path === '' ? '' : `${path}: `;
}
