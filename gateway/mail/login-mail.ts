import type { Language } from '../records/built-in-wordings.ts';
import type { Mail } from './mailer.ts';

type Words = {
  readonly subject: string;
  readonly text: (url: string, minutes: number) => string;
  /** Follows the text where the link takes along the code of a device, which may come from anybody who knows the address. */
  readonly device: string;
};

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    subject: 'Your sign-in link',
    text: (url, minutes) =>
      `Open this link to sign in:\n\n${url}\n\nIt works once, for ${minutes} minutes. If you did not ask for it, you need do nothing: without this e-mail nobody can sign in with it.\n`,
    device:
      'This link takes along the code of a device, and asks whether to link that device to you. Say yes only if this code stands on your device; if you scanned or typed none, somebody else did.',
  },
  de: {
    subject: 'Ihr Link zum Anmelden',
    text: (url, minutes) =>
      `Öffnen Sie diesen Link, um sich anzumelden:\n\n${url}\n\nEr gilt einmal, ${minutes} Minuten lang. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun: Ohne diese E-Mail kann sich niemand damit anmelden.\n`,
    device:
      'Dieser Link bringt den Code eines Geräts mit und fragt, ob es mit Ihnen verbunden werden soll. Stimmen Sie nur zu, wenn dieser Code auf Ihrem Gerät steht; haben Sie keinen gescannt oder eingegeben, war es jemand anderes.',
  },
  it: {
    subject: 'Il suo link per accedere',
    text: (url, minutes) =>
      `Apra questo link per accedere:\n\n${url}\n\nFunziona una sola volta, per ${minutes} minuti. Se non l'ha richiesto, non deve fare nulla: senza questa e-mail nessuno può usarlo per accedere.\n`,
    device:
      'Questo link porta con sé il codice di un dispositivo e chiede se collegarlo a lei. Accetti solo se quel codice si trova sul suo dispositivo; se non ne ha scansionato né inserito nessuno, lo ha fatto qualcun altro.',
  },
};

/**
 * The e-mail with a sign-in link.
 *
 * @param link.url where it leads
 * @param link.takesDevice it holds the code of a device, too
 * @param link.goodForMs how long it is good
 */
export function loginMail(
  to: string,
  language: Language,
  link: { readonly url: string; readonly takesDevice: boolean; readonly goodForMs: number },
): Mail {
  const { subject, text, device } = WORDS[language];
  const said = text(link.url, Math.round(link.goodForMs / 60_000));
  return {
    to,
    subject,
    text: link.takesDevice ? `${said}\n${device}\n` : said,
    // It is an answer to a click, and wants no holiday notes back (RFC 3834 §5).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
