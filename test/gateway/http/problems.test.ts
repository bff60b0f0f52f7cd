import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

/** Sends bytes that no HTTP client would. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.end(text));
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('problem documents', () => {
  it('have every field of RFC 9457, the code, what to do, and the request id', async () => {
    const answer = await server.call('GET', '/api/v1/devices/absent');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      type: '/api/docs#not_found',
      title: 'There is nothing here by that name',
      status: 404,
      detail: 'there is no device "absent"',
      code: 'not_found',
      mend: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  const cases: readonly [
    what: string,
    status: number,
    code: string,
    method: string,
    path: string,
    body?: unknown,
    type?: string,
  ][] = [
    ['an address that leads nowhere', 404, 'not_found', 'GET', '/api/v1/nonsense'],
    ['a method that is not there', 405, 'method_not_allowed', 'PUT', '/api/v1/devices'],
    ['JSON cut short', 400, 'bad_json', 'POST', '/api/v1/devices', '{"id":'],
    ['an empty body', 400, 'bad_json', 'POST', '/api/v1/devices', ''],
    [
      'a body that would change a prototype',
      400,
      'bad_json',
      'POST',
      '/api/v1/devices',
      '{"__proto__":{"a":1}}',
    ],
    [
      'an unknown content type',
      415,
      'unsupported_media_type',
      'POST',
      '/api/v1/devices',
      '<a/>',
      'application/xml',
    ],
    [
      'YAML where only JSON goes',
      415,
      'unsupported_media_type',
      'POST',
      '/api/v1/devices',
      'id: a',
      'application/yaml',
    ],
    ['an array for an object', 400, 'bad_request', 'POST', '/api/v1/devices', []],
    ['a number for a text', 400, 'bad_request', 'POST', '/api/v1/devices', { id: 7, type: 'car' }],
    ['an id with a blank', 400, 'bad_request', 'POST', '/api/v1/devices', { id: 'a b', type: 'car' }],
    [
      'an id that is too long',
      400,
      'bad_request',
      'POST',
      '/api/v1/devices',
      { id: 'a'.repeat(129), type: 'car' },
    ],
    [
      'an id that is too long in the address',
      400,
      'bad_request',
      'GET',
      `/api/v1/devices/${'a'.repeat(129)}`,
    ],
    [
      'an id in the address that is far too long',
      400,
      'bad_request',
      'GET',
      `/api/v1/devices/${'a'.repeat(2_000)}`,
    ],
    ['a broken percent code', 400, 'bad_request', 'GET', '/api/v1/devices/%zz'],
    [
      'an unknown field',
      400,
      'bad_request',
      'POST',
      '/api/v1/devices',
      { id: 'a', type: 'car', colour: 'red' },
    ],
    ['an unknown parameter', 400, 'bad_request', 'GET', '/api/v1/devices?colour=red'],
    ['a limit of zero', 400, 'bad_request', 'GET', '/api/v1/devices?limit=0'],
    ['a limit beyond the most', 400, 'bad_request', 'GET', '/api/v1/devices?limit=1001'],
    ['a limit that is no number', 400, 'bad_request', 'GET', '/api/v1/devices?limit=ten'],
    ['a parameter given twice', 400, 'bad_request', 'GET', '/api/v1/devices?limit=1&limit=2'],
    ['a time that is none', 400, 'bad_request', 'GET', '/api/v1/decisions?from=yesterday'],
    ['a day that no calendar has', 400, 'bad_request', 'GET', '/api/v1/decisions?from=2026-02-30'],
    ['a time without an offset', 400, 'bad_request', 'GET', '/api/v1/decisions?from=2026-05-01T08:00:00'],
    ['a reason that is not in the list', 400, 'bad_request', 'GET', '/api/v1/decisions?reason=because'],
    ['a quarantine code that is not in the list', 400, 'bad_request', 'GET', '/api/v1/quarantine?reason=x'],
    ['a cursor that is none', 400, 'bad_cursor', 'GET', '/api/v1/decisions?cursor=xyz'],
    [
      'a body that is too large',
      413,
      'payload_too_large',
      'POST',
      '/api/v1/devices',
      JSON.stringify({ id: 'a'.repeat(2_000_000) }),
    ],
    [
      'text for a boolean',
      400,
      'bad_request',
      'PUT',
      '/api/v1/consumers/a/consents/location_offers',
      { granted: 'false', source: 'x' },
    ],
    [
      'null for a boolean',
      400,
      'bad_request',
      'PUT',
      '/api/v1/consumers/a/consents/location_offers',
      { granted: null, source: 'x' },
    ],
  ];

  it.each(cases)('%s gives %i %s', async (_what, status, code, method, path, body, contentType) => {
    const answer = await server.call(method, path, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
    expect(answer).toMatchObject({ status, body: { status, code, mend: expect.any(String) } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('name the field that is wrong and what is allowed', async () => {
    const unknownField = await server.call('POST', '/api/v1/devices', {
      body: { id: 'a', type: 'car', colour: 'red' },
    });
    expect(unknownField.body.problems).toEqual([{ path: 'body', message: 'has an unknown field "colour"' }]);
    const reason = await server.call('GET', '/api/v1/decisions?reason=because');
    expect(reason.body.problems[0].message).toContain('quiet_hours');
    const time = await server.call('GET', '/api/v1/decisions?from=yesterday');
    expect(time.body.problems).toEqual([
      { path: 'query/from', message: expect.stringContaining('ISO 8601') },
    ]);
  });

  it('tell every problem at once, and stop at a thousand', async () => {
    const two = await server.call('POST', '/api/v1/devices', { body: { id: 'a b', colour: 1 } });
    expect(two.body.problems.length).toBe(3);
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`x${i}`, 1]));
    expect((await server.call('POST', '/api/v1/devices', { body: many })).body.problems.length).toBe(1_000);
  });

  it('say which methods there are', async () => {
    const allowed = async (method: string, path: string) => {
      const answer = await server.call(method, path);
      return [answer.status, answer.headers.get('allow')];
    };
    expect(await allowed('PUT', '/api/v1/devices')).toEqual([405, 'POST, GET, HEAD']);
    expect(await allowed('PUT', '/api/v1/devices/a?b=c')).toEqual([405, 'GET, HEAD, PATCH, DELETE']);
    expect(await allowed('PROPFIND', '/healthz')).toEqual([405, 'GET, HEAD']);
    expect(await allowed('POST', '/')).toEqual([405, 'GET, HEAD']);
    expect(await allowed('POST', '/api/v1/devices/a/b')).toEqual([404, null]);
  });

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400, 'bad_request'],
    ['an unknown method', 'BLORP /healthz HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'bad_request'],
    [
      'broken chunks',
      'POST /api/v1/devices HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
      400,
      'bad_request',
    ],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
  ])('survive %s', async (_what, sent, status, code) => {
    const [head = '', body = ''] = (await raw(sent)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code, requestId: expect.any(String) });
    expect((await server.call('GET', '/healthz', { token: null })).status).toBe(200);
  });

  it('hide what went wrong inside, and log it under the request id without the token', async () => {
    await server.db.schema.alterTable('audit').renameTo('audit_away').execute();
    const answer = await server.call('POST', '/api/v1/consumers', { body: { id: 'unlucky' } });
    await server.db.schema.alterTable('audit_away').renameTo('audit').execute();
    expect(answer).toMatchObject({
      status: 500,
      body: { code: 'internal', detail: 'the request could not be carried out' },
    });
    expect(answer.headers.get('retry-after')).toBe('1');
    const line = server.logLines.find((text) => text.includes(answer.body.requestId));
    expect(line).toContain('no such table');
    expect(server.logLines.join()).not.toContain(ADMIN_TOKEN);
    expect((await server.call('GET', '/api/v1/consumers/unlucky')).status).toBe(404);
  });
});
