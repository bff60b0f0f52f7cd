import type { Problem } from '../errors.ts';
import type { MailSettings } from './mailer.ts';

/** 254 bytes are what a path holds (RFC 5321 §4.5.3.1.3); the local part is what everybody's server takes, without quotes. */
const ADDRESS =
  /^(?=.{3,254}$)(?!.{65,}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Whether a text is one e-mail address that a message could be handed over for. Domains beyond ASCII are written as `xn--`. */
export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** An address of a mail server as it was given, or undefined where it is none. */
export function smtpUrl(value: string): string | undefined {
  const url = URL.parse(value);
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '') return undefined;
  const isBare = url.search === '' && url.hash === '' && /^\/?$/.test(url.pathname);
  // A password with a bare % is none that could be read out of it.
  return isBare && isPercentEncoded(url.username) && isPercentEncoded(url.password) ? value : undefined;
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false; // it says no more than that
  }
}

export interface Sender {
  /** Empty where only an address is given. */
  readonly name: string;
  readonly address: string;
}

/** Name and address out of `offers@example.org` or `Shop <offers@example.org>`; the address is not looked at. */
export function senderOf(from: string): Sender {
  const [, name = '', address] = /^(.*)<([^<>]+)>$/.exec(from.trim()) ?? [];
  return address === undefined
    ? { name: '', address: from.trim() }
    : { name: name.trim().replace(/^"|"$/g, ''), address: address.trim() };
}

/** Both settings or neither; what is missing or wrong is added to `problems`. */
export function mailSettingsOf(
  url: string | null,
  from: string | null,
  problems: Problem[],
): MailSettings | null {
  if (url === null) return null;
  if (from === null) {
    problems.push({ path: 'WAYSIDE_MAIL_FROM', message: 'is needed with WAYSIDE_SMTP_URL' });
    return null;
  }
  if (!isMailAddress(senderOf(from).address) || /[\r\n]/.test(from)) {
    const message = `"${from.slice(0, 100)}" is not an address like offers@example.org or Shop <offers@example.org>`;
    problems.push({ path: 'WAYSIDE_MAIL_FROM', message });
    return null;
  }
  return { url, from };
}
