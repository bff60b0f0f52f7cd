import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Mailer } from '../../../gateway/mail/mailer.ts';
import { createSmtpMailer, type SmtpMailerOptions } from '../../../gateway/mail/smtp-mailer.ts';
import { readMail, startSmtp } from '../../support/smtp.ts';

const FROM = 'Shop Ütz <offers@shop.example>';
const MAIL = { to: 'ada@example.org', subject: 'Ünïcode', text: 'Hello,\nthere' };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (let close = open.pop(); close !== undefined; close = open.pop()) await close();
});

function mailerTo(url: string, options: SmtpMailerOptions = {}): Mailer {
  const mailer = createSmtpMailer({ url, from: FROM }, options);
  open.push(() => mailer.stop());
  return mailer;
}

async function serverWith(options: Parameters<typeof startSmtp>[0] = {}) {
  const server = await startSmtp(options);
  open.push(() => server.stop());
  return server;
}

/** A server of raw sockets. */
async function rawServer(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  open.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  );
  const address = server.address();
  return `smtp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

test('a message arrives with sender, headers and both forms of the text, and its name is its Message-ID', async () => {
  const server = await serverWith();
  const mail = {
    ...MAIL,
    html: '<p>Hello</p>',
    headers: { 'List-Unsubscribe': '<https://shop.example/u/1>' },
    messageName: 'd-1',
  };
  expect(await mailerTo(server.url).send(mail)).toEqual({ kind: 'sent' });
  const [received] = server.received;
  expect(received).toMatchObject({ from: 'offers@shop.example', to: ['ada@example.org'] });
  const { headers, body } = readMail(received?.raw ?? '');
  expect(headers.get('message-id')).toBe('<d-1@shop.example>');
  expect(headers.get('list-unsubscribe')).toBe('<https://shop.example/u/1>');
  expect(headers.get('content-type')).toContain('multipart/alternative');
  expect(body).toContain('Hello,');
  expect(body).toContain('<p>Hello</p>');
});

test('user and password of the address are used', async () => {
  const users: unknown[] = [];
  const server = await serverWith({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth({ username, password }, _, callback) {
      users.push([username, password]);
      callback(null, password === 'p@ss' ? { user: username } : {});
    },
  });
  const withPassword = (password: string) => server.url.replace('//', `//me%40x:${password}@`);
  expect(await mailerTo(withPassword('p%40ss')).send(MAIL)).toEqual({ kind: 'sent' });
  expect(users).toEqual([['me@x', 'p@ss']]);
  // The operator can mend it, and what waits goes out then.
  expect(await mailerTo(withPassword('wrong')).send(MAIL)).toMatchObject({
    kind: 'retry',
    reason: 'smtp_535',
  });
});

test('nothing is said to a server elsewhere without TLS where there is a password', async () => {
  const seen: string[] = [];
  const url = await rawServer((socket) => {
    socket.write('220 here\r\n');
    socket.on('data', (data) => {
      seen.push(data.toString());
      socket.write(data.toString().startsWith('EHLO') ? '250-here\r\n250 AUTH PLAIN\r\n' : '502 no\r\n');
    });
  });
  // This machine, by an address that is not known to be it.
  const mailer = mailerTo(url.replace('smtp://127.0.0.1', 'smtp://user:secret@[::ffff:127.0.0.1]'));
  expect((await mailer.send(MAIL)).kind).toBe('retry');
  expect(seen.join('')).not.toContain('AUTH');
});

test.each([
  ['recipient', 550, 'failed'],
  ['recipient', 451, 'retry'],
  ['message', 554, 'failed'],
  ['message', 452, 'retry'],
  ['sender', 550, 'retry'],
] as const)(
  'a refusal of the %s with %i ends as %s, without the words of the server',
  async (what, code, kind) => {
    const refusal = () => Object.assign(new Error('no ada@example.org here'), { responseCode: code });
    const server = await serverWith({
      ...(what === 'recipient' && { onRcptTo: (_address, _session, callback) => callback(refusal()) }),
      ...(what === 'sender' && { onMailFrom: (_address, _session, callback) => callback(refusal()) }),
      ...(what === 'message' && { size: 1_000_000 }),
    });
    if (what === 'message') {
      const url = await rawServer((socket) => {
        socket.write('220 here\r\n');
        let isText = false;
        socket.on('data', (data) => {
          const text = data.toString();
          if (isText) {
            if (text.endsWith('\r\n.\r\n')) socket.write(`${code} no ada@example.org here\r\n`);
          } else if (text.startsWith('DATA')) {
            isText = true;
            socket.write('354 go on\r\n');
          } else socket.write('250 fine\r\n');
        });
      });
      expect(await mailerTo(url).send(MAIL)).toEqual({ kind, reason: `smtp_${code}` });
      return;
    }
    expect(await mailerTo(server.url).send(MAIL)).toEqual({ kind, reason: `smtp_${code}` });
  },
);

test('a server that is not there, or leaves, is tried again', async () => {
  const gone = await startSmtp();
  await gone.stop();
  expect(await mailerTo(gone.url).send(MAIL)).toMatchObject({ kind: 'retry' });
  const url = await rawServer((socket) => socket.destroy());
  expect(await mailerTo(url).send(MAIL)).toMatchObject({ kind: 'retry' });
});

test('a server that says nothing, or says one line for ever, holds a message for its time and no longer', async () => {
  const silent = await rawServer(() => undefined);
  expect(await mailerTo(silent, { timeoutMs: 200 }).send(MAIL)).toMatchObject({ kind: 'retry' });
  const endless = await rawServer((socket) => {
    const timer = setInterval(() => socket.write('220-still here\r\n'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  expect(await mailerTo(endless, { timeoutMs: 300 }).send(MAIL)).toMatchObject({ kind: 'retry' });
});

test('more messages than may be under way are refused at once, and a stop ends those that are', async () => {
  const silent = await rawServer(() => undefined);
  const mailer = mailerTo(silent, { timeoutMs: 60_000, maxUnderWay: 2 });
  const first = [mailer.send(MAIL), mailer.send(MAIL)];
  expect(await mailer.send(MAIL)).toEqual({ kind: 'retry', reason: 'mail_busy' });
  mailer.stop();
  expect(await Promise.all(first)).toMatchObject([{ kind: 'retry' }, { kind: 'retry' }]);
});

test('a message that waits for a connection is asked whether it is still wanted, and goes in its turn', async () => {
  const held: (() => void)[] = [];
  const server = await serverWith({
    onMailFrom: (_address, _session, callback) => {
      held.push(() => callback());
    },
  });
  const mailer = mailerTo(server.url, { connections: 1, timeoutMs: 10_000 });
  let isWanted = true;
  const named = (name: string) => ({ ...MAIL, subject: name, isStillWanted: () => isWanted || name !== 'b' });
  const sent = ['a', 'b', 'c'].map((name) => mailer.send(named(name)));
  await expect.poll(() => held.length).toBe(1);
  isWanted = false;
  held.pop()?.();
  expect(await sent[1]).toEqual({ kind: 'unwanted' });
  await expect.poll(() => held.length).toBe(1);
  held.pop()?.();
  expect(await Promise.all(sent)).toMatchObject([{ kind: 'sent' }, { kind: 'unwanted' }, { kind: 'sent' }]);
  expect(server.received.map(({ raw }) => readMail(raw).headers.get('subject'))).toEqual(['a', 'c']);
});

test('a message whose turn does not come in time is told as busy; a stop ends those in line', async () => {
  const silent = await rawServer(() => undefined);
  const hasty = mailerTo(silent, { connections: 1, timeoutMs: 200 });
  const [, second] = [hasty.send(MAIL), hasty.send(MAIL)];
  expect(await second).toMatchObject({ kind: 'retry' });
  const patient = mailerTo(silent, { connections: 1, timeoutMs: 60_000 });
  const all = [patient.send(MAIL), patient.send(MAIL), patient.send(MAIL)];
  patient.stop();
  expect(await Promise.all(all)).toMatchObject(Array.from({ length: 3 }, () => ({ kind: 'retry' })));
});

test('neither names nor subjects can add headers, and an address is one address', async () => {
  const server = await serverWith();
  await mailerTo(server.url).send({
    to: 'ada@example.org',
    subject: 'x\r\nBcc: eve@example.org',
    text: 'x',
    headers: { 'X-Note': 'a\r\nBcc: eve@example.org' },
  });
  expect(server.received.map(({ to }) => to)).toEqual([['ada@example.org']]);
  expect(readMail(server.received[0]?.raw ?? '').headers.has('bcc')).toBe(false);
  await mailerTo(server.url).send({ ...MAIL, to: 'ada@example.org, eve@example.org' });
  expect(server.received.flatMap(({ to }) => to)).not.toContain('eve@example.org');
});
