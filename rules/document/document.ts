import { describeDuration, parseDuration } from '../time/duration.ts';
import { suggestion } from './nearest-name.ts';
import type { Parsed, Problem } from './problem.ts';

/** Notes one problem; parsing goes on, so that the author learns all of them at once. */
export type Report = (path: string, message: string) => void;

/** Runs a parser with a collector. Its result counts only if it reported nothing. */
export function collecting<T>(parse: (report: Report) => T | null): Parsed<T> {
  const problems: Problem[] = [];
  const value = parse((path, message) => problems.push({ path, message }));
  if (problems.length > 0 || value === null) return { ok: false, problems };
  return { ok: true, value };
}

/** What was found, short enough for a message. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export const join = (path: string, field: string | number): string =>
  path === '' ? String(field) : `${path}.${field}`;

export type Fields = Readonly<Record<string, unknown>>;

/** An object with no other fields than `allowed` (null: any); unknown ones are reported with the nearest name. */
export function readFields(
  value: unknown,
  path: string,
  allowed: readonly string[] | null,
  report: Report,
): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(path, `must be an object, found ${describeFound(value)}`);
    return null;
  }
  for (const name of Object.keys(value)) {
    if (allowed === null || allowed.includes(name)) continue;
    report(
      join(path, name),
      `is not a known field; known are ${allowed.join(', ')}.${suggestion(name, allowed)}`,
    );
  }
  return value as Fields;
}

/** A text of `min` to `max` characters, without surrounding blanks counted. */
export function readText(
  value: unknown,
  path: string,
  report: Report,
  { min = 1, max }: { readonly min?: number; readonly max: number },
): string | null {
  if (typeof value === 'string' && value.trim().length >= min && value.length <= max) return value;
  report(path, `must be a text of ${min} to ${max} characters, found ${describeFound(value)}`);
  return null;
}

/** Ids of places, rules and device types: they stand in addresses and topics. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

export function readId(value: unknown, path: string, report: Report): string | null {
  if (typeof value === 'string' && ID.test(value)) return value;
  report(path, `must be 1 to 128 of A-Z a-z 0-9 . _ : -, found ${describeFound(value)}`);
  return null;
}

export function readNumber(
  value: unknown,
  path: string,
  report: Report,
  {
    min = -Infinity,
    max = Infinity,
    integer = false,
  }: { readonly min?: number; readonly max?: number; readonly integer?: boolean } = {},
): number | null {
  const kind = integer ? 'a whole number' : 'a number';
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) {
    if (!integer || Number.isInteger(value)) return value;
  }
  const range =
    Number.isFinite(min) && Number.isFinite(max)
      ? ` from ${min} to ${max}`
      : Number.isFinite(min)
        ? ` of at least ${min}`
        : '';
  report(path, `must be ${kind}${range}, found ${describeFound(value)}`);
  return null;
}

export function readChoice<T extends string>(
  value: unknown,
  path: string,
  report: Report,
  allowed: readonly T[],
): T | null {
  const choice = allowed.find((one) => one === value);
  if (choice !== undefined) return choice;
  const near = typeof value === 'string' ? suggestion(value, allowed) : '';
  report(path, `must be one of ${allowed.join(', ')}; found ${describeFound(value)}.${near}`);
  return null;
}

/** Milliseconds of an ISO 8601 duration between two bounds. */
export function readDuration(
  value: unknown,
  path: string,
  report: Report,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): number | null {
  const milliseconds = typeof value === 'string' ? parseDuration(value) : null;
  if (milliseconds !== null && milliseconds >= minMs && milliseconds <= maxMs) return milliseconds;
  const range = `${describeDuration(minMs)} to ${describeDuration(maxMs)}`;
  report(path, `must be an ISO 8601 duration such as PT5M or P1D, ${range}; found ${describeFound(value)}`);
  return null;
}

/** A list of at most `max`; each element is read on its own, and the bad ones reported. */
export function readList<T>(
  value: unknown,
  path: string,
  report: Report,
  { min = 0, max }: { readonly min?: number; readonly max: number },
  readOne: (element: unknown, path: string) => T | null,
): readonly T[] | null {
  if (!Array.isArray(value) || value.length < min || value.length > max) {
    report(path, `must be a list of ${min} to ${max}, found ${describeFound(value)}`);
    return null;
  }
  return value.map((element, index) => readOne(element, join(path, index))).filter((one) => one !== null);
}
