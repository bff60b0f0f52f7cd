import { Buffer } from 'node:buffer';
import { WaysideError } from '../errors.ts';
import { quoteIdentifier } from './influx-names.ts';

const REQUEST_TIMEOUT_MS = 10_000;

export interface InfluxStoreOptions {
  /** Base URL; may have `user:password@`, which 1.x takes. */
  readonly url: string;
  /** Token of 2.x and 3; for 1.x `user:password`; empty for a server that asks for none. */
  readonly token: string;
  readonly org: string;
  /** Bucket; with 1.x the name of the database, which is made when missing. */
  readonly bucket: string;
  /** How long to wait for an answer, in ms. */
  readonly timeoutMs?: number;
}

/** What a server answered that was no success, or that it did not answer at all (`status` null). */
export class InfluxError extends Error {
  readonly status: number | null;
  /** What the header Retry-After asks for. */
  readonly retryAfterMs: number | null;

  constructor(status: number | null, message: string, retryAfterMs: number | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'InfluxError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface InfluxSeries {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** One server: which version it is, who we are to it, and its InfluxQL. All of it throws `InfluxError`. */
export interface InfluxConnection {
  /** URL without credentials and without a slash at the end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Major version; asks the server when not known, and makes the database where that is for us to do. */
  majorVersion(): Promise<number>;
  /** Forgets what was found out, after a sign that the server is another or was away. */
  forget(): void;
  /** Runs one InfluxQL statement. */
  query(statement: string): Promise<readonly InfluxSeries[]>;
  /** Removes the points of one series through the API of 2.x. */
  deleteSeries(predicate: string): Promise<void>;
}

export function createInfluxConnection(options: InfluxStoreOptions): InfluxConnection {
  const { url, authorization } = splitCredentials(options);
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
  let major: number | null = null;

  async function request(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { ...headers, ...init.headers },
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new InfluxError(null, `InfluxDB at ${url} does not answer: ${reasonOf(error)}`, null, error);
    });
    if (response.ok) return response;
    const text = (await response.text()).slice(0, 1000);
    throw new InfluxError(
      response.status,
      explain(response.status, text, url),
      retryAfterOf(response.headers.get('retry-after')),
    );
  }

  async function query(statement: string): Promise<readonly InfluxSeries[]> {
    const response = await request(`/query?db=${encodeURIComponent(options.bucket)}`, {
      method: 'POST',
      body: new URLSearchParams({ q: statement }),
    });
    const answer = (await response.json()) as {
      error?: string;
      results?: { error?: string; series?: InfluxSeries[] }[];
    };
    const error = answer.error ?? answer.results?.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new InfluxError(response.status, `InfluxDB refused the query: ${error}`);
    return answer.results?.[0]?.series ?? [];
  }

  return {
    url,
    headers,
    query,
    async majorVersion() {
      if (major !== null) return major;
      const version = (await request('/ping', { method: 'GET' })).headers.get('x-influxdb-version') ?? '';
      const found = Number(/^v?(\d+)\./.exec(version)?.[1] ?? Number.NaN);
      if (!Number.isFinite(found))
        throw new InfluxError(null, `${url} answers, but is no InfluxDB: /ping has no X-Influxdb-Version`);
      if (found === 1) await query(`CREATE DATABASE ${quoteIdentifier(options.bucket)}`);
      major = found;
      return found;
    },
    forget() {
      major = null;
    },
    async deleteSeries(predicate) {
      const parameters = new URLSearchParams({ org: options.org, bucket: options.bucket });
      await request(`/api/v2/delete?${parameters}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ start: '1970-01-01T00:00:00Z', stop: '2262-01-01T00:00:00Z', predicate }),
      });
    },
  };
}

/** How long the header asks to wait (RFC 9110 §10.2.3: seconds, or a date), in ms; null where it says nothing of use. */
export function retryAfterOf(header: string | null | undefined, now: () => number = Date.now): number | null {
  if (header === null || header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now());
}

/** What an answer means for the one who can mend it. */
export function explain(status: number, body: string, url: string): string {
  const text = errorText(body);
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
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown };
    return String(parsed.error ?? parsed.message ?? body);
  } catch (error) {
    // Not JSON: a proxy's page, or plain text, which serves as it is.
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}

function splitCredentials(options: InfluxStoreOptions): { url: string; authorization: string | null } {
  const url = new URL(options.url);
  const fromUrl =
    url.username === '' ? null : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  // A token of 2.x and 3 has no colon; what has one is a user of 1.x, of which versions before 1.8 take only this form.
  const basic = options.token.includes(':') ? options.token : fromUrl;
  const token = options.token === '' ? null : `Token ${options.token}`;
  return {
    url: url.href.replace(/\/+$/, ''),
    authorization: basic === null ? token : `Basic ${Buffer.from(basic).toString('base64')}`,
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
