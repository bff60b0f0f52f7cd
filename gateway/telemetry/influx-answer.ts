import { WaysideError } from '../errors.ts';

/** What a server answered that was no success, or that it did not answer at all (`status` null). */
export class InfluxError extends Error {
  readonly status: number | null;
  /** The answer as it came, or its beginning. */
  readonly body: string;
  /** What the header Retry-After asks for. */
  readonly retryAfterMs: number | null;
  /** It took longer than we wait. */
  readonly timedOut: boolean;

  constructor(
    message: string,
    told: {
      readonly status?: number | null;
      readonly body?: string;
      readonly retryAfterMs?: number | null;
      readonly timedOut?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, told.cause === undefined ? undefined : { cause: told.cause });
    this.name = 'InfluxError';
    this.status = told.status ?? null;
    this.body = told.body ?? '';
    this.retryAfterMs = told.retryAfterMs ?? null;
    this.timedOut = told.timedOut ?? false;
  }
}

/** How long the header asks to wait (RFC 9110 §10.2.3: seconds, or a date), in ms; null where it says nothing of use. */
export function retryAfterOf(header: string | null | undefined, now: () => number = Date.now): number | null {
  if (header === null || header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now());
}

/** Of an answer as it is told: a proxy's whole page helps nobody. */
const SHOWN_CHARACTERS = 500;

/** What an answer means for the one who can mend it. */
export function explain(status: number, body: string, url: string): string {
  const text = errorText(body).slice(0, SHOWN_CHARACTERS);
  switch (status) {
    case 401:
      return `InfluxDB at ${url} does not accept the credentials (401 ${text}): check WAYSIDE_INFLUX_TOKEN`;
    case 403:
      return `InfluxDB at ${url} does not allow this (403 ${text}): give the token of WAYSIDE_INFLUX_TOKEN read and write access to the bucket`;
    case 404:
      return `InfluxDB at ${url} has no such bucket or database (404 ${text}): check WAYSIDE_INFLUX_ORG and WAYSIDE_INFLUX_BUCKET`;
    default:
      return `InfluxDB at ${url} answered ${status} ${text}`.trim();
  }
}

/** The coded error for one who reads. */
export function unavailable(error: unknown): WaysideError {
  if (error instanceof WaysideError) return error;
  return new WaysideError('telemetry_unavailable', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

function errorText(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown } | null;
    return String(parsed?.error ?? parsed?.message ?? body);
  } catch (error) {
    // Not JSON: a proxy's page, or plain text, which serves as it is.
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}
