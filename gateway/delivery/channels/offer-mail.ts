import type { RenderedOffer } from '../../../rules/step.ts';
import type { Mail } from '../../mail/mailer.ts';

export interface OfferMailParts {
  readonly id: string;
  readonly offer: RenderedOffer;
  /** Real time, epoch ms. */
  readonly expiresAtReal: number;
  /** Where browsers reach the consumer app, without a trailing slash. */
  readonly publicUrl: string;
  readonly unsubscribeToken: string;
}

/**
 * An offer as an e-mail, in plain text and in simple HTML, with the headers by which mailboxes offer to end it (RFC 2369 §3.2,
 * RFC 8058). Pictures are left out: to show one tells its owner who reads when.
 */
export function offerMail(parts: OfferMailParts): Pick<Mail, 'subject' | 'text' | 'html' | 'headers'> {
  const { id, offer, publicUrl, unsubscribeToken } = parts;
  const page = `${publicUrl}/me/offers/${encodeURIComponent(id)}`;
  const stop = `${publicUrl}/api/v1/unsubscribe/${unsubscribeToken}`;
  return {
    subject: offer.title,
    text: textOf(parts, page, stop),
    html: htmlOf(parts, page, stop),
    headers: {
      'List-Unsubscribe': `<${stop}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'Auto-Submitted': 'auto-generated',
    },
  };
}

function textOf({ offer, expiresAtReal, publicUrl }: OfferMailParts, page: string, stop: string): string {
  return [
    offer.title,
    offer.body,
    ...(offer.code === undefined ? [] : [`Your code: ${offer.code}`]),
    ...(offer.url === undefined ? [] : [offer.url]),
    `Good until ${moment(expiresAtReal)}. The offer, and why you got it: ${page}`,
    `You agreed to offers. What you agreed to: ${publicUrl}/me\nStop everything: ${stop}`,
  ].join('\n\n');
}

function htmlOf({ offer, expiresAtReal, publicUrl }: OfferMailParts, page: string, stop: string): string {
  const link = (url: string, text: string) => `<a href="${escaped(url)}">${escaped(text)}</a>`;
  const paragraph = (html: string) => `<p>${html}</p>`;
  return [
    '<!doctype html><html><head><meta charset="utf-8">',
    `<title>${escaped(offer.title)}</title></head>`,
    '<body style="font-family:sans-serif;font-size:16px;line-height:1.5;max-width:36em">',
    `<h1 style="font-size:20px">${escaped(offer.title)}</h1>`,
    paragraph(escaped(offer.body).replaceAll('\n', '<br>')),
    ...(offer.code === undefined
      ? []
      : [paragraph(`Your code: <strong style="font-family:monospace">${escaped(offer.code)}</strong>`)]),
    ...(offer.url === undefined ? [] : [paragraph(link(offer.url, 'To the offer'))]),
    paragraph(`Good until ${moment(expiresAtReal)}. ${link(page, 'The offer, and why you got it')}`),
    `<p style="font-size:14px">You agreed to offers. ${link(`${publicUrl}/me`, 'What you agreed to')} · `,
    `${link(stop, 'Stop everything')}</p></body></html>`,
  ].join('\n');
}

/** In UTC, for nobody knows where a mail is read. */
function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
