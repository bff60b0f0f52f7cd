import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';

const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;
/** Words that no other part writes, so that they can be looked for in files. */
const SECRET = 'Zaubermantel';
const BROKEN = 'Tarnkappe';

async function connect(gateway: GatewayProcess, id: string, token: string): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: id,
    username: id,
    password: token,
    reconnectPeriod: 0,
  });
  onTestFinished(() => client.endAsync(true));
  return client;
}

const register = async (gateway: GatewayProcess, id: string, more: object = {}): Promise<string> => {
  const { status, body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car', ...more });
  expect(status).toBe(201);
  return body.token;
};

const say = (client: mqtt.MqttClient, id: string, reading: unknown) =>
  client.publishAsync(
    `devices/${id}/telemetry`,
    typeof reading === 'string' ? reading : JSON.stringify(reading),
    {
      qos: 1,
    },
  );

async function stored(gateway: GatewayProcess, id: string, count: number): Promise<readonly object[]> {
  return eventually(`${count} readings of ${id} are stored`, 20_000, async () => {
    const { status, body } = await gateway.api('GET', `/api/v1/telemetry/${id}?limit=10000`);
    return status === 200 && body.points.length >= count ? body.points : undefined;
  });
}

/** The files that hold a word; the journal is left out, which keeps what all have for a while. */
async function filesWith(dir: string, word: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => /^(telemetry|wayside)\./.test(name));
  expect(names).toContain('telemetry.duckdb');
  expect(names).toContain('wayside.db');
  const found = await Promise.all(
    names.map(async (name) => ((await readFile(join(dir, name))).includes(word) ? [name] : [])),
  );
  return found.flat();
}

describe('erasing a device', () => {
  it('leaves nothing of it but its id in the audit log and the history of offers', async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.stop());
    await gateway.api('POST', '/api/v1/consumers', { id: 'ann' });
    const [token, otherToken] = [
      await register(gateway, 'van', { consumerId: 'ann' }),
      await register(gateway, 'bike', { consumerId: 'ann' }),
    ];
    const van = await connect(gateway, 'van', token);
    const bike = await connect(gateway, 'bike', otherToken);
    const closed = new Promise<void>((resolve) => van.once('close', () => resolve()));
    for (let n = 0; n < 20; n += 1) {
      await say(van, 'van', {
        position: { lat: 45.4642, lon: 9.19 },
        metrics: { n, word: SECRET },
        event: `${SECRET}-event`,
      });
    }
    await say(van, 'van', `{"metrics": ${BROKEN}`);
    await say(bike, 'bike', { metrics: { n: 1 } });
    await stored(gateway, 'van', 20);
    await stored(gateway, 'bike', 1);
    const quarantined = await gateway.api('GET', '/api/v1/quarantine?device=van');
    expect(quarantined.body.items).toHaveLength(1);

    expect(await gateway.api('DELETE', '/api/v1/devices/van')).toMatchObject({ status: 204 });

    await closed;
    expect((await gateway.api('GET', '/api/v1/devices/van')).status).toBe(404);
    expect((await gateway.api('GET', '/api/v1/telemetry/van')).status).toBe(404);
    expect((await gateway.api('DELETE', '/api/v1/devices/van')).status).toBe(404);
    await expect(connect(gateway, 'van', token)).rejects.toThrow(/Not authorized/);
    const quarantine = await gateway.api('GET', '/api/v1/quarantine?device=van');
    expect(quarantine.body.items).toEqual([]);
    expect(await stored(gateway, 'bike', 1)).toHaveLength(1);
    const audit = await readFile(join(gateway.dataDir, 'wayside.db'));
    expect(audit.length).toBeGreaterThan(0);
    await gateway.kill('SIGTERM');
    expect(await filesWith(gateway.dataDir, SECRET)).toEqual([]);
    expect(await filesWith(gateway.dataDir, BROKEN)).toEqual([]);
  });

  it('shares one rewrite among many, beside readings that come in', async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.stop());
    const ids = Array.from({ length: 10 }, (_, index) => `car-${index}`);
    const tokens = await Promise.all(ids.map((id) => register(gateway, id)));
    const stays = await connect(gateway, 'stays', await register(gateway, 'stays'));
    for (const [index, id] of ids.entries()) {
      const client = await connect(gateway, id, tokens[index] ?? '');
      await say(client, id, { metrics: { word: SECRET } });
    }
    await Promise.all(ids.map((id) => stored(gateway, id, 1)));
    let sent = 0;
    let erasing = true;
    const sending = (async () => {
      while (erasing || sent < 100) await say(stays, 'stays', { metrics: { n: sent++ } });
    })();
    const answers = await Promise.all(ids.map((id) => gateway.api('DELETE', `/api/v1/devices/${id}`)));
    erasing = false;
    await sending;
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 204));
    const rewrites = gateway.logLines.filter((line) =>
      line.includes('telemetry of removed devices is erased'),
    );
    expect(rewrites.length).toBeLessThanOrEqual(3);
    expect(await stored(gateway, 'stays', sent)).toHaveLength(sent);
    await gateway.kill('SIGTERM');
    expect(await filesWith(gateway.dataDir, SECRET)).toEqual([]);
  });

  it.skipIf(influxdMissing !== null)(
    `is done when InfluxDB is back, and what was unsent does not come to life under the same id${SKIPPED}`,
    async () => {
      const influxd = await createInfluxd();
      onTestFinished(() => influxd.remove());
      await influxd.start();
      const env = { WAYSIDE_INFLUX_URL: influxd.url };
      const gateway = await startGateway({ env });
      onTestFinished(() => gateway.stop());
      const van = await connect(gateway, 'van', await register(gateway, 'van'));
      await say(van, 'van', { metrics: { n: 1 } });
      await stored(gateway, 'van', 1);
      await influxd.stop('SIGKILL');
      for (let n = 2; n <= 200; n += 1) await say(van, 'van', { metrics: { n } });
      expect(await gateway.api('DELETE', '/api/v1/devices/van')).toMatchObject({
        status: 202,
        body: { state: 'erasing' },
      });
      const again = await connect(gateway, 'van', await register(gateway, 'van'));
      await say(again, 'van', { metrics: { n: -1 } });
      // Over a restart too: with the data directory, what is to be erased is known.
      await gateway.kill('SIGKILL');
      await influxd.start();
      const restarted = await startGateway({ env, dataDir: gateway.dataDir });
      onTestFinished(() => restarted.stop());
      const points = await stored(restarted, 'van', 1);
      expect(points).toMatchObject([{ metrics: { n: -1 } }]);
      const series = async () => {
        const answer = await fetch(`${influxd.url}/query?db=wayside&q=${encodeURIComponent('SHOW SERIES')}`);
        const body = (await answer.json()) as { results: { series?: { values: string[][] }[] }[] };
        return body.results[0]?.series?.[0]?.values ?? [];
      };
      await eventually('one series is left', 20_000, async () =>
        (await series()).length === 1 ? true : undefined,
      );
    },
  );
});

describe('retention', () => {
  it('lets readings go that are older than their device type keeps them', async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.stop());
    const { body: car } = await gateway.api('GET', '/api/v1/device-types/car');
    const saved = await gateway.api('PUT', '/api/v1/device-types/car', { ...car, retentionDays: 7 });
    expect(saved).toMatchObject({ status: 200, body: { retentionDays: 7 } });
    const bad = await gateway.api('PUT', '/api/v1/device-types/car', { ...car, retentionDays: 0.5 });
    expect(bad).toMatchObject({
      status: 422,
      body: { problems: [{ path: expect.stringContaining('retentionDays') }] },
    });
    const van = await connect(gateway, 'van', await register(gateway, 'van'));
    const phoneToken = await register(gateway, 'phone', { type: 'phone' });
    const phone = await connect(gateway, 'phone', phoneToken);
    for (const [id, client] of [
      ['van', van],
      ['phone', phone],
    ] as const) {
      for (const days of [30, 8, 6, 0]) {
        await say(client, id, {
          at: Date.now() - days * 86_400_000,
          metrics: { days, word: `${SECRET}-${id}` },
        });
      }
      await stored(gateway, id, 4);
    }
    // Once a day, when a type is changed, and at a start.
    await gateway.kill('SIGKILL');
    const next = await startGateway({ dataDir: gateway.dataDir });
    onTestFinished(() => next.stop());
    const kept = await eventually('the old ones are gone', 20_000, async () => {
      const { body } = await next.api('GET', '/api/v1/telemetry/van?metric=days');
      return body.points?.length === 2 ? body.points : undefined;
    });
    expect(kept).toMatchObject([{ value: 6 }, { value: 0 }]);
    const { body } = await next.api('GET', '/api/v1/telemetry/phone?metric=days');
    expect(body.points).toHaveLength(4);
  });
});
