import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

const PATH = '/api/v1/schemas/rule.json';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp({ publicUrl: 'https://wayside.example' });
});
afterAll(() => server.stop());

describe('the schema of rules', () => {
  it('is there for any editor, under its own address', async () => {
    const { status, headers, body } = await server.call('GET', PATH, { token: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/schema+json; charset=utf-8');
    expect(body).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `https://wayside.example${PATH}`,
      type: 'object',
      properties: { trigger: expect.anything(), offer: expect.anything(), state: expect.anything() },
    });
  });

  it('may be kept by who asked, and is not sent twice', async () => {
    const { headers } = await server.call('GET', PATH, { token: null });
    expect(headers.get('cache-control')).toBe('public, max-age=3600');
    const again = await server.call('GET', PATH, {
      token: null,
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    expect([again.status, again.body]).toEqual([304, '']);
  });
});
