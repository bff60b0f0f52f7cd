import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

async function running(options: Parameters<typeof startGateway>[0] = {}): Promise<GatewayProcess> {
  const gateway = await startGateway(options);
  open.push(() => gateway.stop());
  return gateway;
}

async function takenPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('a start that cannot go well says why', () => {
  it.each(['WAYSIDE_HTTP_PORT', 'WAYSIDE_MQTT_PORT'])('%s is taken', async (setting) => {
    const port = await takenPort();
    const start = startGateway({ env: { [setting]: String(port) } });
    await expect(start).rejects.toThrow(/"code":"port_in_use"/);
    await expect(start).rejects.toThrow(`port ${port} (${setting})`);
  });

  it('settings are wrong: all of them at once', async () => {
    const start = startGateway({
      env: { WAYSIDE_HTTP_PORT: 'eighty', WAYSIDE_TIME_SCALE: '0', WAYSIDE_HTP: '1' },
    });
    await expect(start).rejects.toThrow(/WAYSIDE_HTTP_PORT.*WAYSIDE_TIME_SCALE.*WAYSIDE_HTP/s);
  });

  it.each([
    ['WAYSIDE_MAP_OVERLAY', '/nowhere/streets.geojson'],
    ['WAYSIDE_HOST', '192.0.2.1'],
  ])('%s is what cannot be used', async (setting, value) => {
    const start = startGateway({ env: { [setting]: value } });
    await expect(start).rejects.toThrow(/"code":"bad_settings"/);
    await expect(start).rejects.toThrow(setting);
  });

  it('the data directory is a file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'wayside-start-'));
    open.push(() => rm(dir, { recursive: true, force: true }));
    await writeFile(join(dir, 'file'), '');
    const start = startGateway({ env: { WAYSIDE_DATA_DIR: join(dir, 'file', 'data') } });
    await expect(start).rejects.toThrow(/"code":"data_dir_unwritable"/);
  });

  it('another gateway has the data directory', async () => {
    const first = await running();
    const second = startGateway({ dataDir: first.dataDir });
    await expect(second).rejects.toThrow(/"code":"data_dir_in_use"/);
  });

  it('the journal is damaged', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'wayside-start-'));
    open.push(() => rm(dir, { recursive: true, force: true }));
    await writeFile(
      join(dir, 'journal.db'),
      'this is no database, and it is long enough to be looked at as one\n'.repeat(80),
    );
    await expect(startGateway({ dataDir: dir })).rejects.toThrow(/"code":"data_dir_damaged"/);
  });
});

it('keeps what it holds from other users of the machine, also in a directory that is open to them', async () => {
  const { dataDir } = await running();
  const modes = await Promise.all(
    (await readdir(dataDir)).map(async (name) => [name, (await stat(join(dataDir, name))).mode & 0o077]),
  );
  expect(modes.length).toBeGreaterThan(4);
  expect(modes.filter(([, mode]) => mode !== 0)).toEqual([]);
});

describe('an InfluxDB that is not there', () => {
  it('does not keep the gateway from starting; /readyz names it, and readings are acknowledged', async () => {
    const port = await takenPort();
    for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
    const gateway = await running({ env: { WAYSIDE_INFLUX_URL: `http://127.0.0.1:${port}` } });
    const degraded = await eventually('/readyz names telemetry', 20_000, async () => {
      const { status, body } = await gateway.api('GET', '/readyz');
      return status === 200 && body.degraded.length > 0 ? body : undefined;
    });
    expect(degraded).toMatchObject({ ready: true, notReady: [], degraded: ['telemetry'] });
    expect((await gateway.api('GET', '/healthz')).status).toBe(200);
    const { body } = await gateway.api('POST', '/api/v1/devices', { id: 'f1', type: 'fridge' });
    const client = await connectAsync(gateway.mqttUrl, {
      clientId: 'f1',
      username: 'f1',
      password: body.token,
    });
    open.push(() => client.endAsync());
    await client.publishAsync('devices/f1/telemetry', '{"metrics":{"temperature":4}}', { qos: 1 });
  });
});

it('stops on SIGTERM with code 0, and lets go of the data directory', async () => {
  const gateway = await running();
  await gateway.kill('SIGTERM');
  expect(gateway.logLines.some((line) => line.includes('"level":60'))).toBe(false);
  const again = await running({ dataDir: gateway.dataDir });
  expect((await again.api('GET', '/readyz')).status).toBe(200);
});
