import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { runDataCommand } from '../support/backup-commands.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const DEVICES = 10;
/** A tenth of what they could send, so that what they send is the same on a slow machine. */
const PAUSE_MS = 30;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wayside-backup-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

interface Publisher {
  /** Numbers whose PUBACK has come. */
  readonly acknowledged: readonly number[];
  stop(): Promise<void>;
}

/** Publishes 1, 2, 3 … as the metric `n`, some hundred a second with all its like. */
async function publishing(gateway: GatewayProcess, id: string): Promise<Publisher> {
  const { body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: id,
    username: id,
    password: body.token,
  });
  const acknowledged: number[] = [];
  let stopping = false;
  const running = (async () => {
    for (let n = 1; !stopping; n += 1) {
      const position = { lat: 45 + n / 10_000, lon: 9 };
      await client.publishAsync(`devices/${id}/telemetry`, JSON.stringify({ position, metrics: { n } }), {
        qos: 1,
      });
      acknowledged.push(n);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  return {
    acknowledged,
    async stop() {
      stopping = true;
      await running;
      await client.endAsync(true);
    },
  };
}

async function stored(gateway: GatewayProcess, id: string): Promise<readonly number[]> {
  const { body } = await gateway.api('GET', `/api/v1/telemetry/${id}?metric=n&limit=100000`);
  return (body.points as { value: number }[]).map(({ value }) => value);
}

it('a backup of a gateway under load has all that was acknowledged before, once, and a gateway goes on from it', async () => {
  const gateway = await startGateway();
  onTestFinished(() => gateway.stop());
  const place = await folder();
  const backup = join(place, 'backup');
  const ids = Array.from({ length: DEVICES }, (_, index) => `car-${index}`);
  const publishers = await Promise.all(ids.map((id) => publishing(gateway, id)));
  await eventually('they have sent 1,000', 30_000, async () => {
    const sent = publishers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    return sent >= 1_000 ? true : undefined;
  });
  const before = publishers.map(({ acknowledged }) => acknowledged.length);

  const made = await runDataCommand(
    'backup',
    [backup, '--data-dir', gateway.dataDir, '--url', gateway.httpUrl, '--json'],
    {
      WAYSIDE_ADMIN_TOKEN: gateway.adminToken,
    },
  );

  expect(made).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(made.out)).toMatchObject({ path: backup, telemetry: 'duckdb' });
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  expect(await readdir(join(gateway.dataDir, 'backups'))).toEqual([]);
  for (const name of await readdir(backup)) expect((await stat(join(backup, name))).mode & 0o777).toBe(0o600);
  expect((await stat(backup)).mode & 0o777).toBe(0o700);
  expect(await readdir(backup)).toEqual(
    expect.arrayContaining(['admin-password', 'vapid-keys.json', 'journal.db']),
  );

  const dataDir = join(place, 'restored');
  const restored = await runDataCommand('restore', [backup, '--data-dir', dataDir]);
  expect(restored).toMatchObject({ code: 0, err: '' });
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  for (const name of await readdir(dataDir)) expect((await stat(join(dataDir, name))).mode & 0o077).toBe(0);

  const second = await startGateway({ dataDir });
  onTestFinished(() => second.stop());
  for (const [index, id] of ids.entries()) {
    const least = before[index] ?? 0;
    const found = await eventually(`${least} of ${id}`, 20_000, async () => {
      const values = await stored(second, id);
      return values.length >= least ? values : undefined;
    });
    // None is missing, none is there twice, and none is there that was never sent.
    expect(found).toEqual(Array.from({ length: found.length }, (_, n) => n + 1));
    expect(found.length).toBeLessThanOrEqual(publishers[index]?.acknowledged.length ?? 0);
  }
  // It goes on: with the same devices, tokens and numbers.
  const { status, body } = await second.api('POST', '/api/v1/devices/car-0/token', { overlapSeconds: 0 });
  expect(status).toBe(201);
  const client = await mqtt.connectAsync(second.mqttUrl, {
    clientId: 'car-0',
    username: 'car-0',
    password: body.token,
  });
  await client.publishAsync('devices/car-0/telemetry', '{"metrics":{"n":-1}}', { qos: 1 });
  await client.endAsync(true);
  await eventually('the next reading is stored', 20_000, async () =>
    (await stored(second, 'car-0')).includes(-1) ? true : undefined,
  );
  const audit = await second.api('GET', '/api/v1/audit?action=backup');
  expect(audit.body.items[0]).toMatchObject({ actor: 'restore', action: 'backup.restored' });
});
