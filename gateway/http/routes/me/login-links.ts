import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../../broker/credentials.ts';
import { addressKey } from '../../../../broker/peer-address.ts';
import { WaysideError } from '../../../errors.ts';
import { loginMail } from '../../../mail/login-mail.ts';
import { isMailAddress } from '../../../mail/mail-settings.ts';
import { LANGUAGES, type Language } from '../../../records/built-in-wordings.ts';
import { createLoginCode } from '../../../records/login-codes.ts';
import { lookupHash } from '../../../records/sessions.ts';
import { CLAIM_CODE_PATTERN } from '../../claim-code.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { passkeySite } from '../../passkey-site.ts';
import { badField } from '../../refused.ts';
import { createRequestLimit } from '../../request-limit.ts';
import { Choice, Closed } from '../../shapes.ts';
import { BackoffError } from '../../sign-in-backoff.ts';

const LINK_MS = 15 * 60_000;
/** For one e-mail address, known or not. */
const MOST_OF_EMAIL = 5;
/** From one network address; behind a proxy all people share one. */
const MOST_OF_ADDRESS = 100;
/** Asked for and not sent yet; more are refused. */
const MOST_UNDER_WAY = 100;
const BUSY_WAIT_MS = 5_000;
/** One line a minute: anybody can cause them. */
const LOG_EVERY_MS = 60_000;

interface Asked {
  readonly email: string;
  readonly language: Language;
  /** The code of a device that is to be put before the person once they are in. */
  readonly claim: string | null;
}

/** A link by e-mail, for who has nothing else to sign in with here. */
export function registerLoginLinkRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps, publicUrl } = context;
  const { mailer, records, realNow } = deps;
  const ofEmail = createRequestLimit(MOST_OF_EMAIL, LINK_MS, realNow);
  const ofAddress = createRequestLimit(MOST_OF_ADDRESS, LINK_MS, realNow);
  const underWay = new Set<Promise<void>>();
  let loggedAt = -Infinity;

  function complain(about: { readonly reason: string } | { readonly err: unknown }): void {
    if (realNow() - loggedAt < LOG_EVERY_MS) return;
    loggedAt = realNow();
    deps.log.warn(about, 'a sign-in link could not be sent; the next such line is at least a minute away');
  }

  async function send({ email, language, claim }: Asked): Promise<void> {
    try {
      const code = newToken();
      const now = realNow();
      const consumer = await createLoginCode(records, email, code, { now, expiresAt: now + LINK_MS });
      if (consumer === null || mailer === null) return;
      // In the fragment, so that no code reaches a log or a Referer header.
      const url = `${publicUrl()}/me#login=${code}${claim === null ? '' : `&claim=${claim}`}`;
      const outcome = await mailer.send(
        loginMail(email, language, { url, takesDevice: claim !== null, goodForMs: LINK_MS }),
      );
      if (outcome.kind === 'retry' || outcome.kind === 'failed') complain({ reason: outcome.reason });
    } catch (error) {
      complain({ err: error });
    }
  }

  app.addHook('onClose', async () => {
    await Promise.all(underWay);
  });

  app.get(
    '/api/v1/me/sign-in',
    {
      schema: {
        summary: 'By what one can sign in here, beside an invitation',
        tags,
        response: { 200: Type.Object({ mail: Type.Boolean(), passkeys: Type.Boolean() }) },
      },
    },
    async () => ({ mail: mailer !== null, passkeys: passkeySite(publicUrl()) !== null }),
  );

  app.post(
    '/api/v1/me/login-links',
    {
      schema: {
        summary: 'Have a sign-in link sent by e-mail',
        description:
          'Always answers 202, whoever asks for whomever: a link comes if the address is one that is known here. It is good once, for 15 minutes.',
        tags,
        body: Closed({
          email: Type.String({ minLength: 3, maxLength: 254 }),
          language: Type.Optional(Choice(...LANGUAGES)),
          claim: Type.Optional(
            Type.String({
              pattern: CLAIM_CODE_PATTERN,
              description:
                'The code of a device, which the link takes along: it may be opened in another browser. The app asks before it links',
            }),
          ),
        }),
        response: { 202: Type.Object({ expiresInSeconds: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      if (mailer === null) throw new WaysideError('no_mail', 'no mail server is set');
      const email = request.body.email.trim().toLowerCase();
      if (!isMailAddress(email)) throw badField('body/email', 'is not an e-mail address');
      if (underWay.size >= MOST_UNDER_WAY) throw new BackoffError(BUSY_WAIT_MS);
      ofAddress.take(addressKey(request.ip));
      // Of the hash, so that no address is kept of who is not known here.
      ofEmail.take(lookupHash(email));
      const { language = 'en', claim = null } = request.body;
      // Looked up only behind the answer, which so takes as long for an address that nobody has.
      const sending = send({ email, language, claim }).finally(() => underWay.delete(sending));
      underWay.add(sending);
      return reply.code(202).send({ expiresInSeconds: LINK_MS / 1_000 });
    },
  );
}
