import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DuckDBInstance } from '@duckdb/node-api';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

/**
 * A data directory as version 0.1.0 left it when it was killed: a car `van` with 70 readings and two messages that are no JSON.
 * The first 40 are in DuckDB; the others wait in the journal, for it was started then with an InfluxDB that was not there.
 */
const RELEASED = new URL('./data-dir-0.1.0.tgz', import.meta.url).pathname;
const VAN_TOKEN = '1jwDj0Rkzy0LRciAqQq6yYBNmWbfl8IB-ApHOYRAYEo';
const RELEASED_READINGS = 70;
const SQLITE_FILES = ['', '-wal', '-shm'];

let dataDir: string;
let gateway: GatewayProcess | null = null;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wayside-data-'));
});
afterEach(async () => {
  await gateway?.stop();
  gateway = null;
  await rm(dataDir, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  await gateway?.stop();
  gateway = null;
  gateway = await startGateway({ dataDir, env });
  return gateway;
}

async function stop(): Promise<void> {
  await gateway?.kill('SIGTERM');
  gateway = null;
}

/** Publishes readings `from` to `to`, without times of their own, and waits until all are stored. */
async function publish(token: string, from: number, to: number, storedInAll = to): Promise<void> {
  if (gateway === null) throw new Error('the gateway does not run');
  const running = gateway;
  const client = await connectAsync(running.mqttUrl, {
    clientId: 'van',
    username: 'van',
    password: token,
    reconnectPeriod: 0,
  });
  for (let n = from; n < to; n += 1)
    await client.publishAsync('devices/van/telemetry', JSON.stringify({ metrics: { n } }), { qos: 1 });
  await client.endAsync();
  if (storedInAll === 0) return;
  await eventually(`${storedInAll} are stored`, 40_000, async () =>
    (await stored(running)).length >= storedInAll ? true : undefined,
  );
}

async function stored(running: GatewayProcess): Promise<readonly number[]> {
  const { body } = await running.api('GET', '/api/v1/telemetry/van?metric=n&limit=10000');
  return body.points.map(({ value }: { value: number }) => value).sort((a: number, b: number) => a - b);
}

const whole = (count: number) => Array.from({ length: count }, (_, n) => n);

const newVan = async (running: GatewayProcess): Promise<string> =>
  (await running.api('POST', '/api/v1/devices', { id: 'van', type: 'car' })).body.token;

const unpack = () => {
  const { status, stderr } = spawnSync('tar', ['-xzf', RELEASED, '-C', dataDir]);
  if (status !== 0) throw new Error(String(stderr));
};

describe('a data directory of version 0.1.0', () => {
  it('opens: nothing of it is lost, and what waited in the journal is stored once', async () => {
    unpack();
    const running = await start();
    await eventually('what waited is stored', 40_000, async () =>
      (await stored(running)).length >= RELEASED_READINGS ? true : undefined,
    );
    await publish(VAN_TOKEN, RELEASED_READINGS, RELEASED_READINGS + 10);
    expect(await stored(running)).toEqual(whole(RELEASED_READINGS + 10));
    const items = async (path: string) => (await running.api('GET', path)).body.items;
    expect((await items('/api/v1/quarantine')).map(({ code }: { code: string }) => code)).toEqual([
      'bad_json',
      'bad_json',
    ]);
    expect((await running.api('GET', '/api/v1/rules/hello')).body).toMatchObject({
      id: 'hello',
      state: 'live',
    });
    expect((await running.api('GET', '/api/v1/consumers/ada')).body).toMatchObject({ id: 'ada' });
    expect((await running.api('GET', '/api/v1/places/stop')).status).toBe(200);
    expect((await running.api('GET', '/readyz')).status).toBe(200);
    await start();
    expect(await stored(gateway as unknown as GatewayProcess)).toEqual(whole(RELEASED_READINGS + 10));
  });
});

describe('a data directory of a newer version is refused with its code, and left alone:', () => {
  const refused = () => expect(start()).rejects.toThrow(/"code":"data_dir_newer"/);
  beforeEach(async () => {
    await start();
    await stop();
  });

  it('by its journal', async () => {
    const journal = new DatabaseSync(join(dataDir, 'journal.db'));
    journal.exec('PRAGMA user_version = 99');
    journal.close();
    await refused();
  });

  it('by its records', async () => {
    const records = new DatabaseSync(join(dataDir, 'wayside.db'));
    records.exec(`INSERT INTO kysely_migration VALUES ('999-later', '2030-01-01T00:00:00Z')`);
    records.close();
    await refused();
  });

  it('by its telemetry', async () => {
    const instance = await DuckDBInstance.create(join(dataDir, 'telemetry.duckdb'));
    const connection = await instance.connect();
    await connection.run('UPDATE state SET schema_version = 99');
    connection.closeSync();
    instance.closeSync();
    await refused();
  });
});

describe('a journal that ends before its cursors', () => {
  const remove = (file: string) =>
    Promise.all(SQLITE_FILES.map((suffix) => rm(join(dataDir, file + suffix), { force: true })));

  it('that was deleted goes on above them: nothing new is taken for known', async () => {
    const token = await newVan(await start());
    await publish(token, 0, 30);
    await stop();
    await remove('journal.db');
    const running = await start();
    expect(running.logLines.join('\n')).toContain('the journal ends before what its readers have taken');
    await publish(token, 30, 60);
    expect(await stored(running)).toEqual(whole(60));
    expect((await start()).logLines.join('\n')).not.toContain('the journal ends before');
  });

  it('that is an older copy goes on above them too', async () => {
    const token = await newVan(await start());
    await publish(token, 0, 10);
    await stop();
    const copy = join(dataDir, 'copy-of-journal');
    await copyFile(join(dataDir, 'journal.db'), copy);
    await start();
    await publish(token, 10, 30);
    await stop();
    await remove('journal.db');
    await copyFile(copy, join(dataDir, 'journal.db'));
    const running = await start();
    expect(running.logLines.join('\n')).toContain('"continuesAbove":30');
    await publish(token, 30, 50);
    expect(await stored(running)).toEqual(whole(50));
  });
});

it('a journal that is torn goes on with what can be read of it, and says so', async () => {
  const token = await newVan(await start({ WAYSIDE_INFLUX_URL: 'http://127.0.0.1:9' }));
  await publish(token, 0, 200, 0);
  await stop();
  const journal = join(dataDir, 'journal.db');
  const file = await open(journal, 'r+');
  await file.write(Buffer.alloc(64, 0xee), 0, 64, Math.floor((await file.stat()).size * 0.6));
  await file.close();
  const running = await start();
  expect(running.logLines.join('\n')).toMatch(
    /the torn file is .*journal\.db\.torn-1.*the journal was damaged/,
  );
  await publish(token, 200, 210, 100);
  await eventually('the last ones are stored', 40_000, async () =>
    (await stored(running)).includes(209) ? true : undefined,
  );
  const numbers = await stored(running);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.slice(-10)).toEqual(whole(210).slice(-10));
  expect((await readdir(dataDir)).includes('journal.db.torn-1')).toBe(true);
});

it('records that are an older copy store nothing twice and lose nothing that comes', async () => {
  const token = await newVan(await start());
  await publish(token, 0, 10);
  await stop();
  const copy = join(dataDir, 'copy-of-records');
  await copyFile(join(dataDir, 'wayside.db'), copy);
  await start();
  await publish(token, 10, 30);
  await stop();
  expect((await readdir(dataDir)).includes('wayside.db-wal')).toBe(false);
  await copyFile(copy, join(dataDir, 'wayside.db'));
  const running = await start();
  await publish(token, 30, 50);
  expect(await stored(running)).toEqual(whole(50));
});
