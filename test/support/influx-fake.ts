import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * NOT an InfluxDB: a stand-in for versions that can't be installed here. It stores nothing and knows only what is written
 * below, which was taken from the projects' documentation, issues and tests:
 *
 * - what /ping and /health say: docs.influxdata.com (influxdb/v2/api/ping, influxdb3/core/api/server-information)
 * - 2.x, partial write: 422 as in unpoller and signalk-to-influxdb2 issues (2.7.10, 2.7.11)
 * - 3, partial write: 400 as in docs.influxdata.com/influxdb3/core/write-data/troubleshoot
 * - 3 has no /api/v2/delete
 */
export interface InfluxFake {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** Lines that hold this text are refused. */
  refuse: string | null;
  /** Series of the next /query. */
  answer: object | null;
  stop(): Promise<void>;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export type FakeVersion = '1.8' | '2.7' | '3.4' | 'cloud';

interface Manners {
  readonly ping: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body?: object;
  };
  readonly health: object | null;
  readonly hasDelete: boolean;
  partialWrite(bad: readonly { readonly line: string; readonly number: number }[]): {
    readonly status: number;
    readonly body: object;
  };
}

const CONFLICT = 'input field "bad.n" on measurement "readings" is type float, already exists as type string';

const MANNERS: Readonly<Record<FakeVersion, Manners>> = {
  '1.8': {
    ping: { status: 204, headers: { 'X-Influxdb-Version': '1.8.10', 'X-Influxdb-Build': 'OSS' } },
    health: { name: 'influxdb', message: 'ready for queries and writes', status: 'pass', version: '1.8.10' },
    hasDelete: false,
    partialWrite: (bad) => ({
      status: 400,
      body: { error: `partial write: field type conflict: ${CONFLICT} dropped=${bad.length}` },
    }),
  },
  '2.7': {
    ping: { status: 204, headers: { 'X-Influxdb-Version': 'v2.7.11', 'X-Influxdb-Build': 'OSS' } },
    health: { name: 'influxdb', message: 'ready for queries and writes', status: 'pass', version: 'v2.7.11' },
    hasDelete: true,
    partialWrite: (bad) => ({
      status: 422,
      body: {
        code: 'unprocessable entity',
        message: `failure writing points to database: partial write: field type conflict: ${CONFLICT} dropped=${bad.length}`,
      },
    }),
  },
  '3.4': {
    ping: {
      status: 200,
      headers: { 'x-influxdb-version': '3.4.1', 'x-influxdb-build': 'Core' },
      body: { version: '3.4.1', revision: '0123abc', process_id: '00000000-0000-0000-0000-000000000000' },
    },
    health: null,
    hasDelete: false,
    partialWrite: (bad) => ({
      status: 400,
      body: {
        error: 'partial write of line protocol occurred',
        data: bad.map(({ line, number }) => ({
          original_line: line,
          line_number: number,
          error_message:
            "invalid column type for column 'bad.n', expected iox::column_type::field::string, got iox::column_type::field::float",
        })),
      },
    }),
  },
  cloud: {
    ping: { status: 204, headers: { 'X-Influxdb-Build': 'Cloud' } },
    health: { name: 'influxdb', status: 'pass' },
    hasDelete: true,
    partialWrite: () => ({
      status: 400,
      body: { code: 'invalid', message: "unable to parse 'x': missing fields" },
    }),
  },
};

/** @param authorization the only header that it lets in; /ping asks for it in version 3 alone */
export async function startInfluxFake(version: FakeVersion, authorization: string): Promise<InfluxFake> {
  const manners = MANNERS[version];
  const requests: FakeRequest[] = [];
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url ?? '';
      const body = Buffer.concat(parts).toString();
      requests.push({
        method: request.method ?? '',
        path,
        authorization: request.headers.authorization,
        body,
      });
      const say = (status: number, answer?: object, headers: Record<string, string> = {}) =>
        response
          .writeHead(status, { ...manners.ping.headers, 'content-type': 'application/json', ...headers })
          .end(answer === undefined ? undefined : JSON.stringify(answer));
      const isOpen = version !== '3.4' && (path === '/ping' || path === '/health');
      if (!isOpen && request.headers.authorization !== authorization)
        return say(401, { code: 'unauthorized', message: 'unauthorized access' });
      if (path === '/ping') return say(manners.ping.status, manners.ping.body);
      if (path === '/health') return manners.health === null ? say(404) : say(200, manners.health);
      if (path.startsWith('/query')) return say(200, fake.answer ?? { results: [{ statement_id: 0 }] });
      if (path.startsWith('/api/v2/delete')) return manners.hasDelete ? say(204) : say(405);
      if (!/^\/(write|api\/v2\/write)\?/.test(path)) return say(404, { error: 'not found' });
      const bad = body
        .split('\n')
        .map((line, index) => ({ line, number: index + 1 }))
        .filter(({ line }) => fake.refuse !== null && line.includes(fake.refuse));
      if (bad.length === 0) return say(204);
      const refusal = manners.partialWrite(bad);
      return say(refusal.status, refusal.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fake: InfluxFake = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refuse: null,
    answer: null,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}
