import { Type } from '@fastify/type-provider-typebox';
import { type ConsentPolicy, getConsentPolicy } from '../../../records/consent-policy.ts';
import { listConsents, setConsent, stopEverything } from '../../../records/consents.ts';
import { countConsumerSessions } from '../../../records/consumer-sessions.ts';
import { requireConsumer, updateConsumer } from '../../../records/consumers.ts';
import { listDevices } from '../../../records/devices.ts';
import { countLivePushSubscriptions } from '../../../records/push-subscriptions.ts';
import { readConsentWords } from '../../consent-words.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { changeBy, consumerOf } from '../../identity.ts';
import { Closed, Id, Nullable, Purpose, QuietHours } from '../../shapes.ts';
import { Policy } from '../consent-policy.ts';
import { Consent, checkSettings } from '../consumers.ts';

/** What consents given here are noted to come from. */
const SOURCE = 'consumer-page';
const SHOWN_DEVICES = 100;

const MyConsent = Type.Object({
  ...Consent.properties,
  outdated: Type.Boolean({
    description:
      'It was given to an earlier version of the policy. It stays good; the page asks again at the next visit',
  }),
});

const Me = Type.Object({
  id: Id,
  email: Nullable(Type.String()),
  timezone: Nullable(Type.String()),
  quietHours: Nullable(QuietHours),
  consents: Type.Array(MyConsent, { description: 'A purpose that is not here was never agreed to' }),
  policy: Policy,
  devices: Type.Array(Type.Object({ id: Id, type: Type.String() })),
  vapidPublicKey: Type.String(),
  subscriptions: Type.Integer({ description: 'Browsers that an offer can reach' }),
  sessions: Type.Integer({ description: 'Browsers in which I am signed in' }),
});

const TimezoneField = Type.Optional(Nullable(Type.String({ maxLength: 64 })));

/** What is known of a consumer, and what they decide. */
export function registerMyProfileRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumer page'];
  const { records } = deps;

  app.get(
    '/api/v1/me',
    { schema: { summary: 'What is known of me', tags, response: { 200: Me } } },
    async (request) => {
      const consumer = await requireConsumer(records, consumerOf(request));
      const { id } = consumer;
      const policy = await getConsentPolicy(records);
      const devices = await listDevices(records, { consumer: id }, { limit: SHOWN_DEVICES });
      return {
        id,
        email: consumer.email,
        timezone: consumer.timezone,
        quietHours: consumer.quietHours,
        consents: (await listConsents(records, id)).map((consent) => withAge(consent, policy)),
        policy,
        devices: [...devices.items],
        vapidPublicKey: deps.pushKeys.ring.current.publicKey,
        subscriptions: await countLivePushSubscriptions(records, id),
        sessions: await countConsumerSessions(records, { consumer: id, now: deps.realNow() }),
      };
    },
  );

  app.put(
    '/api/v1/me/consents/:purpose',
    {
      schema: {
        summary: 'Grant or withdraw a consent',
        description:
          'With `policyVersion` and `wording`, what was shown is noted: it must be what the policy in force says of the purpose, in any of its languages, else 409.',
        tags,
        params: Type.Object({ purpose: Purpose }),
        body: Closed({
          granted: Type.Boolean(),
          policyVersion: Type.Optional(Type.Integer({ minimum: 1 })),
          wording: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })),
        }),
        response: { 200: MyConsent },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const { purpose } = request.params;
      const policy = await getConsentPolicy(records);
      const said = { purpose, source: SOURCE, ...readConsentWords(policy, purpose, request.body) };
      const consent = await setConsent(records, consumer, said, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [consumer] });
      return withAge(consent, policy);
    },
  );

  app.put(
    '/api/v1/me/quiet-hours',
    {
      schema: {
        summary: 'Say when no offer may come',
        tags,
        body: Closed({ quietHours: Nullable(QuietHours), timezone: TimezoneField }),
        response: {
          200: Type.Object({ quietHours: Nullable(QuietHours), timezone: Nullable(Type.String()) }),
        },
      },
    },
    async (request) => {
      checkSettings(request.body);
      const id = consumerOf(request);
      const { quietHours, timezone } = await updateConsumer(
        records,
        id,
        request.body,
        changeBy(deps, request),
      );
      await deps.changed({ kind: 'consumers', ids: [id] });
      return { quietHours, timezone };
    },
  );

  app.post(
    '/api/v1/me/stop',
    {
      schema: {
        summary: 'Withdraw every consent and remove every browser',
        tags,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const id = consumerOf(request);
      await stopEverything(records, id, SOURCE, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [id] });
      return reply.code(204).send(null);
    },
  );
}

/** A consent that nobody tied to a version counts as given to an earlier one; what was withdrawn asks for nothing anew. */
function withAge<T extends { readonly granted: boolean; readonly policyVersion: number | null }>(
  consent: T,
  policy: ConsentPolicy,
): T & { readonly outdated: boolean } {
  return { ...consent, outdated: consent.granted && consent.policyVersion !== policy.version };
}
