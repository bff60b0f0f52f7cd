import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readSignedId } from '../../delivery/receipt-token.ts';
import { WaysideError } from '../../errors.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { stopForDelivery } from '../stop-for-delivery.ts';

/** What withdrawn consents are noted to come from. */
const SOURCE = 'e-mail';
const MAX_BODY_BYTES = 4 * 1024;

const WORDS = {
  en: {
    title: 'Stop all offers?',
    text: 'Every consent that you gave is withdrawn, and nothing is sent to you any more.',
    button: 'Stop everything',
    done: 'All offers are stopped.',
  },
  de: {
    title: 'Alle Angebote beenden?',
    text: 'Jede Einwilligung, die Sie gegeben haben, wird widerrufen, und Ihnen wird nichts mehr geschickt.',
    button: 'Alles beenden',
    done: 'Es kommen keine Angebote mehr.',
  },
  it: {
    title: 'Interrompere tutte le offerte?',
    text: 'Ogni consenso che ha dato viene revocato e non Le viene inviato più nulla.',
    button: 'Interrompi tutto',
    done: 'Non arriveranno più offerte.',
  },
} as const;

/**
 * The end of offers by e-mail: mailboxes post here by themselves when their user presses "unsubscribe" (RFC 8058); a browser that
 * follows the link is asked first, for what looks through mails for malware follows links too.
 */
export function registerUnsubscribeRoutes(app: HttpApp, { deps }: RouteContext): void {
  // Forms of either kind; what they hold tells nothing that the address does not.
  app.addContentTypeParser(
    ['application/x-www-form-urlencoded', 'multipart/form-data'],
    { parseAs: 'string', bodyLimit: MAX_BODY_BYTES },
    (_request, _body, done) => done(null, null),
  );
  const params = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) });
  const schema = { tags: ['receipts'], params, response: { 200: Type.String() } };

  const deliveryOf = (token: string): string => {
    const id = readSignedId(deps.receiptKey, 'unsubscribe', token);
    if (id === null) throw new WaysideError('forged_token', 'the token was not made here');
    return id;
  };

  app.get(
    '/api/v1/unsubscribe/:token',
    { schema: { ...schema, summary: 'The page behind the link of an e-mail; changes nothing' } },
    async (request, reply) => {
      deliveryOf(request.params.token);
      const { title, text, button } = words(request);
      return page(
        request,
        reply,
        title,
        `<p>${text}</p><form method="post"><button>${button}</button></form>`,
      );
    },
  );

  app.post(
    '/api/v1/unsubscribe/:token',
    {
      schema: {
        ...schema,
        summary: 'Stop everything for the person who got this e-mail; again changes nothing',
      },
    },
    async (request, reply) => {
      await stopForDelivery(deps, deliveryOf(request.params.token), SOURCE);
      const { done } = words(request);
      return page(request, reply, done, '');
    },
  );
}

type Language = keyof typeof WORDS;

function languageOf({ headers }: Pick<FastifyRequest, 'headers'>): Language {
  const asked = (headers['accept-language'] ?? '').split(',').map((part) => part.trim().slice(0, 2));
  return asked.find((tag): tag is Language => Object.hasOwn(WORDS, tag)) ?? 'en';
}

function words(request: Pick<FastifyRequest, 'headers'>) {
  return WORDS[languageOf(request)];
}

/** Whole and small: it loads nothing, and stands on any screen. */
function page(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  title: string,
  body: string,
): string {
  reply.type('text/html; charset=utf-8');
  return `<!doctype html><html lang="${languageOf(request)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>:root{color-scheme:light dark}body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32em;margin:3em auto;padding:0 1em}button{font:inherit;padding:.6em 1.2em}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
}
