import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const BIKE = {
  name: 'Bicycle',
  mobile: true,
  metrics: {
    charge: { unit: 'ratio', kind: 'number', min: 0, max: 1, sensitivity: 'none' },
    pulse: { unit: '1/min', kind: 'number', sensitivity: 'health' },
  },
  unknownMetrics: 'quarantine',
};

describe('device types', () => {
  it('are data that can be saved, changed and read', async () => {
    server.changes.length = 0;
    const made = await server.call('PUT', '/api/v1/device-types/bike', { body: BIKE });
    expect(made).toMatchObject({ status: 201, body: { id: 'bike', ...BIKE } });
    expect(server.changes).toEqual([{ kind: 'device-types' }]);
    const changed = await server.call('PUT', '/api/v1/device-types/bike', {
      body: { ...BIKE, name: 'E-bike' },
    });
    expect(changed).toMatchObject({ status: 200, body: { name: 'E-bike' } });
    expect((await server.call('GET', '/api/v1/device-types/bike')).body).toMatchObject({ name: 'E-bike' });
    expect((await server.call('GET', '/api/v1/device-types/bik')).status).toBe(404);
    expect((await server.call('POST', '/api/v1/devices', { body: { id: 'b-1', type: 'bike' } })).status).toBe(
      201,
    );
  });

  it('tell all their problems at once, with the nearest names', async () => {
    const answer = await server.call('PUT', '/api/v1/device-types/bike', {
      body: {
        id: 'other',
        nmae: 'x',
        metrics: {
          charge: { kind: 'numbr', sensitivity: 'helth' },
          '1st': { kind: 'number' },
          door: { kind: 'boolean', min: 0 },
          temp: { kind: 'number', min: 5, max: 1 },
        },
        unknownMetrics: 'drpo',
      },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    const problems = answer.body.problems as { path: string; message: string }[];
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'id',
      'metrics.1st',
      'metrics.charge.kind',
      'metrics.charge.sensitivity',
      'metrics.door.min',
      'metrics.temp.min',
      'name',
      'nmae',
      'unknownMetrics',
    ]);
    expect(problems.find(({ path }) => path === 'nmae')?.message).toContain('Did you mean "name"?');
    expect(problems.find(({ path }) => path === 'unknownMetrics')?.message).toContain('"drop"');
  });

  it.each(['[]', '"x"', '7', 'null'])('are objects, not %s', async (body) => {
    const answer = await server.call('PUT', '/api/v1/device-types/bike', { body });
    expect([400, 422]).toContain(answer.status);
  });

  it('can be removed when nothing uses them, and built-in ones never', async () => {
    const used = await server.call('DELETE', '/api/v1/device-types/bike');
    expect(used).toMatchObject({
      status: 409,
      body: { code: 'type_in_use', detail: expect.stringContaining('b-1') },
    });
    await server.call('PUT', '/api/v1/device-types/kite', { body: { name: 'Kite' } });
    expect((await server.call('DELETE', '/api/v1/device-types/kite')).status).toBe(204);
    expect((await server.call('DELETE', '/api/v1/device-types/kite')).status).toBe(404);
    expect(await server.call('DELETE', '/api/v1/device-types/card')).toMatchObject({
      status: 409,
      body: { code: 'wrong_state' },
    });
  });

  it('do not change so that a live rule is not understood any more', async () => {
    const rule = {
      name: 'Charge it',
      trigger: { metric: { name: 'charge', below: 0.2 } },
      when: 'device.type == "bike" && metrics.pulse < 100',
      offer: { title: 'Charge', body: 'Now', url: 'https://example.org/' },
      state: 'live',
    };
    const saved = await server.call('PUT', '/api/v1/rules/charge', { body: rule });
    expect(saved.status).toBeLessThan(300);
    const answer = await server.call('PUT', '/api/v1/device-types/bike', {
      body: { ...BIKE, metrics: { pulse: BIKE.metrics.pulse } },
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'type_in_use' } });
    expect(answer.body.problems[0].path).toContain('rule charge');
  });
});
