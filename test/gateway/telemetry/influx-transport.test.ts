import type http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { InfluxDB, type Transport } from '@influxdata/influxdb-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInfluxConnection } from '../../../gateway/telemetry/influx-connection.ts';
import { createInfluxHttp } from '../../../gateway/telemetry/influx-http.ts';
import { createInfluxTransport } from '../../../gateway/telemetry/influx-transport.ts';
import { serveWhileTested } from '../../support/loopback-server.ts';

const LINES = Array.from({ length: 200 }, (_, n) => `readings,device=straße n.n=${n} ${n}`);

interface Request {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server that answers /ping as 1.8 and what else comes as told. */
async function serve(answer: (response: http.ServerResponse) => void) {
  const requests: Request[] = [];
  const port = await serveWhileTested(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray());
    const request = { path: incoming.url ?? '', headers: incoming.headers, body };
    if (request.path === '/ping') response.writeHead(204, { 'x-influxdb-version': '1.8.10' }).end();
    else if (request.path.startsWith('/query')) response.end('{"results":[{}]}');
    else {
      requests.push(request);
      answer(response);
    }
  });
  return { requests, port };
}

const connectTo = (host: string, port: number) =>
  createInfluxConnection({ url: `http://${host}:${port}`, token: '', org: 'o', bucket: 'my db' }, 5_000);

const transportTo = (port: number): Transport =>
  createInfluxTransport(createInfluxHttp(`http://127.0.0.1:${port}`, { authorization: 'Token t' }), {
    timeoutMs: 5_000,
  });

describe("InfluxData's client over our transport", () => {
  it('sends all lines in one request, packed where it goes to another machine', async () => {
    const { requests, port } = await serve((response) => response.writeHead(204).end());
    await connectTo('127.0.0.1', port).write(LINES, 5_000);
    // Any address that is not known as this machine's own will do.
    await connectTo('0.0.0.0', port).write(LINES, 5_000);
    await connectTo('0.0.0.0', port).write(LINES.slice(0, 1), 5_000);
    const [plain, packed, small] = requests;
    expect(requests.map(({ path }) => path)).toEqual(Array(3).fill('/write?db=my%20db&precision=ns'));
    expect(requests.map(({ headers }) => headers['content-encoding'])).toEqual([
      undefined,
      'gzip',
      undefined,
    ]);
    expect(plain?.body.toString()).toBe(LINES.join('\n'));
    expect(gunzipSync(packed?.body ?? '').toString()).toBe(LINES.join('\n'));
    expect(small?.body.toString()).toBe(LINES[0]);
  });

  it('gives an answer that is no success as it came, once, and tells the console nothing', async () => {
    const said = vi.spyOn(console, 'error');
    onTestFinished(() => said.mockRestore());
    const body = `<html>${'a proxy says '.repeat(1_000)}</html>`;
    const { requests, port } = await serve((response) =>
      response.writeHead(503, { 'content-type': 'text/html', 'retry-after': '7' }).end(body),
    );
    await expect(connectTo('127.0.0.1', port).write(LINES, 5_000)).rejects.toMatchObject({
      name: 'InfluxError',
      status: 503,
      body,
      retryAfterMs: 7_000,
    });
    expect(requests).toHaveLength(1);
    expect(said).not.toHaveBeenCalled();
  });

  it.each([200, 201, 302])('takes %i for no success', async (status) => {
    const { port } = await serve((response) => response.writeHead(status, { location: '/' }).end('ok'));
    await expect(connectTo('127.0.0.1', port).write(LINES, 5_000)).rejects.toMatchObject({ status });
  });

  it('says whether an answer came too late', async () => {
    const { port } = await serve(() => undefined);
    const connection = connectTo('127.0.0.1', port);
    await connection.version();
    await expect(connection.write(LINES, 50)).rejects.toMatchObject({ status: null, timedOut: true });
  });

  it('serves the other parts of the client too', async () => {
    const csv =
      '#datatype,string,long,string\n#group,false,false,false\n#default,_result,,\n,result,table,x\n,,0,1\n';
    const { requests, port } = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/csv' }).end(csv);
    });
    const transport = transportTo(port);
    const api = new InfluxDB({ url: `http://127.0.0.1:${port}`, transport }).getQueryApi('o');
    expect(await api.collectRows('from()')).toEqual([{ result: '_result', table: 0, x: '1' }]);
    expect(await api.queryRaw('from()')).toBe(csv);
    const rows: unknown[] = [];
    for await (const { values } of api.iterateRows('from()')) rows.push(values);
    expect(rows).toEqual([['', '0', '1']]);
    expect(requests.every(({ headers }) => headers.authorization === 'Token t')).toBe(true);
  });
});
