import { Type } from '@fastify/type-provider-typebox';
import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { WaysideError } from '../../../errors.ts';
import { requireConsumer } from '../../../records/consumers.ts';
import {
  listPasskeys,
  MOST_PASSKEYS,
  passkeysOf,
  removePasskey,
  renamePasskey,
  savePasskey,
} from '../../../records/passkeys.ts';
import { browserName } from '../../browser-name.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { changeBy, consumerOf, consumerSessionOf } from '../../identity.ts';
import {
  CHALLENGE_MS,
  Credential,
  CredentialId,
  challengeReader,
  LONGEST_ID,
  Options,
  verifying,
} from '../../passkey-ceremony.ts';
import { makeChallenge, newUserHandle } from '../../passkey-challenge.ts';
import { requirePasskeySite } from '../../passkey-site.ts';
import { Closed, Nullable, Time } from '../../shapes.ts';

/** In what a person calls it something must be to be seen. */
const PasskeyName = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' });
/** EdDSA, ES256, RS256 (IANA COSE algorithms): what authenticators have, and no experiment of the platform. */
const ALGORITHMS = [-8, -7, -257];

const NO_SUCH = 'you have no such passkey';

const Passkey = Type.Object({
  id: CredentialId,
  name: Type.String(),
  createdAt: Time,
  lastUsedAt: Nullable(Time),
  backedUp: Type.Boolean({ description: 'It is kept by an account or password manager, beyond this device' }),
});

/** A person's passkeys (WebAuthn, discoverable credentials): made, listed, renamed, forgotten. */
export function registerMyPasskeyRoutes(app: HttpApp, { deps, publicUrl }: RouteContext): void {
  const tags = ['consumer page'];
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
          name: Type.Optional(PasskeyName),
        }),
        response: { 201: Passkey },
      },
    },
    async (request, reply) => {
      const { rpId, origin } = site();
      const consumer = consumerOf(request);
      const challenge = challengeReader(deps, { kind: 'registration', consumer });
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
          name: request.body.name?.trim() ?? browserName(request.headers['user-agent']) ?? 'Passkey',
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

  app.patch(
    '/api/v1/me/passkeys/:id',
    {
      schema: {
        summary: 'Give a passkey another name',
        tags,
        params: Type.Object({ id: CredentialId }),
        body: Closed({ name: PasskeyName }),
        response: { 200: Passkey },
      },
    },
    async (request) => {
      const { id } = request.params;
      const name = request.body.name.trim();
      const renamed = await renamePasskey(records, consumerOf(request), id, name, changeBy(deps, request));
      if (renamed === null) throw new WaysideError('not_found', NO_SUCH);
      return renamed;
    },
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
        throw new WaysideError('not_found', NO_SUCH);
      await deps.changed({ kind: 'consumers', ids: [consumerId] });
      return reply.code(204).send(null);
    },
  );
}

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];

/** Hints for the browser, kept as far as they are known words: they come from outside. */
function knownTransports(transports: readonly string[] = []): readonly string[] {
  return TRANSPORTS.filter((known) => transports.includes(known));
}
