import { Type } from '@fastify/type-provider-typebox';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { WaysideError } from '../../../errors.ts';
import { requireConsumer } from '../../../records/consumers.ts';
import {
  findPasskey,
  listPasskeys,
  MOST_PASSKEYS,
  notePasskeyUsed,
  passkeysOf,
  removePasskey,
  savePasskey,
} from '../../../records/passkeys.ts';
import { browserName } from '../../browser-name.ts';
import { signInConsumer } from '../../consumer-sign-in.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { changeBy, consumerOf, consumerSessionOf } from '../../identity.ts';
import {
  type ChallengePurpose,
  makeChallenge,
  newUserHandle,
  type ReadChallenge,
  readChallenge,
} from '../../passkey-challenge.ts';
import { requirePasskeySite } from '../../passkey-site.ts';
import { Closed, Nullable, Time } from '../../shapes.ts';

const CHALLENGE_MS = 5 * 60_000;
/** Credential ids have at most 1,023 bytes (WebAuthn §4). */
const LONGEST_ID = 1_364;
const LONGEST_NAME = 100;
/** EdDSA, ES256, RS256 (IANA COSE algorithms): what authenticators have, and no experiment of the platform. */
const ALGORITHMS = [-8, -7, -257];

const CredentialId = Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 1, maxLength: LONGEST_ID });
const Passkey = Type.Object({
  id: CredentialId,
  name: Type.String(),
  createdAt: Time,
  lastUsedAt: Nullable(Time),
  backedUp: Type.Boolean({ description: 'It is kept by an account or password manager, beyond this device' }),
});
/** What the browser is given, and what it gives back: WebAuthn's own JSON (§5.1.8, §5.1.9). */
const Options = Type.Unsafe<object>({ type: 'object', additionalProperties: true });
const Credential = Type.Object(
  { id: CredentialId, response: Type.Record(Type.String({ maxLength: 100 }), Type.Unknown()) },
  { additionalProperties: true, description: 'What `navigator.credentials` gave, as JSON' },
);

/** Signing in without anything to remember (WebAuthn, discoverable credentials). */
export function registerMyPasskeyRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps, publicUrl } = context;
  const { records, receiptKey, realNow } = deps;
  const site = () => requirePasskeySite(publicUrl());

  app.post(
    '/api/v1/me/passkeys/options',
    {
      schema: {
        summary: 'Begin to make a passkey',
        description: 'What to give to `navigator.credentials.create`. Good for five minutes, once.',
        tags,
        response: { 200: Options },
      },
    },
    async (request) => {
      const { rpId } = site();
      const consumer = await requireConsumer(records, consumerOf(request));
      const known = await passkeysOf(records, consumer.id);
      if (known.length >= MOST_PASSKEYS)
        throw new WaysideError('too_many', `at most ${MOST_PASSKEYS} passkeys a person`);
      const userHandle = known[0]?.userHandle ?? newUserHandle();
      const purpose = { kind: 'registration', consumer: consumer.id } as const;
      return generateRegistrationOptions({
        rpName: 'Wayside',
        rpID: rpId,
        userName: consumer.email ?? rpId,
        userID: new Uint8Array(Buffer.from(userHandle, 'base64url')),
        challenge: makeChallenge(receiptKey, purpose, userHandle, realNow() + CHALLENGE_MS),
        timeout: CHALLENGE_MS,
        attestationType: 'none',
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      });
    },
  );

  app.post(
    '/api/v1/me/passkeys',
    {
      schema: {
        summary: 'Keep a passkey that the browser made',
        tags,
        body: Closed({
          response: Credential,
          name: Type.Optional(Type.String({ minLength: 1, maxLength: LONGEST_NAME })),
        }),
        response: { 201: Passkey },
      },
    },
    async (request, reply) => {
      const { rpId, origin } = site();
      const consumer = consumerOf(request);
      const challenge = challengeReader({ kind: 'registration', consumer });
      const { registrationInfo } = await verifying(() =>
        verifyRegistrationResponse({
          response: request.body.response as unknown as RegistrationResponseJSON,
          expectedChallenge: challenge.check,
          expectedOrigin: origin,
          expectedRPID: rpId,
          requireUserVerification: false,
          supportedAlgorithmIDs: ALGORITHMS,
        }),
      );
      if (registrationInfo === undefined) throw new WaysideError('bad_passkey', 'the signature is wrong');
      const { credential, credentialBackedUp } = registrationInfo;
      if (credential.id.length > LONGEST_ID) throw new WaysideError('bad_passkey', 'the id is too long');
      const { userHandle, ...answered } = challenge.read();
      const passkey = await savePasskey(
        records,
        consumer,
        {
          id: credential.id,
          userHandle,
          publicKey: credential.publicKey,
          counter: credential.counter,
          transports: knownTransports(credential.transports),
          backedUp: credentialBackedUp,
          name: request.body.name ?? browserName(request.headers['user-agent']) ?? 'Passkey',
        },
        answered,
        realNow(),
        changeBy(deps, request),
      );
      await deps.changed({ kind: 'consumers', ids: [consumer] });
      return reply.code(201).send(passkey);
    },
  );

  app.get(
    '/api/v1/me/passkeys',
    { schema: { summary: 'My passkeys, newest first', tags, response: { 200: Type.Array(Passkey) } } },
    async (request) => [...(await listPasskeys(records, consumerOf(request)))],
  );

  app.delete(
    '/api/v1/me/passkeys/:id',
    {
      schema: {
        summary: 'Forget a passkey; where it signed in is signed out, except here',
        tags,
        params: Type.Object({ id: CredentialId }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { consumerId, sessionId } = consumerSessionOf(request);
      const { id } = request.params;
      if (!(await removePasskey(records, consumerId, id, sessionId, changeBy(deps, request))))
        throw new WaysideError('not_found', 'you have no such passkey');
      await deps.changed({ kind: 'consumers', ids: [consumerId] });
      return reply.code(204).send(null);
    },
  );

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
      const challenge = challengeReader({ kind: 'sign-in' });
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

  /** Checks the challenge for the library, and gives what it held once that was done. */
  function challengeReader(purpose: ChallengePurpose) {
    let found: ReadChallenge | null = null;
    return {
      check(challenge: string): boolean {
        found = readChallenge(receiptKey, purpose, challenge, realNow());
        return found !== null;
      },
      read(): ReadChallenge {
        if (found === null) throw new WaysideError('bad_passkey', 'the challenge is unknown or over');
        return found;
      },
    };
  }
}

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];

/** Hints for the browser, kept as far as they are known words: they come from outside. */
function knownTransports(transports: readonly string[] = []): readonly string[] {
  return TRANSPORTS.filter((known) => transports.includes(known));
}

/** The library throws on whatever is not as it should be: all of it is about what was sent. */
async function verifying<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.slice(0, 200) : 'it cannot be read';
    throw new WaysideError('bad_passkey', detail, { cause });
  }
}
