import { hash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { retryOf } from '../../../gateway/engine/retry-entry.ts';
import { cookieOf, NOW, startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const PAYLOAD = Buffer.from('{"metrics":{"fuel":7,"rpm":1000}}');

async function add(
  id: string,
  over: {
    device?: string;
    code?: string;
    payload?: Buffer;
    whole?: Buffer;
    part?: object;
    taken?: number;
  } = {},
): Promise<void> {
  const { device = 'car-1', code = 'bad_metric', payload = PAYLOAD, whole = payload, part, taken } = over;
  await server.db
    .insertInto('quarantine')
    .values({
      id,
      device,
      topic: `devices/${device}/telemetry`,
      code,
      message: `what is wrong with ${id}`,
      payload,
      payload_digest: hash('sha1', whole),
      first_seen_at: NOW - 60_000,
      last_seen_at: NOW,
      count: 2,
      ...(part === undefined ? {} : { part_json: JSON.stringify(part) }),
      ...(taken === undefined ? {} : { readings_taken: taken }),
    })
    .execute();
}

/** Stands for the engine: takes what is good, and refuses the rest again. */
const engineThat = (takes: (id: string) => boolean) => async (entry: Parameters<typeof retryOf>[0]) => {
  const id = retryOf(entry)?.quarantineId ?? '';
  if (takes(id)) await server.db.deleteFrom('quarantine').where('id', '=', id).execute();
  else
    await server.db
      .updateTable('quarantine')
      .set((row) => ({ tries: row('tries', '+', 1), message: `${id} is still bad` }))
      .where('id', '=', id)
      .execute();
};

beforeEach(async () => {
  await server.db.deleteFrom('quarantine').execute();
  server.onResubmitted = engineThat(() => true);
});

const call = (method: string, path: string, body?: unknown) =>
  server.call(method, `/api/v1/quarantine${path}`, body === undefined ? {} : { body });

describe('one quarantined message', () => {
  it('is told with its payload, and whether it can be tried again', async () => {
    await add('q1', { part: { index: 0, part: { kind: 'metric', name: 'fuel' } }, taken: 1 });
    expect((await call('GET', '/q1')).body).toEqual({
      id: 'q1',
      device: 'car-1',
      topic: 'devices/car-1/telemetry',
      code: 'bad_metric',
      message: 'what is wrong with q1',
      payloadBase64: PAYLOAD.toString('base64'),
      payloadBytes: PAYLOAD.length,
      firstSeenAt: NOW - 60_000,
      lastSeenAt: NOW,
      count: 2,
      tries: 0,
      cannotRetry: null,
    });
    expect(await call('GET', '/q2')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('another try', () => {
  it('goes through the journal as it came, with its own time, and says that it was taken', async () => {
    const part = { index: 0, part: { kind: 'metric', name: 'fuel' } };
    await add('q1', { part, taken: 1 });
    expect(await call('POST', '/q1/retry')).toMatchObject({
      status: 200,
      body: { id: 'q1', outcome: 'taken' },
    });
    const entry = server.resubmitted.at(-1);
    if (entry === undefined) throw new Error('nothing was put into the journal');
    const retry = retryOf(entry);
    expect({ ...retry, payload: Buffer.from(retry?.payload ?? []) }).toEqual({
      quarantineId: 'q1',
      device: 'car-1',
      topic: 'devices/car-1/telemetry',
      receivedAt: NOW - 60_000,
      part,
      payload: PAYLOAD,
    });
    expect(entry.receivedAt).toBeGreaterThanOrEqual(NOW);
    expect((await call('GET', '/q1')).status).toBe(404);
  });

  it('that fails says what is wrong now, and leaves the message there', async () => {
    await add('q1');
    server.onResubmitted = engineThat(() => false);
    expect((await call('POST', '/q1/retry')).body).toEqual({
      id: 'q1',
      outcome: 'refused',
      code: 'bad_metric',
      message: 'q1 is still bad',
    });
    expect((await call('GET', '/q1')).body).toMatchObject({ tries: 1, message: 'q1 is still bad' });
  });

  it('is audited, with who and what came of it', async () => {
    await add('audited');
    await call('POST', '/audited/retry');
    const { body } = await server.call('GET', '/api/v1/audit?subject=audited');
    expect(body.items).toMatchObject([
      {
        actor: 'admin-token',
        action: 'quarantine.retried',
        detail: { device: 'car-1', code: 'bad_metric', outcome: 'taken' },
      },
    ]);
  });

  it.each([
    [
      'only the beginning is kept',
      { whole: Buffer.from('{"a much":"longer one"}') },
      422,
      'payload_incomplete',
      'truncated',
    ],
    ['it was too large to be taken at all', { code: 'too_large' }, 422, 'payload_incomplete', 'truncated'],
    ['its other readings were stored', { code: 'bad_shape', taken: 3 }, 409, 'partly_taken', 'partly_taken'],
  ] as const)('is refused where %s', async (_, over, status, code, cannotRetry) => {
    await add('q1', over);
    const before = server.resubmitted.length;
    expect(await call('POST', '/q1/retry')).toMatchObject({ status, body: { code } });
    expect(server.resubmitted).toHaveLength(before);
    expect((await call('GET', '')).body.items[0]).toMatchObject({ cannotRetry });
  });

  it.each([
    ['marketer', 403, 403],
    ['analyst', 200, 403],
    ['device-manager', 200, 200],
  ] as const)('%s: GET gives %d, another try %d', async (role, mayRead, mayRetry) => {
    await add('q1');
    const name = `a-${role}`;
    const { body } = await server.call('POST', '/api/v1/users', { body: { name, role } });
    const session = await server.call('POST', '/api/v1/session', { body: { name, password: body.password } });
    const cookie = cookieOf(session);
    const status = async (method: string, path: string, json?: unknown) =>
      (
        await server.call(method, `/api/v1${path}`, {
          cookie,
          ...(json === undefined ? {} : { body: json }),
        })
      ).status;
    expect(await status('GET', '/quarantine/q1')).toBe(mayRead);
    expect(await status('GET', '/quality')).toBe(mayRead);
    expect(await status('POST', '/quarantine/q1/retry')).toBe(mayRetry);
    expect(await status('POST', '/quarantine/retry', {})).toBe(mayRetry);
  });

  it('is not for nobody', async () => {
    await add('q1');
    for (const path of ['/q1/retry', '/retry'])
      expect((await server.call('POST', `/api/v1/quarantine${path}`, { token: null })).status).toBe(401);
  });

  it('of what the journal does not take fails, and leaves the message there', async () => {
    await add('q1');
    server.onResubmitted = async () => {
      throw new Error('disk');
    };
    expect((await call('POST', '/q1/retry')).status).toBe(500);
    expect((await call('GET', '/q1')).status).toBe(200);
  });
});

describe('another try of all that matches', () => {
  it('takes what it can and counts the rest', async () => {
    await add('a1');
    await add('a2', { code: 'unknown_type' });
    await add('a3', { code: 'too_large' });
    await add('a4', { code: 'bad_shape', taken: 2 });
    await add('b1', { device: 'car-2' });
    server.onResubmitted = engineThat((id) => id !== 'a2');
    expect((await call('POST', '/retry', { device: 'car-1' })).body).toEqual({
      tried: 2,
      taken: 1,
      refused: 1,
      waiting: 0,
      truncated: 1,
      partlyTaken: 1,
      more: false,
    });
    expect((await call('POST', '/retry', { code: 'bad_metric' })).body).toMatchObject({ tried: 1, taken: 1 });
    expect((await call('POST', '/retry', {})).body).toMatchObject({ tried: 1, refused: 1 });
  });

  it('gets through more than it takes at once, also where some are refused each time', async () => {
    for (let index = 0; index < 700; index += 1) await add(`m${index}`);
    server.onResubmitted = engineThat((id) => id.endsWith('7'));
    const first = (await call('POST', '/retry', {})).body;
    expect(first).toMatchObject({ tried: 500, more: true });
    const second = (await call('POST', '/retry', {})).body;
    expect(second.taken + first.taken).toBe(70);
  });

  it('does nothing where nothing matches', async () => {
    expect((await call('POST', '/retry', { device: 'nobody' })).body).toMatchObject({
      tried: 0,
      more: false,
    });
  });

  it('wants a filter that it knows', async () => {
    expect((await call('POST', '/retry', { code: 'nonsense' })).status).toBe(400);
    expect((await call('POST', '/retry', { devise: 'car-1' })).status).toBe(400);
  });
});
