import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { explain, InfluxError, retryAfterOf } from './influx-answer.ts';
import { quoteIdentifier } from './influx-names.ts';
import { type InfluxVersion, type SelfDescription, versionOf, writePath } from './influx-version.ts';

/** InfluxDB 3 names up to a hundred lines in its answer. */
const MOST_ERROR_CHARACTERS = 100_000;

const pack = promisify(gzip);

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

export interface InfluxSeries {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** One server: which version it is, who we are to it, and its InfluxQL. All of it throws `InfluxError`. */
export interface InfluxConnection {
  /** The version; asks the server when not known, and makes the database where that is for us to do. */
  version(): Promise<InfluxVersion>;
  /** Forgets what was found out, after a sign that the server is another or was away. */
  forget(): void;
  /** Sends line protocol with nanoseconds; resolves on 204 alone. */
  write(lines: string, timeoutMs: number): Promise<void>;
  /** Runs one InfluxQL statement. */
  query(statement: string): Promise<readonly InfluxSeries[]>;
  /** Removes points before `stop` (epoch ms; null: all) through the API of 2.x. */
  deletePoints(predicate: string, stop: number | null): Promise<void>;
}

/** @param timeoutMs for all but `write` */
export function createInfluxConnection(options: InfluxStoreOptions, timeoutMs: number): InfluxConnection {
  const { url, authorization, isBasic } = splitCredentials(options);
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  const target = { org: options.org, bucket: options.bucket, isBasic };
  // Within one machine packing costs more than it saves.
  const isLocal = /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname);
  let known: Promise<InfluxVersion> | null = null;

  async function request(path: string, init: RequestInit, patienceMs = timeoutMs): Promise<Response> {
    try {
      const response = await fetch(`${url}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers },
        // Followed, a POST would become a GET, and its answer a success.
        redirect: 'manual',
        signal: AbortSignal.timeout(patienceMs),
      });
      if (response.ok) return response;
      const text = await beginningOf(response);
      throw refused(url, response.status, text, response.headers.get('retry-after'));
    } catch (error) {
      throw error instanceof InfluxError ? error : unanswered(url, error);
    }
  }

  async function query(statement: string): Promise<readonly InfluxSeries[]> {
    const response = await request(`/query?db=${encodeURIComponent(options.bucket)}`, {
      method: 'POST',
      body: new URLSearchParams({ q: statement }),
    });
    const answer = (await response.json().catch((error: unknown) => {
      throw unanswered(url, error);
    })) as {
      error?: string;
      results?: { error?: string; series?: InfluxSeries[] }[];
    };
    const error = answer.error ?? answer.results?.find((result) => result.error !== undefined)?.error;
    if (error !== undefined)
      throw new InfluxError(`InfluxDB refused the query: ${error}`, { status: response.status });
    return answer.results?.[0]?.series ?? [];
  }

  async function describe(path: '/ping' | '/health'): Promise<SelfDescription> {
    const response = await request(path, { method: 'GET' });
    return {
      versionHeader: response.headers.get('x-influxdb-version'),
      buildHeader: response.headers.get('x-influxdb-build'),
      body: (await response.text()).slice(0, 1_000),
    };
  }

  async function findOut(): Promise<InfluxVersion> {
    const found = versionOf(await describe('/ping')) ?? versionOf(await describe('/health'));
    if (found === null)
      throw new InfluxError(`${url} answers, but is no InfluxDB: /ping and /health tell no version`);
    if (found.major === 1) await query(`CREATE DATABASE ${quoteIdentifier(options.bucket)}`);
    return found;
  }

  async function version(): Promise<InfluxVersion> {
    const asked = known ?? findOut();
    known = asked;
    try {
      return await asked;
    } catch (error) {
      if (known === asked) known = null;
      throw error;
    }
  }

  return {
    version,
    query,
    forget() {
      known = null;
    },
    async write(lines, patienceMs) {
      const path = writePath(await version(), target);
      const type = { 'content-type': 'text/plain; charset=utf-8' };
      const response = await request(
        path,
        isLocal
          ? { method: 'POST', headers: type, body: lines }
          : {
              method: 'POST',
              headers: { ...type, 'content-encoding': 'gzip' },
              // The fastest: a batch becomes a sixth, for a fraction of what a tenth would cost.
              body: await pack(lines, { level: constants.Z_BEST_SPEED }),
            },
        patienceMs,
      );
      // A portal or a proxy that says 200 to everything has stored nothing.
      if (response.status !== 204) {
        await response.body?.cancel();
        throw refused(url, response.status, 'where 204 was due: is this InfluxDB?', null);
      }
    },
    async deletePoints(predicate, stop) {
      const parameters = new URLSearchParams({ org: options.org, bucket: options.bucket });
      await request(`/api/v2/delete?${parameters}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          start: '1970-01-01T00:00:00Z',
          stop: stop === null ? '2262-01-01T00:00:00Z' : new Date(stop).toISOString(),
          predicate,
        }),
      });
    },
  };
}

/** As much of an answer as may be needed, however much comes. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length >= MOST_ERROR_CHARACTERS) break;
  }
  return text.slice(0, MOST_ERROR_CHARACTERS);
}

function refused(
  url: string,
  status: number,
  body: string,
  retryAfter: string | null | undefined,
): InfluxError {
  return new InfluxError(explain(status, body, url), {
    status,
    body,
    retryAfterMs: retryAfterOf(retryAfter),
  });
}

function unanswered(url: string, error: unknown): InfluxError {
  return new InfluxError(`InfluxDB at ${url} does not answer: ${reasonOf(error)}`, {
    timedOut: error instanceof Error && error.name === 'TimeoutError',
    cause: error,
  });
}

function splitCredentials(options: InfluxStoreOptions) {
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
    isBasic: basic !== null,
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
