import { once } from 'node:events';
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
  traces,
  wordsOf,
} from '../support/erased-person.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

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
    const cutOff = [ann.car, ann.phone].map((client) => once(client, 'close'));
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
});
