import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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
  // Nothing there tells what happened since.
  expect(restored).toMatchObject({
    code: 0,
    err: expect.stringMatching(
      /^warning: .*erased since.*--erasures-from.*\nwarning: .*withdrawn since.*\n$/,
    ),
  });
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
  expect(audit).toMatchObject({ status: 200 });
  expect(audit.body.items[0]).toMatchObject({ actor: 'restore', action: 'backup.restored' });
});

/** Words that no other part writes, so that they can be looked for in files. */
const PERSON = 'zaubermantel-person';
const DEVICE = 'zaubermantel-phone';
const WORD = 'Zaubermantelwort';
const BOBS_CONSENT = '/api/v1/consumers/bob/consents/location_offers';
const LAT = 45.464_217_5;

/** Names of the files of a folder, and of folders in it, that hold any of the person's words or where they were. */
async function filesOfPerson(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const position = Buffer.alloc(8);
  position.writeDoubleLE(LAT);
  const found = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const bytes = await readFile(join(entry.parentPath, entry.name));
      const holds = [PERSON, DEVICE, WORD, String(LAT), position].some((word) => bytes.includes(word));
      return holds ? [entry.name] : [];
    });
  return (await Promise.all(found)).flat();
}

it('who was erased after a backup is erased again by a start on it, before anybody is served', async () => {
  const gateway = await startGateway();
  onTestFinished(() => gateway.stop());
  const place = await folder();
  const backup = join(place, 'backup');
  await gateway.api('POST', '/api/v1/consumers', { id: PERSON, attributes: { note: WORD } });
  await gateway.api('PUT', `/api/v1/consumers/${PERSON}/consents/location_offers`, {
    granted: true,
    source: 'test',
  });
  const { body } = await gateway.api('POST', '/api/v1/devices', {
    id: DEVICE,
    type: 'phone',
    consumerId: PERSON,
  });
  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: DEVICE,
    username: DEVICE,
    password: body.token,
    reconnectPeriod: 0,
  });
  onTestFinished(() => client.endAsync(true));
  for (let n = 0; n < 20; n += 1)
    await client.publishAsync(
      `devices/${DEVICE}/telemetry`,
      JSON.stringify({ position: { lat: LAT, lon: 9 }, metrics: { n, word: WORD } }),
      { qos: 1 },
    );
  await eventually('they are stored', 20_000, async () =>
    (await stored(gateway, DEVICE)).length === 20 ? true : undefined,
  );
  await gateway.api('POST', '/api/v1/consumers', { id: 'bob' });
  await gateway.api('PUT', BOBS_CONSENT, { granted: true, source: 'test' });
  const env = { WAYSIDE_ADMIN_TOKEN: gateway.adminToken };
  const made = await runDataCommand(
    'backup',
    [backup, '--data-dir', gateway.dataDir, '--url', gateway.httpUrl],
    env,
  );
  expect(made.code).toBe(0);
  // Else nothing is proven.
  expect(await filesOfPerson(backup)).toEqual(expect.arrayContaining(['wayside.db', 'telemetry.duckdb']));
  const again = await runDataCommand('backup', [backup, '--url', gateway.httpUrl], env);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('backup_exists') });
  const unasked = await runDataCommand('backup', [join(place, 'none'), '--url', gateway.httpUrl, '--json']);
  expect(JSON.parse(unasked.out)).toMatchObject({ error: { code: 'not_signed_in' } });

  expect((await gateway.api('DELETE', `/api/v1/consumers/${PERSON}`)).status).toBe(200);
  await gateway.api('PUT', BOBS_CONSENT, { granted: false, source: 'changed his mind' });
  const running = await runDataCommand('restore', [backup, '--data-dir', gateway.dataDir, '--replace']);
  expect(running).toMatchObject({ code: 1, err: expect.stringContaining('data_dir_in_use') });
  await gateway.kill('SIGTERM');
  const other = join(place, 'other');
  for (const args of [
    ['--data-dir', other, '--erasures-from', gateway.dataDir],
    ['--data-dir', gateway.dataDir, '--replace'],
  ]) {
    const restored = await runDataCommand('restore', [backup, ...args, '--json']);
    expect(restored).toMatchObject({ code: 0, err: '' });
    const { erasures, erasuresSince, withdrawn } = JSON.parse(restored.out);
    expect(erasures).toBeGreaterThanOrEqual(2);
    expect(erasuresSince).toBe(erasures);
    expect(withdrawn).toBeGreaterThanOrEqual(1);
  }
  expect(await filesOfPerson(other)).not.toEqual([]);

  for (const dataDir of [other, gateway.dataDir]) {
    const started = await startGateway({ dataDir });
    onTestFinished(() => started.stop());
    // From the first moment on.
    expect((await started.api('GET', `/api/v1/consumers/${PERSON}`)).status).toBe(404);
    expect((await started.api('GET', `/api/v1/devices/${DEVICE}`)).status).toBe(404);
    expect((await started.api('GET', `/api/v1/telemetry/${DEVICE}`)).status).toBe(404);
    expect((await started.api('GET', '/api/v1/decisions')).body.items).toEqual([]);
    expect((await started.api('GET', '/api/v1/consumers/bob/consents')).body).toMatchObject({
      items: [
        { purpose: 'location_offers', granted: false, source: 'restore' },
        { purpose: 'location_offers', granted: true },
      ],
    });
    await eventually('nothing of the person is in any file', 30_000, async () =>
      (await filesOfPerson(dataDir)).length === 0 ? true : undefined,
    );
    await started.kill('SIGTERM');
    expect(await filesOfPerson(dataDir)).toEqual([]);
  }
});

it('a gateway that is stopped is backed up by itself', async () => {
  const gateway = await startGateway();
  onTestFinished(() => gateway.stop());
  await gateway.api('POST', '/api/v1/consumers', { id: 'ann' });
  await gateway.kill('SIGKILL');
  const place = await folder();
  const made = await runDataCommand('backup', ['backup', '--data-dir', gateway.dataDir], { INIT_CWD: place });
  expect(made).toMatchObject({ code: 0, err: '', out: expect.stringContaining(join(place, 'backup')) });
  const dataDir = join(place, 'restored');
  expect(
    await runDataCommand('restore', ['backup', '--data-dir', dataDir], { INIT_CWD: place }),
  ).toMatchObject({ code: 0 });
  // What a crash leaves of a backup that was being made.
  const draft = join(dataDir, 'backups', '2026-11-22T07-20-31-412Z.0123456789ab.partial');
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'wayside.db'), 'of everybody');
  const second = await startGateway({ dataDir });
  onTestFinished(() => second.stop());
  expect(await readdir(join(dataDir, 'backups'))).toEqual([]);
  expect((await second.api('GET', '/api/v1/consumers/ann')).status).toBe(200);
  const nothing = await runDataCommand('backup', [join(place, 'other'), '--data-dir', place]);
  expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining('no gateway') });
  for (const command of ['backup', 'restore'] as const)
    expect(await runDataCommand(command, ['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Examples:'),
    });
});
