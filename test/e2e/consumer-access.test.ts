import type { Browser, CDPSession } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axeViolations,
  chromiumPath,
  chromiumSkipped,
  screenshot,
  startChromium,
} from '../support/chromium.ts';
import { appUrl, type ConsumerPage, invitationTo, openConsumerApp } from '../support/consumer-app.ts';
import { type ConsumerWorld, startConsumerWorld } from '../support/consumer-world.ts';
import { eventually } from '../support/gateway.ts';
import { readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';

const WITHIN_MS = 30_000;
/** Nothing moves by itself; what is left is rounding. */
const STILL = 0.005;

/** Text of a mail's body, as quoted-printable or plain (RFC 2045 §6.7). */
function plain(body: string): string {
  return body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * The virtual authenticator answers at once where passkeys are offered in a field, so that nobody ever sees the way in: whether the
 * browser offers any is for each test to say.
 */
const OFFERS_IN_FIELDS = `
  const offers = sessionStorage.getItem('offers-in-fields') === 'yes';
  PublicKeyCredential.isConditionalMediationAvailable = async () => offers;
  if (PublicKeyCredential.getClientCapabilities) {
    const ask = PublicKeyCredential.getClientCapabilities.bind(PublicKeyCredential);
    PublicKeyCredential.getClientCapabilities = async () => ({ ...(await ask()), conditionalGet: offers });
  }
`;

describe.skipIf(chromiumPath === null)(`access in Chromium${chromiumSkipped}`, () => {
  let smtp: TestSmtp;
  let world: ConsumerWorld;
  let browser: Browser;
  let app: ConsumerPage;
  let authenticator: { readonly session: CDPSession; readonly id: string };

  beforeAll(async () => {
    smtp = await startSmtp();
    world = await startConsumerWorld({
      WAYSIDE_SMTP_URL: smtp.url,
      WAYSIDE_MAIL_FROM: 'offers@example.com',
    });
    browser = await startChromium();
    app = await openConsumerApp(browser, world.gateway);
    await app.page.evaluateOnNewDocument(OFFERS_IN_FIELDS);
    const session = await app.page.createCDPSession();
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
      },
    });
    authenticator = { session, id: authenticatorId };
  });

  afterAll(async () => {
    await browser?.close();
    await world?.stop();
    await smtp?.stop();
  });

  /** Whether somebody has a finger on the authenticator. */
  const touch = (enabled: boolean) =>
    authenticator.session.send('WebAuthn.setAutomaticPresenceSimulation', {
      authenticatorId: authenticator.id,
      enabled,
    });
  const signedIn = () => app.page.waitForSelector('nav[aria-label="Pages"]', { timeout: WITHIN_MS });
  /** The address in the newest e-mail to somebody. */
  const linkTo = async (email: string) => {
    const mail = await eventually('the e-mail', WITHIN_MS, async () =>
      smtp.received.findLast(({ to }) => to.includes(email)),
    );
    return /http:\/\/\S+/.exec(plain(readMail(mail.raw).body))?.[0] ?? '';
  };

  it.each(['light', 'dark'] as const)('shows the way in to who is not signed in, %s', async (scheme) => {
    await app.open('/');
    await app.theme(scheme);
    await app.see('There is no password to remember');
    await app.see('Send me a link');
    expect(await app.layoutShift()).toBeLessThan(STILL);
    await screenshot(app.page, `me-sign-in-${scheme}`);
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it('opens with a link that came by e-mail, once', async () => {
    await app.theme('light');
    await app.fill('E-mail address', 'Ada@example.com');
    await app.click('Send me a link', 'button');
    await app.see('If Ada@example.com is known here, a link is on its way');
    expect(await axeViolations(app.page)).toEqual([]);
    const link = await linkTo('ada@example.com');
    expect(link).toContain(`${appUrl(world.gateway)}/me#login=`);
    await app.page.goto(link);
    await signedIn();
    expect(app.page.url()).toBe(`${appUrl(world.gateway)}/me`);
    const other = await openConsumerApp(browser, world.gateway);
    await other.page.goto(link);
    await other.see('This link no longer works');
    await screenshot(other.page, 'me-used-link');
    expect(await axeViolations(other.page)).toEqual([]);
    await other.context.close();
  });

  it('says the same to a stranger, and writes to nobody', async () => {
    const before = smtp.received.length;
    const other = await openConsumerApp(browser, world.gateway);
    await other.open('/');
    await other.fill('E-mail address', 'nobody@example.com');
    await other.click('Send me a link', 'button');
    await other.see('If nobody@example.com is known here');
    await other.click('Another address', 'button');
    await other.fill('E-mail address', 'nobody@');
    await other.click('Send me a link', 'button');
    // The browser itself says what is wrong with the field, and sends nothing.
    expect(await other.page.$eval('input[type=email]', (field) => field.matches(':invalid'))).toBe(true);
    expect(smtp.received.length).toBe(before);
    await other.context.close();
  });

  it.each(['light', 'dark'] as const)('shows passkeys, browsers and address, %s', async (scheme) => {
    await app.open('/access');
    await app.theme(scheme);
    await app.see('You have no passkey yet');
    await app.see('This one');
    await app.see('with a link by e-mail');
    await app.see('ada@example.com');
    expect(await app.layoutShift()).toBeLessThan(STILL);
    await screenshot(app.page, `me-access-${scheme}`);
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it('adds a passkey with a name', async () => {
    await app.theme('light');
    await app.open('/access');
    await touch(true);
    await app.fill('Name of the new passkey', 'My phone');
    await app.click('Add a passkey', 'button');
    await app.see('My phone is added');
    await app.see('not used yet');
    await app.click('Add a passkey', 'button');
    await app.see('This device has a passkey of yours already');
    await touch(false);
    await screenshot(app.page, 'me-passkeys-light');
    expect(await axeViolations(app.page)).toEqual([]);
  });

  it('gives a passkey another name, in its row and by keys alone', async () => {
    await app.open('/access');
    await app.click('Rename the passkey My phone', 'button');
    const focused = () =>
      app.page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.value');
    expect(await focused()).toBe('My phone');
    for (const scheme of ['light', 'dark'] as const) {
      await app.theme(scheme);
      await screenshot(app.page, `me-passkey-rename-${scheme}`);
      expect(await axeViolations(app.page)).toEqual([]);
    }
    await app.theme('light');
    // The name is selected: what is typed takes its place.
    await app.page.keyboard.sendCharacter('  ');
    await app.page.keyboard.press('Enter');
    await app.see('A name needs at least one character');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.page.keyboard.press('Escape');
    expect(await focused()).toBe('Rename the passkey My phone');
    await app.page.keyboard.press('Enter');
    await app.page.keyboard.sendCharacter('x'.repeat(200));
    expect(await focused()).toBe('x'.repeat(100));
    await app.fill('New name', ' Blue phone ');
    await app.page.keyboard.press('Enter');
    await app.see('It is called Blue phone now');
    expect(await focused()).toBe('Rename the passkey Blue phone');
    await app.open('/access');
    await app.see('Blue phone');
    await screenshot(app.page, 'me-passkey-renamed');
    const audit = await world.gateway.api('GET', '/api/v1/audit?action=passkey.renamed');
    expect(audit.body.items).toMatchObject([{ actor: 'consumer:ada', subject: 'ada' }]);
    await app.click('Rename the passkey Blue phone', 'button');
    await app.fill('New name', 'My phone');
    await app.click('Save', 'button');
    await app.see('It is called My phone now');
  });

  it('gives the focus back to who keeps a passkey after all', async () => {
    await app.click('Remove the passkey My phone', 'button');
    await app.see('Where it signed in is signed out');
    await app.page.keyboard.press('Enter');
    expect(await app.page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      'Remove the passkey My phone',
    );
  });

  it('signs out here, and in again with the passkey', async () => {
    await app.open('/access');
    await app.click('Sign out here', 'button');
    await app.see('Sign in with a passkey');
    const kept = await app.page.evaluate('localStorage.getItem("wayside-seen")');
    expect(kept).toBeNull();
    await app.click('Sign in with a passkey', 'button');
    await touch(true);
    await signedIn();
    await touch(false);
    await app.open('/access');
    await app.see('with a passkey');
  });

  it('signs in by the field alone, where the browser offers passkeys there', async () => {
    await app.open('/access');
    await app.page.evaluate('sessionStorage.setItem("offers-in-fields", "yes")');
    const entered = app.page.waitForResponse(
      (answer) => answer.url().endsWith('/me/passkey-session') && answer.status() === 204,
      { timeout: WITHIN_MS },
    );
    await touch(true);
    await app.click('Sign out here', 'button');
    await entered;
    await signedIn();
    await touch(false);
    await app.page.evaluate('sessionStorage.removeItem("offers-in-fields")');
  });

  it('ends another browser, and all of them', async () => {
    const second = await openConsumerApp(browser, world.gateway);
    await second.open(await invitationTo(world.gateway, 'ada'));
    await second.page.waitForSelector('nav');
    await app.open('/access');
    await app.see('with a personal link');
    await app.click('Sign out in Chrome on Linux', 'button');
    await eventually('the other session ended', WITHIN_MS, async () =>
      (await app.page.evaluate(
        `fetch('/api/v1/me/sessions').then((answer) => answer.json()).then(({ length }) => length)`,
      )) === 1
        ? true
        : undefined,
    );
    await second.open('/');
    await second.see('Sign in with a passkey');
    await second.open(await invitationTo(world.gateway, 'ada'));
    await second.page.waitForSelector('nav');
    await app.open('/access');
    await app.click('Sign out everywhere', 'button');
    await app.see('Passkeys stay');
    expect(await axeViolations(app.page)).toEqual([]);
    await app.click('Yes, everywhere', 'button');
    await app.see('Sign in with a passkey');
    await second.open('/');
    await second.see('Sign in with a passkey');
    await second.context.close();
  });

  it('says what to do about a passkey that is not known any more', async () => {
    // Removed from another browser, while this one still has it.
    const other = await openConsumerApp(browser, world.gateway);
    await other.open(await invitationTo(world.gateway, 'ada'));
    await other.page.waitForSelector('nav');
    await other.open('/access');
    await other.click('Remove the passkey My phone', 'button');
    await other.click('Remove for good', 'button');
    await other.see('You have no passkey yet');
    await other.context.close();
    await app.open('/');
    await app.see('Sign in with a passkey');
    await app.click('Sign in with a passkey', 'button');
    await touch(true);
    await app.see('This passkey is not known here');
    await touch(false);
    expect(await axeViolations(app.page)).toEqual([]);
    expect(app.errors).toEqual([]);
  });

  it('speaks German and Italian', async () => {
    for (const [language, text, page] of [
      ['de-DE', 'Mit Passkey anmelden', 'Wo Sie angemeldet sind'],
      ['it-IT', 'Accedi con una passkey', 'Dove hai effettuato l’accesso'],
    ] as const) {
      const other = await openConsumerApp(browser, world.gateway, { language });
      await other.open('/');
      await other.see(text);
      await other.open(await invitationTo(world.gateway, 'ada'));
      await other.page.waitForSelector('nav');
      await other.open('/access');
      await other.see(page);
      expect(other.errors).toEqual([]);
      await other.context.close();
    }
  });
});
