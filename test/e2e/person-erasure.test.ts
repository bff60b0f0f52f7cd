import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ANN,
  addRules,
  addTracedPerson,
  BOB,
  DEAF_ORIGIN,
  fillTables,
  report,
  type TracedPerson,
  traces,
  wordsOf,
} from '../support/erased-person.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';

const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;

/** A service that is away and gets all telemetry once it is back. */
async function addAbsentListener(gateway: GatewayProcess): Promise<void> {
  const { body } = await gateway.api('POST', '/api/v1/service-accounts', {
    id: 'archive',
    publish: [],
    subscribe: ['devices/#'],
  });
  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'archive',
    username: 'archive',
    password: body.token,
    clean: false,
    reconnectPeriod: 0,
  });
  await client.subscribeAsync('devices/+/telemetry', { qos: 1 });
  await client.endAsync(true);
}

/** Sections that change while somebody reports and offers are tried again. */
const MOVING = ['exportedAt', 'log', 'telemetry', 'presence', 'remembered', 'quality', 'faults', 'packets'];

async function everythingOf(gateway: GatewayProcess, id: string) {
  const { status, body } = await gateway.api('GET', `/api/v1/consumers/${id}/export`);
  expect(status).toBe(200);
  const settled = Object.entries(body).filter(([section]) => !MOVING.includes(section));
  return JSON.parse(JSON.stringify(Object.fromEntries(settled)), (key, value) =>
    key === 'attempts' || key === 'nextAttemptAt' ? undefined : value,
  );
}

async function backtest(gateway: GatewayProcess): Promise<string> {
  const now = Date.now();
  const begun = await gateway.api('POST', '/api/v1/rules/coffee/backtest', {
    from: now - 3_600_000,
    to: now + 60_000,
  });
  const { id } = begun.body;
  await eventually('the backtest is done', 20_000, async () => {
    const { body } = await gateway.api('GET', `/api/v1/backtests/${id}`);
    return body.state === 'done' ? true : undefined;
  });
  return id;
}

describe('erasing a person', () => {
  it('leaves nothing of them in any byte, while others go on', { timeout: 100_000 }, async () => {
    const gateway = await startGateway({
      env: { WAYSIDE_JOURNAL_KEEP: 'PT1H', WAYSIDE_PUSH_HOSTS: DEAF_ORIGIN },
    });
    onTestFinished(() => gateway.stop());
    await addRules(gateway);
    await addAbsentListener(gateway);
    const [ann, bob] = [await addTracedPerson(gateway, ANN), await addTracedPerson(gateway, BOB)];
    onTestFinished(async () => {
      for (const client of [ann.car, ann.phone, bob.car, bob.phone]) await client.endAsync(true);
    });
    const annsKeys = await fillTables(gateway.dataDir, ANN, 7_000_000);
    const bobsKeys = await fillTables(gateway.dataDir, BOB, 8_000_000);
    const trial = await backtest(gateway);
    const [annsWords, bobsWords] = [wordsOf(ANN, annsKeys), wordsOf(BOB, bobsKeys)];
    // The search itself finds what is there.
    const before = await traces(gateway.dataDir, annsWords);
    for (const file of ['wayside.db', 'journal.db', 'sessions.db'])
      expect(before.some((trace) => trace.startsWith(file))).toBe(true);
    const bobsBefore = await everythingOf(gateway, BOB.id);
    let going = true;
    const others = (async () => {
      while (going) await report(bob, BOB, 1);
    })();
    onTestFinished(async () => {
      going = false;
      await others;
    });
    const cutOff = [ann.car, ann.phone].map(
      (client) => new Promise<void>((resolve) => client.once('close', () => resolve())),
    );
    // What is not acknowledged by then never will be.
    report(ann, ANN, 1_000).catch(() => undefined);

    const erased = await gateway.api('DELETE', `/api/v1/consumers/${ANN.id}`);

    expect(erased).toEqual({ status: 200, body: { state: 'erased', waitsFor: [] } });
    await Promise.all(cutOff);
    expect(await traces(gateway.dataDir, annsWords)).toEqual([]);
    going = false;
    await others;
    for (const path of [
      `/api/v1/consumers/${ANN.id}`,
      `/api/v1/consumers/${ANN.id}/export`,
      `/api/v1/devices/${ANN.car}`,
      `/api/v1/telemetry/${ANN.phone}`,
      `/api/v1/backtests/${trial}`,
    ])
      expect([path, (await gateway.api('GET', path)).status]).toEqual([path, 404]);
    for (const list of ['decisions', 'deliveries', 'visits'])
      expect((await gateway.api('GET', `/api/v1/${list}?consumer=${ANN.id}`)).body.items).toEqual([]);
    expect(await everythingOf(gateway, BOB.id)).toEqual(bobsBefore);
    const counts = await gateway.api('GET', '/api/v1/rule-counts');
    expect(JSON.stringify(counts.body)).toContain('coffee');
    expect((await traces(gateway.dataDir, bobsWords)).length).toBeGreaterThan(0);
    await gateway.kill('SIGTERM');
    expect(await traces(gateway.dataDir, annsWords)).toEqual([]);
  });

  it('is finished by the next start, wherever the process ended', { timeout: 150_000 }, async () => {
    const env = { WAYSIDE_PUSH_HOSTS: DEAF_ORIGIN };
    let gateway = await startGateway({ env });
    const { dataDir } = gateway;
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    onTestFinished(() => gateway.kill('SIGKILL'));
    await addRules(gateway);
    for (const [n, afterMs] of [5, 60, 250].entries()) {
      const person = numbered(ANN, n);
      const connected = await addTracedPerson(gateway, person);
      const keys = await fillTables(dataDir, person, (n + 1) * 1_000_000);
      const erasing = gateway.api('DELETE', `/api/v1/consumers/${person.id}`).catch(() => 'killed');
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await gateway.kill('SIGKILL');
      await erasing;
      for (const client of [connected.car, connected.phone]) await client.endAsync(true);
      gateway = await startGateway({ env, dataDir });
      // It may have ended before the erasure was noted: then all of the person is there, and it is asked again.
      const found = await gateway.api('GET', `/api/v1/consumers/${person.id}`);
      if (found.status === 200) {
        expect((await gateway.api('GET', `/api/v1/devices/${person.phone}`)).status).toBe(200);
        const again = await gateway.api('DELETE', `/api/v1/consumers/${person.id}`);
        expect(again).toMatchObject({ status: 200, body: { state: 'erased' } });
      }
      const words = wordsOf(person, keys);
      await eventually(`nothing is left of ${person.id}`, 20_000, async () =>
        (await traces(dataDir, words)).length === 0 ? true : undefined,
      );
    }
  });

  it('is done again where a copy of the data from before is put back', { timeout: 100_000 }, async () => {
    const env = { WAYSIDE_PUSH_HOSTS: DEAF_ORIGIN };
    const gateway = await startGateway({ env });
    onTestFinished(() => gateway.stop());
    const { dataDir } = gateway;
    await addRules(gateway);
    const clients = [await addTracedPerson(gateway, ANN), await addTracedPerson(gateway, BOB)];
    for (const { car, phone } of clients) for (const client of [car, phone]) await client.endAsync(true);
    const keys = await fillTables(dataDir, ANN, 7_000_000);
    await gateway.kill('SIGTERM');
    const copy = await mkdtemp(join(tmpdir(), 'wayside-copy-'));
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await cp(dataDir, copy, { recursive: true });
    const second = await startGateway({ env, dataDir });
    expect(await second.api('DELETE', `/api/v1/consumers/${ANN.id}`)).toMatchObject({ status: 200 });
    // The same id may be another person's from now on.
    await second.api('POST', '/api/v1/consumers', { id: ANN.id });
    await second.kill('SIGTERM');
    const third = await startGateway({ env, dataDir });
    expect((await third.api('GET', `/api/v1/consumers/${ANN.id}`)).status).toBe(200);
    await third.kill('SIGTERM');
    for (const name of ['wayside.db', 'journal.db', 'sessions.db', 'telemetry.duckdb']) {
      for (const suffix of ['', '-wal', '-shm', '.wal'])
        await rm(join(dataDir, name + suffix), { force: true });
      await cp(join(copy, name), join(dataDir, name));
    }
    expect((await traces(dataDir, wordsOf(ANN, keys))).length).toBeGreaterThan(0);

    const restored = await startGateway({ env, dataDir });
    onTestFinished(() => restored.kill('SIGKILL'));

    expect((await restored.api('GET', `/api/v1/consumers/${ANN.id}`)).status).toBe(404);
    expect((await restored.api('GET', `/api/v1/consumers/${BOB.id}`)).status).toBe(200);
    expect((await restored.api('GET', `/api/v1/telemetry/${BOB.car}`)).body.points.length).toBeGreaterThan(0);
    await eventually('nothing is left of her', 20_000, async () =>
      (await traces(dataDir, wordsOf(ANN, keys))).length === 0 ? true : undefined,
    );
  });

  it.skipIf(influxdMissing !== null)(
    `waits for InfluxDB where that is away${SKIPPED}`,
    { timeout: 100_000 },
    async () => {
      const influxd = await createInfluxd();
      onTestFinished(() => influxd.remove());
      await influxd.start();
      const env = { WAYSIDE_PUSH_HOSTS: DEAF_ORIGIN, WAYSIDE_INFLUX_URL: influxd.url };
      const gateway = await startGateway({ env });
      onTestFinished(() => gateway.stop());
      await addRules(gateway);
      const ann = await addTracedPerson(gateway, ANN);
      const bob = await addTracedPerson(gateway, BOB);
      onTestFinished(async () => {
        for (const client of [ann.car, ann.phone, bob.car, bob.phone]) await client.endAsync(true);
      });
      const keys = await fillTables(gateway.dataDir, ANN, 7_000_000);
      const bobs = await fillTables(gateway.dataDir, BOB, 8_000_000);
      await eventually('her readings are stored', 20_000, async () => {
        const { body } = await gateway.api('GET', `/api/v1/telemetry/${ANN.phone}`);
        return body.points?.length === 5 ? true : undefined;
      });
      await influxd.stop('SIGKILL');
      await report(ann, ANN, 3);

      const erased = await gateway.api('DELETE', `/api/v1/consumers/${ANN.id}`);

      expect(erased).toEqual({ status: 202, body: { state: 'pending', waitsFor: ['telemetry'] } });
      // Only what is needed to go on with is left: under which names the store knows her devices.
      expect(await traces(gateway.dataDir, [ANN.mark, ANN.alias, String(ANN.lat), String(ANN.lon)])).toEqual(
        [],
      );
      await influxd.start();
      await eventually('nothing is left of her', 40_000, async () =>
        (await traces(gateway.dataDir, wordsOf(ANN, keys))).length === 0 ? true : undefined,
      );
      const answer = await fetch(`${influxd.url}/query?db=wayside&q=${encodeURIComponent('SHOW SERIES')}`);
      const series = await answer.text();
      for (const key of keys) expect(series).not.toContain(key);
      expect(bobs.some((key) => series.includes(key))).toBe(true);
      const points = await fetch(
        `${influxd.url}/query?db=wayside&q=${encodeURIComponent('SELECT * FROM /.*/')}`,
      );
      const text = await points.text();
      expect(text).toContain(BOB.mark);
      for (const word of [ANN.mark, String(ANN.lat)]) expect(text).not.toContain(word);
    },
  );
});

function numbered(person: TracedPerson, n: number): TracedPerson {
  const { id, mark, car, phone, alias } = person;
  return {
    ...person,
    id: `${id}${n}`,
    mark: `${mark}${n}`,
    car: `${car}${n}`,
    phone: `${phone}${n}`,
    alias: `owntracks/${n}${alias.slice('owntracks/'.length)}`,
    lat: person.lat + n * 1e-7,
  };
}
