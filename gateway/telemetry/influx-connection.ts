import { Buffer } from 'node:buffer';
import { InfluxDB } from '@influxdata/influxdb-client';
import { InfluxError } from './influx-answer.ts';
import { createInfluxHttp } from './influx-http.ts';
import { quoteIdentifier } from './influx-names.ts';
import { createInfluxTransport } from './influx-transport.ts';
import { type InfluxVersion, type SelfDescription, versionOf, writePath } from './influx-version.ts';

/** What an InfluxDB that stored everything answers: 200 is a portal's or a proxy's, 201 may be of a part. */
const STORED = 204;
/** From so many characters on a request is packed on its way to another machine. */
const PACKED_FROM = 1_000;

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

export interface InfluxAnswer {
  readonly series: readonly InfluxSeries[];
  readonly bytes: number;
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: readonly InfluxSeries[] }[];
}

/** One server: which version it is, who we are to it, and its InfluxQL. All of it throws `InfluxError`. */
export interface InfluxConnection {
  /** The version; asks the server when not known, and makes the database where that is for us to do. */
  version(): Promise<InfluxVersion>;
  /** Forgets what was found out, after a sign that the server is another or was away. */
  forget(): void;
  /** Sends lines of line protocol with nanoseconds in one request; resolves on 204 alone. */
  write(lines: readonly string[], timeoutMs: number): Promise<void>;
  /** Runs one InfluxQL statement. */
  query(statement: string): Promise<readonly InfluxSeries[]>;
  /** The same; null where the answer has more than `mostBytes`: then no more of it is read. */
  queryWithin(statement: string, mostBytes: number): Promise<InfluxAnswer | null>;
  /** Removes points from `start` on and before `stop` (epoch ms; null: all) through the API of 2.x. */
  deletePoints(predicate: string, start: number | null, stop: number | null): Promise<void>;
}

/** @param timeoutMs for all but `write` */
export function createInfluxConnection(options: InfluxStoreOptions, timeoutMs: number): InfluxConnection {
  const { url, authorization, isBasic } = splitCredentials(options);
  const http = createInfluxHttp(url, authorization === null ? {} : { authorization });
  const transport = createInfluxTransport(http, { timeoutMs });
  const target = { org: options.org, bucket: options.bucket, isBasic };
  const isLocal = /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname);
  let known: Promise<InfluxVersion> | null = null;

  async function queryWithin(statement: string, mostBytes: number): Promise<InfluxAnswer | null> {
    const parts = transport.iterate(
      `/query?db=${encodeURIComponent(options.bucket)}`,
      new URLSearchParams({ q: statement }).toString(),
      {
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      },
    );
    let answer: QueryAnswer | null = null;
    let body: Buffer | null = null;
    try {
      body = await readUpTo(parts, mostBytes);
      if (body === null) return null;
      if (body.length > 0) answer = JSON.parse(body.toString()) as QueryAnswer | null;
    } catch (error) {
      throw error instanceof InfluxError ? error : http.unanswered(error);
    }
    const refusal = answer?.error ?? answer?.results?.find((result) => result.error !== undefined)?.error;
    if (refusal !== undefined)
      throw new InfluxError(`InfluxDB refused the query: ${refusal}`, { status: 200 });
    return { series: answer?.results?.[0]?.series ?? [], bytes: body.length };
  }

  async function query(statement: string): Promise<readonly InfluxSeries[]> {
    return (await queryWithin(statement, Number.POSITIVE_INFINITY))?.series ?? [];
  }

  async function describe(path: '/ping' | '/health'): Promise<SelfDescription> {
    const response = await http.ask(path, { method: 'GET' }, timeoutMs);
    const text = await response.text().catch((error: unknown) => {
      throw http.unanswered(error);
    });
    return {
      versionHeader: response.headers.get('x-influxdb-version'),
      buildHeader: response.headers.get('x-influxdb-build'),
      body: text.slice(0, 1_000),
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
    queryWithin,
    forget() {
      known = null;
    },
    async write(lines, patienceMs) {
      const path = writePath(await version(), target);
      const client = new InfluxDB({
        url,
        transport: createInfluxTransport(http, { timeoutMs: patienceMs, due: STORED }),
      });
      // One for each request: no line waits in it for another, and none is in it that its caller does not wait for.
      const api = client.getWriteApi(target.org, target.bucket, 'ns', {
        // Its buffer would be sent when full, and nobody told how that went.
        batchSize: lines.length + 1,
        maxBatchBytes: Number.POSITIVE_INFINITY,
        flushInterval: 0,
        // It would give up and drop; the journal does not.
        maxRetries: 0,
        maxBufferLines: lines.length,
        // Within one machine packing costs more than it saves.
        gzipThreshold: isLocal ? Number.POSITIVE_INFINITY : PACKED_FROM,
        // As it came, to the one who waits, and not to the console.
        writeFailed: (error) => Promise.reject(error),
      });
      api.path = path;
      api.writeRecords([...lines]);
      await api.close();
    },
    async deletePoints(predicate, start, stop) {
      const parameters = new URLSearchParams({ org: options.org, bucket: options.bucket });
      const body = {
        start: start === null ? '1970-01-01T00:00:00Z' : new Date(start).toISOString(),
        // It is inclusive there: the last nanosecond before.
        stop:
          stop === null ? '2262-01-01T00:00:00Z' : new Date(stop - 1).toISOString().replace('Z', '999999Z'),
        predicate,
      };
      await transport.request(`/api/v2/delete?${parameters}`, body, { method: 'POST' });
    },
  };
}

/** All of it, or null where that is more; whoever sends it is told that no more is wanted. */
async function readUpTo(parts: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer | null> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > mostBytes) return null;
    read.push(part);
  }
  return Buffer.concat(read);
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
