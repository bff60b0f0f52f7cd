import { HttpError, InfluxDB, type WriteApi } from '@influxdata/influxdb-client';
import {
  explain,
  type InfluxConnection,
  InfluxError,
  type InfluxStoreOptions,
  retryAfterOf,
} from './influx-connection.ts';
import { toLine } from './influx-lines.ts';
import { whyUnstorable } from './storable.ts';
import type { RejectedPoint, TelemetryPoint, WriteOutcome } from './telemetry-store.ts';

/** InfluxDB's own advice for the length of a batch, and well below the 25 MB that 1.x takes in one request. */
const MAX_LINES = 5_000;
const MAX_BYTES = 8_000_000;
const RETRY_AFTER_MS = 1_000;
/** Nothing but a person mends a wrong token. */
const RETRY_AFTER_REFUSAL_MS = 30_000;

interface Line {
  readonly point: TelemetryPoint;
  readonly text: string;
}

/**
 * Writes through the client's write API, with its own buffering and retrying switched off: it gives up after some tries and
 * drops what it then holds, whereas here the journal is the buffer.
 */
export function createInfluxWriter(options: InfluxStoreOptions, connection: InfluxConnection) {
  let api: { readonly major: number; readonly write: WriteApi } | null = null;

  /** Sends one request. Throws `InfluxError`. */
  async function send(lines: readonly Line[]): Promise<void> {
    const major = await connection.majorVersion();
    if (api?.major !== major) api = { major, write: openWriteApi(options, connection, major) };
    api.write.writeRecords(lines.map((line) => line.text));
    try {
      await api.write.flush();
    } catch (error) {
      throw toInfluxError(error, connection.url);
    }
  }

  /**
   * Sends lines; where the server stored only some of them, finds the others by halving. What is sent twice by this is the
   * same point, and stored once.
   */
  async function store(lines: readonly Line[]): Promise<readonly RejectedPoint[]> {
    if (lines.length === 0) return [];
    try {
      await send(lines);
      return [];
    } catch (error) {
      if (!(error instanceof InfluxError) || !refusesContent(error.status)) throw error;
      if (lines.length === 1 || allDropped(error.message, lines.length)) {
        return lines.map(({ point }) => ({ point, message: error.message }));
      }
      const middle = Math.ceil(lines.length / 2);
      return [...(await store(lines.slice(0, middle))), ...(await store(lines.slice(middle)))];
    }
  }

  return {
    async write(points: readonly TelemetryPoint[]): Promise<WriteOutcome> {
      const rejected: RejectedPoint[] = [];
      const lines: Line[] = [];
      for (const point of points) {
        const message = whyUnstorable(point);
        if (message === null) lines.push({ point, text: toLine(point) });
        else rejected.push({ point, message });
      }
      try {
        for (const request of splitIntoRequests(lines)) rejected.push(...(await store(request)));
        return { kind: 'stored', rejected };
      } catch (error) {
        if (!(error instanceof InfluxError)) throw error;
        // Whatever it was, the server may be another when it is back: of another version, or without the database.
        connection.forget();
        return {
          kind: 'retry',
          afterMs: error.retryAfterMs ?? defaultRetry(error.status),
          message: error.message,
        };
      }
    },
  };
}

function openWriteApi(options: InfluxStoreOptions, connection: InfluxConnection, major: number): WriteApi {
  const client = new InfluxDB({
    url: connection.url,
    headers: { ...connection.headers },
    timeout: options.timeoutMs ?? 10_000,
  });
  const api = client.getWriteApi(options.org, options.bucket, 'ns', {
    maxRetries: 0,
    // Only `flush` sends, since it alone tells how it went: the buffer must never be full by itself.
    batchSize: MAX_LINES + 1,
    maxBatchBytes: Number.MAX_SAFE_INTEGER,
    flushInterval: 0,
    // Hands the error to the one who awaits `flush`; else the client would write it to the console as well.
    writeFailed: (error) => Promise.reject(error),
  });
  // 1.x before 1.8 has no /api/v2/write.
  if (major === 1) api.path = `/write?db=${encodeURIComponent(options.bucket)}&precision=ns`;
  return api;
}

function* splitIntoRequests(lines: readonly Line[]): Generator<readonly Line[]> {
  let request: Line[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line.text) + 1;
    if (request.length > 0 && (request.length >= MAX_LINES || bytes + size > MAX_BYTES)) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(line);
    bytes += size;
  }
  yield request;
}

function toInfluxError(error: unknown, url: string): InfluxError {
  if (error instanceof HttpError) {
    // The client takes Retry-After for milliseconds; it is seconds.
    const retryAfter = retryAfterOf(error.headers?.['retry-after']?.toString());
    return new InfluxError(
      error.statusCode,
      explain(error.statusCode, error.body ?? '', url),
      retryAfter,
      error,
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new InfluxError(null, `InfluxDB at ${url} does not answer: ${message}`, null, error);
}

/** Whether the server has looked at the lines and did not take all of them. */
function refusesContent(status: number | null): boolean {
  return status === 400 || status === 413 || status === 422;
}

/** 1.x counts what it dropped: "partial write: points beyond retention policy dropped=5000". */
function allDropped(message: string, lines: number): boolean {
  return Number(/\bdropped=(\d+)/.exec(message)?.[1]) === lines;
}

function defaultRetry(status: number | null): number {
  return status === 401 || status === 403 ? RETRY_AFTER_REFUSAL_MS : RETRY_AFTER_MS;
}
