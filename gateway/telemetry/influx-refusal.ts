import { POSITION_FIELDS } from './influx-names.ts';

/** What an answer that is no success means for the lines that were sent. */
export type Refusal =
  /** Those at `bad` were dropped, for the reasons given, and all others stored. */
  | { readonly kind: 'some_bad'; readonly bad: ReadonlyMap<number, string> }
  /** Some were dropped, or none stored: which ones must be found out by sending fewer. */
  | { readonly kind: 'unknown_bad'; readonly reason: string }
  /** The request was too large, whatever is in it. */
  | { readonly kind: 'too_large' }
  /** Nothing was said about the lines: they are to be sent again later. */
  | { readonly kind: 'later' };

/** A line protocol line is written by this program, and never this long: a server that refuses it refuses everything. */
const SURELY_NOT_TOO_LARGE_BYTES = 64 * 1024;
/** Of an answer that could not be read whole. */
const SHOWN_CHARACTERS = 500;
/** InfluxDB 3 names at most this many lines; beyond it others may be bad too. */
const MOST_NAMED_LINES = 100;

/**
 * Reads a server's answer. What is not plainly InfluxDB's own word about the lines says nothing about them: a proxy's page, a
 * cut body, a limit of the server that its operator can lift. Lines are given up for such an answer only where that holds
 * for them alone.
 *
 * - 1.x: 400 `{"error":"partial write: field type conflict: input field \"x\" on measurement \"m\" is type float, already exists
 *   as type string dropped=3"}`, `{"error":"partial write: unable to parse '<line>': <why>\n…"}`, `{"error":"unable to parse …"}`
 * - 2.x: 422 `{"code":"unprocessable entity","message":"failure writing points to database: partial write: … dropped=3"}`,
 *   400 `{"code":"invalid","message":"unable to parse '<line>': <why>"}`
 * - 3: 400 `{"error":"partial write of line protocol occurred","data":[{"original_line","line_number","error_message"}]}`
 */
export function judgeRefusal(status: number | null, body: string, lines: readonly string[]): Refusal {
  if (status === 413) {
    const [only] = lines;
    const isSmall = lines.length === 1 && only !== undefined && only.length < SURELY_NOT_TOO_LARGE_BYTES;
    return isSmall ? { kind: 'later' } : { kind: 'too_large' };
  }
  if (status !== 400 && status !== 422) return { kind: 'later' };
  const answer = parseObject(body);
  if (answer === null) {
    // Too long to have come whole; of fewer lines it is shorter.
    const isCut = body.startsWith('{') && isAboutLines(body) && !isForOperator(body);
    return isCut ? { kind: 'unknown_bad', reason: body.slice(0, SHOWN_CHARACTERS) } : { kind: 'later' };
  }
  const reason = String(answer.error ?? answer.message ?? '');
  const named = namedLines(answer.data, lines.length);
  if (named !== null) {
    return named.size < MOST_NAMED_LINES ? { kind: 'some_bad', bad: named } : { kind: 'unknown_bad', reason };
  }
  if (isForOperator(reason) || !isAboutLines(reason)) return { kind: 'later' };
  const bad = conflicting(reason, lines) ?? allDropped(reason, lines);
  return bad === null ? { kind: 'unknown_bad', reason } : { kind: 'some_bad', bad };
}

function isAboutLines(reason: string): boolean {
  return /partial write|unable to parse|parsing failed|field type conflict|line protocol/i.test(reason);
}

/** What stands in the way of good lines, and goes away when somebody mends the server. */
function isForOperator(reason: string): boolean {
  if (/max-values-per-tag|max-series-per-database|cache-max-memory-size/.test(reason)) return true;
  const field = conflictingField(reason);
  return field !== null && OWN_FIELDS.includes(field);
}

/** Fields that every reading shares: where these have another type, the bucket belongs to something else. */
const OWN_FIELDS: readonly string[] = [...POSITION_FIELDS, 'event', 'flags', 'receivedAt'];

function conflictingField(reason: string): string | null {
  return /field type conflict: input field "(.*)" on measurement/.exec(reason)?.[1] ?? null;
}

/** The lines with the field that has another type; null where the server's count of dropped lines is another. */
function conflicting(reason: string, lines: readonly string[]): ReadonlyMap<number, string> | null {
  const field = conflictingField(reason);
  if (field === null) return null;
  const key = `,${field.replaceAll(/[ ,=]/g, '\\$&')}=`;
  const bad = new Map<number, string>();
  for (const [index, line] of lines.entries()) if (line.includes(key)) bad.set(index, reason);
  return bad.size === droppedBy(reason) ? bad : null;
}

/** "partial write: points beyond retention policy dropped=5000" of 5,000. */
function allDropped(reason: string, lines: readonly string[]): ReadonlyMap<number, string> | null {
  const all = lines.length === 1 || droppedBy(reason) === lines.length;
  return all ? new Map(lines.map((_, index) => [index, reason])) : null;
}

function droppedBy(reason: string): number | null {
  const dropped = /\bdropped=(\d+)/.exec(reason)?.[1];
  return dropped === undefined ? null : Number(dropped);
}

function namedLines(data: unknown, count: number): ReadonlyMap<number, string> | null {
  if (!Array.isArray(data) || data.length === 0) return null;
  const bad = new Map<number, string>();
  for (const item of data as { line_number?: unknown; error_message?: unknown }[]) {
    const number = item.line_number;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > count) return null;
    bad.set(number - 1, String(item.error_message));
  }
  return bad;
}

function parseObject(
  body: string,
): { readonly error?: unknown; readonly message?: unknown; readonly data?: unknown } | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' ? parsed : null;
  } catch (error) {
    // Not JSON: not InfluxDB's word.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
