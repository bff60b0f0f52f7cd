import { Type } from '@fastify/type-provider-typebox';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { WaysideError } from '../../../errors.ts';
import { findPasskey, notePasskeyUsed } from '../../../records/passkeys.ts';
import { signInConsumer } from '../../consumer-sign-in.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { CHALLENGE_MS, Credential, challengeReader, Options, verifying } from '../../passkey-ceremony.ts';
import { makeChallenge, newUserHandle } from '../../passkey-challenge.ts';
import { requirePasskeySite } from '../../passkey-site.ts';
import { Closed } from '../../shapes.ts';

/** Signing in without anything to remember. */
export function registerPasskeySessionRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps, publicUrl } = context;
  const { records, receiptKey, realNow } = deps;
  const site = () => requirePasskeySite(publicUrl());

  app.post(
    '/api/v1/me/passkey-session/options',
    {
      schema: {
        summary: 'Begin to sign in with a passkey',
        description: 'What to give to `navigator.credentials.get`. Good for five minutes, once.',
        tags,
        response: { 200: Options },
      },
    },
    async () =>
      generateAuthenticationOptions({
        rpID: site().rpId,
        // Nobody says who they are: the authenticator knows (discoverable credentials), and no list tells who has passkeys.
        allowCredentials: [],
        challenge: makeChallenge(receiptKey, { kind: 'sign-in' }, newUserHandle(), realNow() + CHALLENGE_MS),
        timeout: CHALLENGE_MS,
        userVerification: 'preferred',
      }),
  );

  app.post(
    '/api/v1/me/passkey-session',
    {
      schema: {
        summary: 'Sign in with a passkey',
        tags,
        body: Closed({ response: Credential }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { rpId, origin } = site();
      const response = request.body.response as unknown as AuthenticationResponseJSON;
      const passkey = await findPasskey(records, response.id);
      if (passkey === null) throw new WaysideError('bad_passkey', 'the passkey is not known here');
      const challenge = challengeReader(deps, { kind: 'sign-in' });
      const { verified, authenticationInfo } = await verifying(() =>
        verifyAuthenticationResponse({
          response,
          expectedChallenge: challenge.check,
          expectedOrigin: origin,
          expectedRPID: rpId,
          requireUserVerification: false,
          credential: {
            id: passkey.id,
            publicKey: new Uint8Array(passkey.publicKey),
            counter: passkey.counter,
          },
        }),
      );
      const handle = response.response.userHandle;
      // WebAuthn §7.2 step 6: with no name given before, the handle says who it is, and must be there.
      if (!verified || handle !== passkey.userHandle)
        throw new WaysideError('bad_passkey', 'the signature is wrong');
      const { newCounter, credentialBackedUp } = authenticationInfo;
      const used = { counter: newCounter, backedUp: credentialBackedUp };
      await signInConsumer(context, request, reply, async (trx, now) => {
        await notePasskeyUsed(trx, passkey.id, used, challenge.read(), now);
        return { consumerId: passkey.consumerId, openedWith: `passkey:${passkey.id}` };
      });
      return reply.code(204).send(null);
    },
  );
}
