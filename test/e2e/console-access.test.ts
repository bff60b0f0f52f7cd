import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, chromiumPath, chromiumSkipped, hasText, startChromium } from '../support/chromium.ts';
import { type ConsolePage, openConsole } from '../support/console-page.ts';
import { invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';

describe.skipIf(chromiumPath === null)(`who may log in, on the pages, in Chromium${chromiumSkipped}`, () => {
  let gateway: GatewayProcess;
  let browser: Browser;
  let console_: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    gateway = await startGateway();
    browser = await startChromium();
    console_ = await openConsole(browser, gateway);
    ({ page } = console_);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const see = (text: string) => console_.see(text);
  const open = async (path: string, text: string) => {
    await console_.open(path);
    await console_.see(text);
  };
  const secret = () => page.$eval('.secret code', (node) => node.textContent ?? '');

  it('registers a device and shows its token once', async () => {
    await open('/devices', 'Register a device');
    await page.locator('::-p-text(Register a device)').click();
    await page.locator('::-p-aria(Device id)').fill('fridge-7');
    await page.select('details[open] select', 'fridge');
    await page.locator('::-p-aria([name="Register"][role="button"])').click();
    await see('Token of fridge-7');
    expect(await secret()).toMatch(/^[\w-]{43}$/);
    expect(await axeViolations(page)).toEqual([]);
    expect((await gateway.api('GET', '/api/v1/devices/fridge-7')).body.type).toBe('fridge');
    await page.reload();
    await see('fridge-7');
    expect(await hasText(page, 'Token of')).toBe(false);
  });

  it('registers many from CSV, and tells what was refused', async () => {
    const file = join(gateway.dataDir, 'devices.csv');
    await writeFile(file, 'id,type\nbulk-1,car\nbulk-2,cra\nfridge-7,fridge\n');
    await open('/devices', 'Register many from CSV');
    await page.locator('::-p-text(Register many from CSV)').click();
    const input = await page.waitForSelector('input[type=file]');
    await (input as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(file);
    await page.locator('::-p-aria([name="Register all"][role="button"])').click();
    await see('1 registered, 2 refused.');
    await see('Did you mean "car"?');
    expect(await axeViolations(page)).toEqual([]);
    expect((await gateway.api('GET', '/api/v1/devices/bulk-1')).status).toBe(200);
  });

  it('renews and revokes a token', async () => {
    await open('/devices/bulk-1', 'It logs in with its id and its token');
    await page.locator('::-p-aria([name="New token"][role="button"])').click();
    await see('New token of bulk-1');
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('::-p-aria([name="Revoke"][role="button"])').click();
    await page.locator('::-p-aria([name="Revoke it, and disconnect it now"][role="button"])').click();
    await see('it may not log in until it gets a new token');
  });

  it('makes service accounts and fleet keys, and says what is wrong with a filter', async () => {
    await open('/access', 'There is no service account');
    await page.locator('::-p-text(Make a service account)').click();
    await page.locator('::-p-aria(User name)').fill('node-red');
    await page.locator('::-p-aria(May subscribe to)').fill('devices/#/x');
    await page.locator('::-p-aria([name="Make it"][role="button"])').click();
    await see('is no topic filter');
    await page.locator('::-p-aria(May subscribe to)').fill('devices/+/telemetry');
    await page.locator('::-p-aria([name="Make it"][role="button"])').click();
    await see('Token of node-red');
    expect(await axeViolations(page)).toEqual([]);

    await open('/access', 'There is no fleet key');
    await page.locator('::-p-text(Make a fleet key)').click();
    await page.locator('::-p-aria(Name of the key)').fill('vans');
    await page.locator('::-p-aria(Ids begin with)').fill('van-');
    await page.locator('::-p-aria([name="Make it"][role="button"])').click();
    await see('Fleet key vans');
    const provisioned = await gateway.api('POST', '/api/v1/provision', { id: 'van-1', key: await secret() });
    expect(provisioned.status).toBe(201);
    await open('/access', '1 of 100');
    await page.locator('::-p-aria([name="Remove vans"][role="button"])').click();
    await page.locator('::-p-aria([name="Remove vans for good"][role="button"])').click();
    await see('There is no fleet key');
  });

  it('lets a consumer claim a device with its code, and give it up', async () => {
    await gateway.api('POST', '/api/v1/consumers', { id: 'anna' });
    await open('/devices/fridge-7', 'Code to claim it');
    await page.locator('::-p-aria([name="Code to claim it"][role="button"])').click();
    await see('Code to claim fridge-7');
    const code = await secret();
    const phone = await openConsumerApp(browser, gateway);
    await phone.open(await invitationTo(gateway, 'anna'));
    await phone.click('Link a device, such as your car', 'link');
    await phone.see('Your devices');
    await phone.fill('Code of a device', 'WRNG-CODE');
    await phone.click('Link it', 'button');
    await phone.see('This code is not valid');
    await phone.fill('Code of a device', code.toLowerCase());
    await phone.click('Link it', 'button');
    await phone.see('fridge-7 is linked to you now');
    expect(await axeViolations(phone.page)).toEqual([]);
    expect((await gateway.api('GET', '/api/v1/devices/fridge-7')).body.consumerId).toBe('anna');
    await phone.click('Unlink fridge-7', 'button');
    await phone.click('Unlink it', 'button');
    await phone.see('No device is linked to you');
    await phone.context.close();
  });

  it('raised no error in the page', () => {
    expect(console_.errors).toEqual([]);
  });
});
