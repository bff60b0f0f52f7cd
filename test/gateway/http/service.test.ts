import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

describe('health and metrics', () => {
  it('tells the domain clock and its scale to anybody', async () => {
    const answer = await server.call('GET', '/healthz', { token: null });
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok', now: NOW + 5, timeScale: 60 } });
  });

  it('names the parts that are not ready', async () => {
    server.health = { journal: { ok: true }, engine: { ok: false, detail: 'does not answer' } };
    expect(await server.call('GET', '/readyz', { token: null })).toMatchObject({
      status: 503,
      body: {
        ready: false,
        notReady: ['engine'],
        degraded: [],
        parts: { engine: { ok: false, detail: 'does not answer' } },
      },
    });
    const backlog = { numbers: 5, bytes: 6, lagMs: 7 };
    server.health = { telemetry: { ok: false, degraded: true, detail: 'away', backlog } };
    expect(await server.call('GET', '/readyz', { token: null })).toMatchObject({
      status: 200,
      body: {
        ready: true,
        notReady: [],
        degraded: ['telemetry'],
        parts: { telemetry: { ok: false, degraded: true, detail: 'away', backlog } },
      },
    });
    server.health = { journal: { ok: true, detail: '3 waiting' } };
    expect(await server.call('GET', '/readyz', { token: null })).toMatchObject({
      status: 200,
      body: { ready: true, notReady: [], parts: { journal: { ok: true, detail: '3 waiting' } } },
    });
  });

  it('gives metrics as text', async () => {
    const answer = await server.call('GET', '/metrics', { token: null });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    await server.call('GET', '/api/v1/devices/some-id');
    const { body } = await server.call('GET', '/metrics', { token: null });
    expect(body).toContain(
      'wayside_http_request_seconds_count{method="GET",route="/api/v1/devices/:id",status="404"} 1',
    );
    expect(body).not.toContain('some-id');
  });
});
