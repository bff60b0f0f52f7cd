import { isIP } from 'node:net';
import { createTransport, type NodemailerError } from 'nodemailer';
import { bareHost } from '../bare-host.ts';
import { type Sender, senderOf } from './mail-settings.ts';
import type { Mail, Mailer, MailOutcome, MailSettings } from './mailer.ts';
import { createTurns } from './turns.ts';

export interface SmtpMailerOptions {
  /** For a whole message, from its turn until the server has answered; and for how long it waits for its turn. */
  readonly timeoutMs?: number;
  /** Connections that are kept to the server. */
  readonly connections?: number;
  /** Messages under way at once, those included that wait for a connection; more are refused as `retry`. */
  readonly maxUnderWay?: number;
}

/**
 * A mailer over SMTP (RFC 5321), with nodemailer. Connections are kept while there is something to send. Where a user and a
 * password are given, nothing is said before TLS, save to this machine itself.
 */
export function createSmtpMailer(settings: MailSettings, options: SmtpMailerOptions = {}): Mailer {
  const { timeoutMs = 20_000, connections = 4, maxUnderWay = 1_000 } = options;
  const url = new URL(settings.url);
  const host = bareHost(url.hostname);
  const isHere = isLoopback(host);
  const from = senderOf(settings.from);
  const transport = createTransport({
    pool: true,
    host,
    ...(url.port !== '' && { port: Number(url.port) }),
    secure: url.protocol === 'smtps:',
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
      requireTLS: url.protocol === 'smtp:' && !isHere,
    }),
    // Between here and here nobody listens, and such servers mostly have certificates that nobody signed.
    ...(isHere && { tls: { rejectUnauthorized: false } }),
    maxConnections: connections,
    maxRequeues: 0,
    idleTimeout: 30_000,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  });
  // Before nodemailer's own line, in which nobody is asked whether they still want to go.
  const turns = createTurns(connections);
  let underWay = 0;

  async function sendInTurn(mail: Mail): Promise<MailOutcome> {
    const endTurn = await turns.take(timeoutMs);
    if (endTurn === null) return BUSY;
    try {
      if (mail.isStillWanted?.() === false) return { kind: 'unwanted' };
      await transport.sendMail({
        ...messageOf(mail, from),
        signal: AbortSignal.timeout(timeoutMs),
        // Nothing that an offer says can have a file of this machine, or another server's page, read.
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return { kind: 'sent' };
    } catch (error) {
      return outcomeOf(error);
    } finally {
      endTurn();
    }
  }

  return {
    async send(mail) {
      if (underWay >= maxUnderWay) return BUSY;
      underWay += 1;
      return sendInTurn(mail).finally(() => {
        underWay -= 1;
      });
    },
    stop: () => transport.close({ force: true }),
  };
}

const BUSY: MailOutcome = { kind: 'retry', reason: 'mail_busy' };

/** An address object is taken as it is; text would be read as a list of addresses. */
function messageOf(mail: Mail, from: Sender) {
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    from,
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== undefined && { html: mail.html }),
    ...(mail.headers !== undefined && { headers: { ...mail.headers } }),
    ...(mail.messageName !== undefined && { messageId: `<${mail.messageName}@${domain}>` }),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Refusals of the login, the sender or the whole connection are the operator's to mend, and the message goes out once that is
 * done; a refusal of the recipient or of the message itself stays. No reason holds the server's words, which may name the address.
 */
function outcomeOf(error: unknown): MailOutcome {
  const { code, command, responseCode, permanent } = error as NodemailerError;
  if (responseCode !== undefined) {
    const reason = `smtp_${responseCode}`;
    const isFinal = permanent === true && (command === 'RCPT TO' || command === 'DATA');
    return { kind: isFinal ? 'failed' : 'retry', reason };
  }
  const isAboutMessage = code === 'EMESSAGE' || code === 'EENVELOPE';
  return { kind: isAboutMessage ? 'failed' : 'retry', reason: `mail_${(code ?? 'unknown').toLowerCase()}` };
}
