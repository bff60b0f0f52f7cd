import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from '../time/duration.ts';
import { isTimezone, localTime, WEEKDAYS } from '../time/local-time.ts';
import { parseTimestamp, type Timestamp, timestamp } from '../time/timestamp.ts';
import { walk } from './ast.ts';

const TIME = 'google.protobuf.Timestamp';

/**
 * Functions of CEL that the library gets wrong for us, by the name under which ours are called instead. Its getters with a zone
 * go through the zone of the machine, and so fail where that one has an hour less in spring; its `duration` knows only `5m`;
 * its `timestamp` takes a text without a zone for the machine's. An environment cannot replace a function, so calls are renamed.
 */
const OWN_NAMES: Readonly<Record<string, string>> = {
  'duration/1': 'wayside_duration',
  'timestamp/1': 'wayside_timestamp',
  '.getDate/1': 'wayside_getDate',
  '.getDayOfMonth/1': 'wayside_getDayOfMonth',
  '.getDayOfWeek/1': 'wayside_getDayOfWeek',
  '.getDayOfYear/0': 'wayside_getDayOfYear',
  '.getDayOfYear/1': 'wayside_getDayOfYear',
  '.getFullYear/1': 'wayside_getFullYear',
  '.getHours/1': 'wayside_getHours',
  '.getMilliseconds/1': 'wayside_getMilliseconds',
  '.getMinutes/1': 'wayside_getMinutes',
  '.getMonth/1': 'wayside_getMonth',
  '.getSeconds/1': 'wayside_getSeconds',
};

/** Prefix of our names: messages are cleared of it. */
export const OWN_PREFIX = 'wayside_';

/** Makes a parsed expression, which belongs to the caller, call our functions. To be done before it is checked or evaluated. */
export function callOwnFunctions(ast: ASTNode): void {
  walk(ast, (node) => {
    if (node.op !== 'call' && node.op !== 'rcall') return;
    const isMethod = node.op === 'rcall';
    const args = isMethod ? node.args[2] : node.args[1];
    const own = OWN_NAMES[`${isMethod ? '.' : ''}${node.args[0]}/${args.length}`];
    if (own !== undefined) (node.args as [string, ...unknown[]])[0] = own;
  });
}

/** Takes a text in Go's notation, such as `90m`, to a duration: the library has no other way to make one. */
const goDuration = new Environment().registerVariable('text', 'string').parse('duration(text)');

/** What a wall clock shows, by getter; months, days of the month and of the year count from 0, and weeks begin on Sunday, as in CEL. */
const GETTERS: Readonly<Record<string, (at: number, zone: string) => number>> = {
  getDate: (at, zone) => Number(localTime(at, zone).date.slice(8)),
  getDayOfMonth: (at, zone) => Number(localTime(at, zone).date.slice(8)) - 1,
  getDayOfWeek: (at, zone) => (WEEKDAYS.indexOf(localTime(at, zone).weekday) + 1) % 7,
  getDayOfYear: (at, zone) => dayOfYear(localTime(at, zone).date),
  getFullYear: (at, zone) => Number(localTime(at, zone).date.slice(0, 4)),
  getHours: (at, zone) => Math.floor(localTime(at, zone).minuteOfDay / 60),
  getMilliseconds: (at) => ((at % 1000) + 1000) % 1000,
  getMinutes: (at, zone) => localTime(at, zone).minuteOfDay % 60,
  getMonth: (at, zone) => Number(localTime(at, zone).date.slice(5, 7)) - 1,
  getSeconds: (at) => Math.floor((((at % 60_000) + 60_000) % 60_000) / 1000),
};

function dayOfYear(date: string): number {
  const midnight = (day: string): number => parseTimestamp(`${day}T00:00:00Z`) ?? 0;
  return (midnight(date) - midnight(`${date.slice(0, 4)}-01-01`)) / DAY_MS;
}

/** Registers our functions under their own names. */
export function registerOwnFunctions(environment: Environment): void {
  environment
    .registerFunction(`${OWN_PREFIX}duration(string): google.protobuf.Duration`, readDuration)
    .registerFunction(`${OWN_PREFIX}timestamp(string): ${TIME}`, readTime)
    .registerFunction(`${OWN_PREFIX}timestamp(int): ${TIME}`, (seconds: bigint) =>
      timestamp(Number(seconds) * 1000),
    )
    .registerFunction(`${TIME}.${OWN_PREFIX}getDayOfYear(): int`, (time: Timestamp) =>
      BigInt(dayOfYear(time.toISOString().slice(0, 10))),
    );
  for (const [name, get] of Object.entries(GETTERS)) {
    environment.registerFunction(
      `${TIME}.${OWN_PREFIX}${name}(string): int`,
      (time: Timestamp, zone: string) => {
        const offsetMs = offsetOf(zone);
        if (offsetMs !== null) return BigInt(get(time.getTime() + offsetMs, 'UTC'));
        if (!isTimezone(zone)) throw new Error(`${JSON.stringify(zone)} is no time zone`);
        return BigInt(get(time.getTime(), zone));
      },
    );
  }
}

/** Milliseconds of an offset such as `+05:30`, which CEL takes for a zone too; null for other texts. */
function offsetOf(zone: string): number | null {
  const match = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (match === null) return null;
  const [, sign, hours, minutes] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS);
}

function readDuration(text: string): unknown {
  const milliseconds = parseDuration(text);
  return goDuration({ text: milliseconds === null ? text : `${milliseconds}ms` });
}

function readTime(text: string): Timestamp {
  const at = parseTimestamp(text);
  if (at === null) throw new Error(`${JSON.stringify(text)} is no time such as 2026-03-01T12:00:00Z`);
  return timestamp(at);
}

/** What is wrong with a text that stands as an argument, or null: found when a rule is saved, and not when it first fires. */
export function wrongArgument(call: string, text: string): string | null {
  switch (call) {
    case 'duration':
      return canRead(readDuration, text)
        ? null
        : `${JSON.stringify(text)} is no duration; write PT5M, PT1H30M or P1D (or 5m, 1h30m)`;
    case 'timestamp':
      return canRead(readTime, text)
        ? null
        : `${JSON.stringify(text)} is no time; write 2026-03-01T12:00:00Z or 2026-03-01T12:00:00+01:00`;
    default:
      return Object.hasOwn(GETTERS, call) && offsetOf(text) === null && !isTimezone(text)
        ? `${JSON.stringify(text)} is no time zone; write an IANA name such as Europe/Rome, consumer.timezone or place.timezone`
        : null;
  }
}

function canRead(read: (text: string) => unknown, text: string): boolean {
  try {
    read(text);
    return true;
  } catch {
    return false;
  }
}
