import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  hasText,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { appUrl, type ConsumerPage, invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';

const WITHIN_MS = 30_000;

/** Text of a mail's body, as quoted-printable or plain (RFC 2045 §6.7). */
function plain(body: string): string {
  return body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

describe.skipIf(chromiumPath === null)(
  `a device's code of who is signed out, in Chromium${chromiumSkipped}`,
  () => {
    let smtp: TestSmtp;
    let gateway: GatewayProcess;
    let browser: Browser;
    const codes: string[] = [];
    beforeAll(async () => {
      smtp = await startSmtp();
      gateway = await startGateway({
        env: { WAYSIDE_SMTP_URL: smtp.url, WAYSIDE_MAIL_FROM: 'offers@example.com' },
      });
      for (const id of ['ada', 'bob'])
        await gateway.must('POST', '/api/v1/consumers', { id, email: `${id}@example.com` });
      browser = await startChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await gateway?.stop();
      await smtp?.stop();
    });

    /** A new device, and the code on its label. */
    const deviceWithCode = async (id: string): Promise<string> => {
      await gateway.must('POST', '/api/v1/devices', { id, type: 'fridge' });
      const { code } = await gateway.must('POST', `/api/v1/devices/${id}/claim-code`);
      codes.push(code);
      return code;
    };
    const ownerOf = async (id: string) => (await gateway.api('GET', `/api/v1/devices/${id}`)).body.consumerId;
    /** Asks for a link on a page that is signed out, and gives what comes. */
    const linkFor = async (page: ConsumerPage, name: string): Promise<string> => {
      const before = smtp.received.length;
      await page.fill('E-mail address', `${name}@example.com`);
      await page.click('Send me a link', 'button');
      const mail = await eventually('the e-mail', WITHIN_MS, async () => smtp.received[before]);
      expect(mail.to).toEqual([`${name}@example.com`]);
      return /http:\/\/\S+/.exec(plain(readMail(mail.raw).body))?.[0] ?? '';
    };
    const newPerson = () => openConsumerApp(browser, gateway);
    const textOf = ({ page }: ConsumerPage, selector: string) =>
      page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);

    it.each(['light', 'dark'] as const)('is said to wait until they are in, %s', async (scheme) => {
      const code = await deviceWithCode(`fridge-${scheme}`);
      const app = await newPerson();
      await app.open(`#claim=${code}`);
      await app.theme(scheme);
      await app.see('You opened a link with the code of a device');
      await app.see(code);
      await app.see('Send me a link');
      expect(app.page.url()).toBe(`${appUrl(gateway)}/me`);
      await screenshot(app.page, `me-claim-sign-in-${scheme}`);
      expect(await axeViolations(app.page)).toEqual([]);
      await app.context.close();
    });

    it('is still there where the link of the e-mail opens in another browser, and links once the person says so', async () => {
      const code = await deviceWithCode('fridge-1');
      const scanned = await newPerson();
      await scanned.open(`#claim=${code}`);
      await scanned.see('You opened a link with the code of a device');
      const link = await linkFor(scanned, 'ada');
      // Only behind the #: what stands there is sent to nobody.
      expect(new URL(link).search).toBe('');
      expect(new URL(link).pathname).toBe('/me');
      const mailApp = await newPerson();
      await mailApp.page.goto(link);
      await mailApp.see('Link this device?');
      await mailApp.see(code);
      await mailApp.see('only if this code stands on your device');
      expect(await textOf(mailApp, '.ask')).toContain('The device will be linked to ada@example.com');
      expect(mailApp.page.url()).toBe(`${appUrl(gateway)}/me/settings`);
      await screenshot(mailApp.page, 'me-claim-ask');
      expect(await ownerOf('fridge-1')).toBeNull();
      expect(await axeViolations(mailApp.page)).toEqual([]);
      await mailApp.click('Link the device', 'button');
      await mailApp.see('fridge-1 is linked to you now');
      expect(await ownerOf('fridge-1')).toBe('ada');
      await mailApp.open('/');
      await mailApp.page.waitForSelector('nav');
      expect(mailApp.page.url()).toBe(`${appUrl(gateway)}/me`);
      expect([...scanned.errors, ...mailApp.errors]).toEqual([]);
      await scanned.context.close();
      await mailApp.context.close();
    });

    it('is still there in another tab, whichever way they get in, and decided for all tabs at once', async () => {
      const code = await deviceWithCode('fridge-2');
      const app = await newPerson();
      await app.open(`#claim=${code}`);
      await app.see('You opened a link with the code of a device');
      const other = await app.context.newPage();
      await other.goto(`${appUrl(gateway)}/me${(await invitationTo(gateway, 'bob')).slice(1)}`);
      const saw = (text: string) =>
        eventually(`"${text}" in the other tab`, WITHIN_MS, async () =>
          (await hasText(other, text)) ? true : undefined,
        );
      await saw('Link this device?');
      await app.open('/');
      await app.see('Link this device?');
      await other.locator('::-p-aria([name="Not now"][role="button"])').click();
      await eventually('no question in the first tab', WITHIN_MS, async () =>
        (await hasText(app.page, 'Link this device?')) ? undefined : true,
      );
      expect(await ownerOf('fridge-2')).toBeNull();
      await app.context.close();
    });

    it('is done with once it is linked, also where they went to another page meanwhile', async () => {
      await gateway.must('POST', '/api/v1/consumers', { id: 'cleo' });
      const code = await deviceWithCode('fridge-4');
      const app = await newPerson();
      await app.page.setBypassServiceWorker(true);
      await app.page.setRequestInterception(true);
      const held: (() => void)[] = [];
      app.page.on('request', (request) => {
        const isLinking = request.method() === 'POST' && request.url().endsWith('/api/v1/me/devices');
        if (isLinking) held.push(() => void request.continue());
        else void request.continue();
      });
      await app.open(await invitationTo(gateway, 'cleo'));
      await app.page.waitForSelector('nav');
      await app.open(`#claim=${code}`);
      await app.see('Link this device?');
      expect(await textOf(app, '.ask')).toContain('The device will be linked to cleo');
      await app.click('Link the device', 'button');
      await eventually('the request', WITHIN_MS, async () => held[0]);
      await app.click('Offers', 'link');
      await eventually('another page', WITHIN_MS, async () =>
        (await hasText(app.page, 'Link this device?')) ? undefined : true,
      );
      for (const go of held) go();
      await eventually('the code forgotten', WITHIN_MS, async () =>
        (await app.page.evaluate(`localStorage.getItem('wayside-claim')`)) === null ? true : undefined,
      );
      expect(await ownerOf('fridge-4')).toBe('cleo');
      await app.context.close();
    });

    it('is typed where it is said whom the device is linked to, before it is', async () => {
      const code = await deviceWithCode('fridge-5');
      const app = await newPerson();
      await app.open(await invitationTo(gateway, 'ada'));
      await app.page.waitForSelector('nav');
      await app.open('/settings');
      await app.fill('Code of a device', code);
      const said = 'The device will be linked to ada@example.com';
      expect(await textOf(app, '.claim-form')).toContain(said);
      // Who hears the page without seeing it comes to the button past that.
      const described = 'document.querySelector(".claim-form button").getAttribute("aria-describedby")';
      expect(await app.page.evaluate(`document.getElementById(${described}).textContent`)).toContain(said);
      for (const scheme of ['light', 'dark'] as const) {
        await app.theme(scheme);
        expect(await axeViolations(app.page)).toEqual([]);
      }
      expect(await ownerOf('fridge-5')).toBeNull();
      await app.click('Link it', 'button');
      await app.see('fridge-5 is linked to you now');
      expect(await ownerOf('fridge-5')).toBe('ada');
      await app.context.close();
    });

    it('leaves an offer alone that they are on the way to', async () => {
      const code = await deviceWithCode('fridge-3');
      const app = await newPerson();
      await app.open(await invitationTo(gateway, 'bob'));
      await app.page.waitForSelector('nav');
      await app.open(`#claim=${code}`);
      await app.see('Link this device?');
      await app.open('/data');
      await app.see('My data');
      expect(app.page.url()).toBe(`${appUrl(gateway)}/me/data`);
      await app.context.close();
    });

    it('that is none is shown to nobody, and keeps nobody from getting a link', async () => {
      const app = await newPerson();
      await app.open('#claim=//evil.example/%23x');
      await app.see('Send me a link');
      expect(app.page.url()).toBe(`${appUrl(gateway)}/me`);
      for (const text of ['evil.example', 'You opened a link with the code of a device'])
        expect(await hasText(app.page, text)).toBe(false);
      const link = await linkFor(app, 'bob');
      expect(link).toMatch(/\/me#login=[\w-]+$/);
      const other = await newPerson();
      await other.page.goto(link);
      await other.page.waitForSelector('nav');
      expect(other.page.url()).toBe(`${appUrl(gateway)}/me`);
      await app.context.close();
      await other.context.close();
    });

    it('is in no line of the gateway’s log', () => {
      const lines = gateway.logLines.join('\n');
      expect(codes.length).toBeGreaterThan(4);
      for (const code of codes) expect(lines).not.toContain(code);
      expect(lines).not.toMatch(/claim=|login=/);
    });
  },
);
