import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mailer } from '../../../../gateway/mail/mailer.ts';
import { createSmtpMailer } from '../../../../gateway/mail/smtp-mailer.ts';
import { readMail, startSmtp, type TestSmtp } from '../../../support/smtp.ts';
import { NOW, startHttp, type TestServer } from '../http-server.ts';
import { addPerson, enter } from './people.ts';

const MINUTE_MS = 60_000;

let smtp: TestSmtp;
let mailer: Mailer;
let server: TestServer;
beforeAll(async () => {
  smtp = await startSmtp();
  mailer = createSmtpMailer({ url: smtp.url, from: 'Wayside <offers@example.org>' });
  server = await startHttp({ mailer, publicUrl: 'https://offers.example.org' });
  await addPerson(server, 'anna', { email: 'anna@example.org' });
});
afterAll(async () => {
  await server.stop();
  mailer.stop();
  await smtp.stop();
});

const KNOWN = ['anna@example.org', 'nora@example.org'];
/** E-mails that were asked for, by who is known. */
let due = 0;

async function ask(email: string, more: object = {}, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.call('POST', '/api/v1/me/login-links', {
    token: null,
    body: { email, ...more },
    headers,
  });
  if (answer.status === 202 && KNOWN.includes(email.trim().toLowerCase())) due += 1;
  return answer;
}

/** They are sent behind the answers. */
const allArrived = () => expect.poll(() => smtp.received.length).toBe(due);

/** The text of the newest e-mail, as a person reads it (RFC 2045 §6.7). */
function lastText(): string {
  const { headers, body } = readMail(smtp.received.at(-1)?.raw ?? '');
  if (headers.get('content-transfer-encoding') !== 'quoted-printable') return body;
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

async function codeFor(email: string, more: object = {}): Promise<string> {
  await allArrived();
  expect((await ask(email, more)).status).toBe(202);
  await allArrived();
  const [, code] = /https:\/\/offers\.example\.org\/me#login=(\S+)/.exec(lastText()) ?? [];
  return code ?? '';
}

/** Addresses are looked up one after the other: none is waited for once a link that was asked for last has come. */
const allLookedUp = () => codeFor('anna@example.org');

/** Each test begins with limits that nobody has used up. */
function later(): void {
  server.realNow += 16 * MINUTE_MS;
}

describe('a sign-in link by e-mail', () => {
  it('lets in whose address it is, once, also where the address was written otherwise', async () => {
    later();
    const code = await codeFor(' Anna@Example.ORG ');
    expect(smtp.received.at(-1)?.to).toEqual(['anna@example.org']);
    const cookie = await enter(server, code);
    expect((await server.call('GET', '/api/v1/me', { cookie })).body).toMatchObject({
      id: 'anna',
      email: 'anna@example.org',
    });
    const again = await server.call('POST', '/api/v1/me/session', { token: null, body: { code } });
    expect(again).toMatchObject({ status: 401, body: { code: 'bad_invitation' } });
  });

  it('is over after a quarter of an hour', async () => {
    later();
    const code = await codeFor('anna@example.org');
    server.realNow += 15 * MINUTE_MS;
    expect(await enter(server, code)).toBe('');
  });

  it('is refused where it was forged', async () => {
    later();
    const code = await codeFor('anna@example.org');
    for (const forged of ['x', `${code}x`, code.toLowerCase(), code.slice(0, -1), 'A'.repeat(43)]) {
      expect(await enter(server, forged)).toBe('');
    }
    expect(await enter(server, code)).not.toBe('');
  });

  it('opens nothing once its address is not the person’s any more', async () => {
    later();
    await addPerson(server, 'nora', { email: 'nora@example.org' });
    const code = await codeFor('nora@example.org');
    await server.call('PATCH', '/api/v1/consumers/nora', { body: { email: 'else@example.org' } });
    expect(await enter(server, code)).toBe('');
  });

  it('leaves no other link good once one was used, and three at most before', async () => {
    later();
    const codes: string[] = [];
    for (let asked = 0; asked < 4; asked += 1) {
      codes.push(await codeFor('anna@example.org'));
      server.realNow += 1_000;
    }
    const [first = '', second = '', , fourth = ''] = codes;
    expect(await enter(server, first)).toBe('');
    expect(await enter(server, fourth)).not.toBe('');
    expect(await enter(server, second)).toBe('');
  });

  it('is asked for alike by who is known and who is not, and only the known get one', async () => {
    later();
    const known = await ask('anna@example.org');
    const unknown = await ask('nobody@example.org');
    expect(unknown).toMatchObject({ status: 202, body: known.body });
    expect([...unknown.headers.keys()]).toEqual([...known.headers.keys()]);
    const code = await codeFor('anna@example.org');
    expect(code).not.toBe('');
    expect(smtp.received.flatMap(({ to }) => to)).not.toContain('nobody@example.org');
  });

  it('comes in the language of the page', async () => {
    later();
    await codeFor('anna@example.org', { language: 'de' });
    expect(lastText()).toContain('Öffnen Sie diesen Link');
    await codeFor('anna@example.org', { language: 'it' });
    expect(lastText()).toContain('Apra questo link');
  });

  it('says of a device’s code that comes along to say yes only where it stands on one’s own, and else nothing of devices', async () => {
    for (const [language, word, sentence] of [
      ['en', /device/, 'only if this code stands on your device'],
      ['de', /Gerät/, 'nur zu, wenn dieser Code auf Ihrem Gerät steht'],
      ['it', /dispositivo/, 'solo se quel codice si trova sul suo dispositivo'],
    ] as const) {
      later();
      await codeFor('anna@example.org', { language, claim: 'K7QP-29FX' });
      expect(lastText().replaceAll(/\s+/g, ' ')).toContain(sentence);
      await codeFor('anna@example.org', { language });
      expect(lastText()).not.toMatch(word);
    }
  });

  it('takes along the code of a device, and nothing else that somebody would put into an e-mail', async () => {
    later();
    const asked = { claim: 'K7QP-29FX' };
    const [, code = '', claim] = /^(.+)&claim=(.+)$/.exec(await codeFor('anna@example.org', asked)) ?? [];
    expect(claim).toBe('K7QP-29FX');
    expect(await enter(server, code)).not.toBe('');
    const rows = await server.db.selectFrom('login_codes').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('K7QP');
    for (const other of [
      '',
      'K7QP-29FX&login=x',
      'K7QP 29FX',
      'K7QP-29FX\n',
      '//evil.example',
      'https://evil.example',
      'K7QP-29FXX',
      ['K7QP-29FX'],
    ]) {
      const refused = await ask('anna@example.org', { claim: other });
      expect([other, refused.status]).toEqual([other, 400]);
    }
    expect(server.logLines.join()).not.toMatch(/K7QP|evil/);
  });

  it('is bounded for one address, known or not', async () => {
    later();
    for (const email of ['anna@example.org', 'nobody@example.org']) {
      const statuses: number[] = [];
      for (let asked = 0; asked < 6; asked += 1) statuses.push((await ask(email)).status);
      expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
    }
    const refused = await ask('anna@example.org');
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    later();
    expect((await ask('anna@example.org')).status).toBe(202);
  });

  it('is bounded for one network address', async () => {
    later();
    let last = 0;
    for (let asked = 0; asked < 101; asked += 1) last = (await ask(`p${asked}@example.org`)).status;
    expect(last).toBe(429);
  });

  it('is bounded for each person behind a proxy on this machine, by the address that the proxy adds', async () => {
    later();
    const from = (forwarded: string, n: number) =>
      ask(`q${n}@example.org`, {}, { 'x-forwarded-for': forwarded });
    await allLookedUp();
    for (let asked = 0; asked < 100; asked += 1)
      // What a client writes there itself stands before it, and counts for nothing.
      expect((await from(`198.51.100.${asked}, 203.0.113.7`, asked)).status).toBe(202);
    expect((await from('203.0.113.7', 100)).status).toBe(429);
    await allLookedUp();
    expect((await from('203.0.113.8', 101)).status).toBe(202);
    await allLookedUp();
    for (let asked = 0; asked < 100; asked += 1) await from(`no address ${asked}`, asked);
    expect((await from('none either', 102)).status).toBe(429);
  });

  it('is refused for what is no address', async () => {
    later();
    for (const email of [
      'anna',
      'a@b@c',
      'anna@example.org\r\nBcc: x@y.z',
      'a b@c.d',
      `${'x'.repeat(250)}@y.z`,
    ]) {
      expect([email, (await ask(email)).status]).toEqual([email, 400]);
    }
  });

  it('is kept as a hash, and its address in no log', async () => {
    later();
    const code = await codeFor('anna@example.org');
    const rows = await server.db.selectFrom('login_codes').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(code);
    expect(rows.length).toBeGreaterThan(0);
    expect(server.logLines.join()).not.toMatch(/anna@example|login=/);
  });

  it('is not to be had where no mail server is set, and the page is told so', async () => {
    const silent = await startHttp();
    try {
      expect(
        await silent.call('POST', '/api/v1/me/login-links', { token: null, body: { email: 'a@b.de' } }),
      ).toMatchObject({ status: 503, body: { code: 'no_mail' } });
      expect((await silent.call('GET', '/api/v1/me/sign-in', { token: null })).body).toEqual({
        mail: false,
        passkeys: true,
      });
    } finally {
      await silent.stop();
    }
    expect((await server.call('GET', '/api/v1/me/sign-in', { token: null })).body).toEqual({
      mail: true,
      passkeys: true,
    });
  });

  it('answers 202 also where the mail server refuses, and says so in the log, once a minute', async () => {
    later();
    const refusing: Mailer = {
      send: async () => ({ kind: 'failed', reason: 'smtp_550' }),
      stop: () => undefined,
    };
    const other = await startHttp({ mailer: refusing });
    try {
      await addPerson(other, 'anna', { email: 'anna@example.org' });
      const askThere = () =>
        other.call('POST', '/api/v1/me/login-links', { token: null, body: { email: 'anna@example.org' } });
      expect((await askThere()).status).toBe(202);
      expect((await askThere()).status).toBe(202);
      const lines = () => other.logLines.filter((line) => line.includes('sign-in link'));
      await expect.poll(lines).toHaveLength(1);
      expect(lines()[0]).toContain('smtp_550');
      expect(other.realNow).toBe(NOW);
    } finally {
      await other.stop();
    }
  });
});
