import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import booleanPointInPolygon from '@turf/boolean-point-in-polygon';
import type { Polygon } from 'geojson';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 2, 1, 12);
/** Written nowhere else, so that it can be looked for in files. */
const LAT = 45.464_217_5;
const LON = 9.190_312_5;
const WORD = 'Tarnkappe';

/** What a file holds of a number that DuckDB keeps as a double. */
function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

async function filesWith(dir: string, word: Buffer | string): Promise<string[]> {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isFile());
  const found = await Promise.all(
    names.map(async ({ name }) => ((await readFile(join(dir, name))).includes(word) ? [name] : [])),
  );
  return found.flat();
}

const at = (day: number) => ({ WAYSIDE_TIME_START: new Date(START + day * DAY_MS).toISOString() });

async function devices(gateway: GatewayProcess, count: number): Promise<readonly mqtt.MqttClient[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const id = `car-${index}`;
      const { body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
      const client = await mqtt.connectAsync(gateway.mqttUrl, {
        clientId: id,
        username: id,
        password: body.token,
      });
      onTestFinished(() => client.endAsync(true));
      return client;
    }),
  );
}

async function points(
  gateway: GatewayProcess,
  id: string,
  count: number,
): Promise<readonly { position?: object; metrics?: object }[]> {
  return eventually(`${id} has ${count} readings`, 30_000, async () => {
    const { status, body } = await gateway.api('GET', `/api/v1/telemetry/${id}?limit=1000`);
    return status === 200 && body.points.length === count ? body.points : undefined;
  });
}

/** Cells of a day, once it is counted: after a start that takes a moment. */
async function cells(
  gateway: GatewayProcess,
  day: number,
): Promise<{ features: { properties: object; geometry: Polygon }[] }> {
  const time = START + day * DAY_MS;
  return eventually(`day ${day} is counted`, 30_000, async () => {
    const { status, body } = await gateway.api('GET', `/api/v1/analytics/cells?from=${time}&to=${time + 1}`);
    expect(status).toBe(200);
    return body.features.length > 0 ? body : undefined;
  });
}

/** A day with five cars in one place and one elsewhere, and what is known of it at the end of the days for which positions are kept. */
async function liveThrough(
  env: Readonly<Record<string, string>>,
  look: (gateway: GatewayProcess, isOld: boolean) => Promise<void>,
): Promise<void> {
  const first = await startGateway({ env: { ...env, ...at(0) } });
  onTestFinished(() => first.stop());
  const cars = await devices(first, 6);
  for (const [index, car] of cars.entries()) {
    const lat = index === 5 ? LAT + 1 : LAT;
    for (const reading of [
      { position: { lat, lon: LON } },
      { position: { lat, lon: LON }, metrics: { fuel: index / 10 } },
    ])
      await car.publishAsync(`devices/car-${index}/telemetry`, JSON.stringify(reading), { qos: 1 });
  }
  await cars[0]?.publishAsync('devices/car-0/telemetry', `{"metrics": ${WORD}`, { qos: 1 });
  for (const index of cars.keys()) await points(first, `car-${index}`, 2);
  // Today is counted when somebody asks.
  const { features } = await cells(first, 0);
  expect(features.map(({ properties }) => properties)).toEqual([
    { cell: expect.stringMatching(/^88[0-9a-f]{13}$/), devices: 5, readings: 10, days: 1 },
  ]);
  expect(features.map(({ geometry }) => booleanPointInPolygon([LON, LAT], geometry))).toEqual([true]);
  await look(first, false);
  await first.kill('SIGTERM');

  const later = await startGateway({ env: { ...env, ...at(29) }, dataDir: first.dataDir });
  expect(await points(later, 'car-0', 2)).toMatchObject([
    { position: { lat: LAT } },
    { position: { lat: LAT } },
  ]);
  expect((await cells(later, 0)).features).toHaveLength(1);
  await later.kill('SIGTERM');

  const old = await startGateway({ env: { ...env, ...at(32) }, dataDir: first.dataDir });
  onTestFinished(() => old.stop());
  expect(await points(old, 'car-0', 1)).toEqual([
    { at: expect.any(Number), metrics: { fuel: 0 }, flags: [] },
  ]);
  const [cell, ...others] = (await cells(old, 0)).features;
  expect(others).toEqual([]);
  expect(cell?.properties).toMatchObject({ devices: 5, readings: 10 });
  await eventually('the quarantine is empty', 30_000, async () => {
    const { body } = await old.api('GET', '/api/v1/quarantine');
    return body.items.length === 0 ? true : undefined;
  });
  // The journal overwrites what it forgot a moment after a start, and the cell is larger than anybody's street.
  await eventually('no file has the message', 40_000, async () =>
    (await filesWith(first.dataDir, WORD)).length === 0 ? true : undefined,
  );
  await look(old, true);
  await old.kill('SIGTERM');
  expect(await filesWith(first.dataDir, WORD)).toEqual([]);
}

describe('positions', () => {
  it('are cleared after 30 days of domain time, from the files too; metrics and the coarse grid stay', async () => {
    await liveThrough({}, async (gateway, isOld) => {
      if (!isOld) return;
      await gateway.kill('SIGTERM');
      const telemetry = await readFile(join(gateway.dataDir, 'telemetry.duckdb'));
      expect([telemetry.includes(bytesOf(LAT)), telemetry.includes(bytesOf(LON))]).toEqual([false, false]);
      expect(telemetry.includes('fuel')).toBe(true);
    });
  });

  it.skipIf(influxdMissing !== null)(
    `are cleared from InfluxDB 1.x alike${influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`}`,
    async () => {
      const influxd = await createInfluxd();
      onTestFinished(() => influxd.remove());
      await influxd.start();
      const ask = async (statement: string) => {
        const answer = await fetch(`${influxd.url}/query?db=wayside&q=${encodeURIComponent(statement)}`);
        const body = (await answer.json()) as { results: { series?: { values: unknown[][] }[] }[] };
        return body.results[0]?.series?.[0]?.values ?? [];
      };
      await liveThrough({ WAYSIDE_INFLUX_URL: influxd.url }, async (_, isOld) => {
        expect(await ask('SELECT * FROM "positions"')).toHaveLength(isOld ? 0 : 12);
        expect(await ask('SELECT * FROM "readings"')).toHaveLength(6);
      });
    },
  );
});
