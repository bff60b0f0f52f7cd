import { connectAsync, type MqttClient } from 'mqtt';
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
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

describe.skipIf(chromiumPath === null)(`a device's page in the console${chromiumSkipped}`, () => {
  let gateway: GatewayProcess;
  let browser: Browser;
  let console_: ConsolePage;
  let page: Page;
  let token = '';
  let device: MqttClient;

  beforeAll(async () => {
    gateway = await startGateway();
    token = (await gateway.api('POST', '/api/v1/devices', { id: 'pump-1', type: 'car' })).body.token;
    browser = await startChromium();
    console_ = await openConsole(browser, gateway);
    ({ page } = console_);
  });

  afterAll(async () => {
    await device?.endAsync(true);
    await browser?.close();
    await gateway?.stop();
  });

  const see = (text: string) => console_.see(text);

  it('tells whether the device is there, as it comes and goes', async () => {
    await console_.open('/devices');
    await see('Never connected');
    await console_.open('/devices/pump-1');
    await see('Never connected');
    device = await connectAsync(gateway.mqttUrl, {
      username: 'pump-1',
      password: token,
      clientId: 'pump-1',
      reconnectPeriod: 0,
    });
    await see('Online');
    device.on('message', (topic, payload) => {
      if (topic === 'devices/pump-1/config') {
        device.publish('devices/pump-1/config/reported', payload, { qos: 1 });
        return;
      }
      const { id, args } = JSON.parse(payload.toString());
      const reply = { status: 'ok', result: { pumpedSeconds: args.seconds } };
      device.publish(`devices/pump-1/commands/${id}/reply`, JSON.stringify(reply), { qos: 1 });
    });
    await device.subscribeAsync(['devices/pump-1/commands', 'devices/pump-1/config'], { qos: 1 });
  });

  it('sends a command and shows the reply', async () => {
    await see('It was given none.');
    await page.locator('::-p-aria(Name)').fill('pump');
    const args = '::-p-aria(Arguments, as a JSON object)';
    await page.locator(args).fill('{"seconds"');
    await see('Expected');
    await page.locator(args).fill('{"seconds": 3}');
    await page.locator('::-p-aria(Send command)').click();
    await see('Done');
    await see('{"pumpedSeconds":3}');
  });

  it('sets a configuration and shows what the device applied', async () => {
    await see('Nothing is set.');
    await page.locator('::-p-aria([name="Set"][role="button"])').click();
    await page
      .locator('::-p-aria([name="Desired configuration, as a JSON object"][role="textbox"])')
      .fill('{"interval": 30}');
    await page.locator('::-p-aria(Save configuration)').click();
    await see('In sync');
    for (const scheme of ['light', 'dark'] as const) {
      await console_.theme(scheme);
      await screenshot(page, `console-downlink-${scheme}`);
      expect(await axeViolations(page), scheme).toEqual([]);
    }
  });

  it('tells when it has gone, and why', async () => {
    await device.endAsync();
    await see('as it said goodbye');
    expect(console_.errors).toEqual([]);
  });
});
