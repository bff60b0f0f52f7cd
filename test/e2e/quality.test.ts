import mqtt, { type MqttClient } from 'mqtt';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { type ConsolePage, openConsole } from '../support/console-page.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const WITHIN_MS = 30_000;
const HOUR_MS = 3_600_000;
const CAR = {
  id: 'car',
  name: 'Car adapter',
  mobile: true,
  metrics: {
    fuel: { unit: 'ratio', kind: 'number', min: 0, max: 10 },
    rpm: { unit: '1/min', kind: 'number', min: 0, max: 20_000 },
  },
};

let gateway: GatewayProcess;
let car: MqttClient;
const begun = Date.now();

beforeAll(async () => {
  gateway = await startGateway();
  const { body } = await gateway.api('POST', '/api/v1/devices', { id: 'car-1', type: 'car' });
  car = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: 'car-1',
    username: 'car-1',
    password: body.token,
  });
});
afterAll(async () => {
  await car?.endAsync();
  await gateway?.stop();
});

const send = (payload: unknown) =>
  car.publishAsync(
    'devices/car-1/telemetry',
    typeof payload === 'string' ? payload : JSON.stringify(payload),
    { qos: 1 },
  );
const get = async (path: string) => (await gateway.api('GET', `/api/v1${path}`)).body;
const quarantineOf = (count: number) =>
  eventually(`${count} in quarantine`, WITHIN_MS, async () => {
    const { items } = await get('/quarantine');
    return items.length === count ? items : undefined;
  });

describe('a device that says impossible things', () => {
  it('has all of it counted, and the good of it stored', async () => {
    for (let index = 0; index < 30; index += 1)
      await send({ at: begun - index, metrics: { fuel: 0.5, oilTemperature: 90 } });
    await send({ at: begun, metrics: { fuel: 0.5, oilTemperature: 90 } });
    await send({ at: begun + 2 * HOUR_MS, event: 'ahead' });
    await send({ at: begun - 2 * HOUR_MS, event: 'behind' });
    await send({ at: begun + 1, metrics: { fuel: 7, rpm: 900 } });
    await send({ at: begun + 2, position: { lat: 0, lon: 0 } });
    await send('{"metrics":{"fuel":<script>alert(1)</script>');
    await quarantineOf(2);
    expect(await get('/devices/car-1/quality')).toMatchObject({
      device: 'car-1',
      readings: 35,
      stored: 34,
      clockCorrected: 1,
      clockSkewMs: 2 * HOUR_MS,
      duplicates: 1,
      nullIsland: 1,
      unknownMetrics: { oilTemperature: 30 },
      refused: { bad_metric: 1, bad_json: 1 },
      outOfRange: { fuel: 1 },
    });
    expect((await get('/quality')).items).toMatchObject([{ device: 'car-1', readings: 35 }]);
    const { points } = await get('/telemetry/car-1?limit=1000');
    expect(points).toHaveLength(34);
    expect(points.find(({ position }: { position?: object }) => position !== undefined).flags).toEqual([
      'null_island',
    ]);
  });

  it('shows in the totals for Prometheus', async () => {
    const text = (await gateway.api('GET', '/metrics')).body as string;
    expect(text).toContain('wayside_engine_out_of_range 1');
    expect(text).toContain('wayside_engine_unknown_metrics 30');
    expect(text).toContain('wayside_engine_null_island 1');
  });

  it('is counted once also where the process dies and the device sends anew', async () => {
    const before = await get('/devices/car-1/quality');
    const restarted = gateway;
    const readings = Array.from({ length: 300 }, (_, index) => ({
      at: begun + 10 + index,
      metrics: { rpm: index },
    }));
    const sending = Promise.allSettled(readings.map(send));
    await new Promise((resolve) => setImmediate(resolve));
    await restarted.kill('SIGKILL');
    car.end(true);
    await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 100))]);
    gateway = await startGateway({ dataDir: restarted.dataDir });
    const { body } = await gateway.api('POST', '/api/v1/devices/car-1/token');
    car = await mqtt.connectAsync(gateway.mqttUrl, {
      clientId: 'car-1',
      username: 'car-1',
      password: body.token,
    });
    for (const reading of readings) await send(reading);
    const after = await eventually('all of it stored', WITHIN_MS, async () => {
      const record = await get('/devices/car-1/quality');
      return record.stored - before.stored >= 300 ? record : undefined;
    });
    expect(after.stored - before.stored).toBe(300);
    expect(after.readings - after.duplicates - (before.readings - before.duplicates)).toBe(300);
    const { points } = await get('/telemetry/car-1?metric=rpm&limit=1000');
    expect(points).toHaveLength(301);
  });
});

describe.skipIf(chromiumPath === null)(`quality and quarantine in the console${chromiumSkipped}`, () => {
  let browser: Browser;
  let console_: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    browser = await startChromium();
    console_ = await openConsole(browser, gateway);
    ({ page } = console_);
  });
  afterAll(() => browser?.close());

  const see = (text: string) => console_.see(text);
  const inTheme = async (scheme: 'light' | 'dark', name: string) => {
    await console_.theme(scheme);
    await screenshot(page, `${name}-${scheme}`);
    expect(await axeViolations(page), `${name}, ${scheme}`).toEqual([]);
  };

  it('a device page tells what was noticed about its readings', async () => {
    await console_.open('/devices');
    await see('Issues in 7 days');
    await page.locator('::-p-aria([name="car-1"][role="link"])').click();
    for (const text of [
      'Quality of its readings',
      'Impossible values',
      'typically 2 h ahead',
      'oilTemperature',
    ])
      await see(text);
    for (const scheme of ['light', 'dark'] as const) await inTheme(scheme, 'console-device');
  });

  it('leads to what was refused, and shows a payload as text and as bytes', async () => {
    await page.locator('::-p-text(What was refused, in quarantine)').click();
    await see('Not JSON');
    await page.locator('::-p-text(Show the payload)').click();
    await see('bytes');
    await page.locator('::-p-text(Hex)').click();
    await see('000000  7b 22 6d 65');
    for (const scheme of ['light', 'dark'] as const) await inTheme(scheme, 'console-quarantine');
  });

  it('says that another try failed, and takes it once the device type is corrected', async () => {
    const again = '::-p-aria(Try again: car-1, metrics.fuel must be at most 1 ratio, found 7)';
    await page.locator(again).click();
    await see('Refused again');
    expect((await gateway.api('PUT', '/api/v1/device-types/car', CAR)).status).toBeLessThan(300);
    await page.locator(again).click();
    await see('Taken');
    await screenshot(page, 'console-quarantine-taken');
    const { points } = await eventually('the reading in the store', WITHIN_MS, async () => {
      const found = await get(`/telemetry/car-1?metric=fuel&from=${begun + 1}&limit=10`);
      return found.points.length > 0 ? found : undefined;
    });
    expect(points).toEqual([{ at: begun + 1, value: 7 }]);
    const [left] = await quarantineOf(1);
    expect(left.code).toBe('bad_json');
    const audit = (await get('/audit?limit=1000')).items.filter(
      ({ action }: { action: string }) => action === 'quarantine.retried',
    );
    expect(audit.map(({ detail }: { detail: { outcome: string } }) => detail.outcome)).toEqual([
      'taken',
      'refused',
    ]);
  });

  it('tries everything that matches, and says what came of it', async () => {
    await console_.open('/quarantine');
    await see('Not JSON');
    await page.locator('::-p-text(Try all again)').click();
    await see('0 taken, 1 refused again');
    for (const scheme of ['light', 'dark'] as const) await inTheme(scheme, 'console-quarantine-all');
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
