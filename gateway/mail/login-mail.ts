import type { Language } from '../records/built-in-wordings.ts';
import type { Mail } from './mailer.ts';

type Words = { readonly subject: string; readonly text: (url: string, minutes: number) => string };

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    subject: 'Your sign-in link',
    text: (url, minutes) =>
      `Open this link to sign in:\n\n${url}\n\nIt works once, for ${minutes} minutes. If you did not ask for it, you need do nothing: without this e-mail nobody can sign in with it.\n`,
  },
  de: {
    subject: 'Ihr Link zum Anmelden',
    text: (url, minutes) =>
      `Öffnen Sie diesen Link, um sich anzumelden:\n\n${url}\n\nEr gilt einmal, ${minutes} Minuten lang. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun: Ohne diese E-Mail kann sich niemand damit anmelden.\n`,
  },
  it: {
    subject: 'Il suo link per accedere',
    text: (url, minutes) =>
      `Apra questo link per accedere:\n\n${url}\n\nFunziona una sola volta, per ${minutes} minuti. Se non l'ha richiesto, non deve fare nulla: senza questa e-mail nessuno può usarlo per accedere.\n`,
  },
};

/**
 * The e-mail with a sign-in link.
 *
 * @param goodForMs how long the link is good
 */
export function loginMail(to: string, url: string, language: Language, goodForMs: number): Mail {
  const { subject, text } = WORDS[language];
  return {
    to,
    subject,
    text: text(url, Math.round(goodForMs / 60_000)),
    // It is an answer to a click, and wants no holiday notes back (RFC 3834 §5).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
