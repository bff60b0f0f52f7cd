import { Type } from '@fastify/type-provider-typebox';
import { isTimezone } from '../../../rules/time/local-time.ts';
import type { Problem } from '../../errors.ts';
import { isMailAddress } from '../../mail/mail-settings.ts';
import { listConsentLog, listConsents, setConsent } from '../../records/consents.ts';
import {
  type ConsumerSettings,
  createConsumer,
  listConsumers,
  requireConsumer,
  updateConsumer,
} from '../../records/consumers.ts';
import { listDevices } from '../../records/devices.ts';
import { countLivePushSubscriptions } from '../../records/push-subscriptions.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { badRequest } from '../refused.ts';
import {
  Closed,
  Id,
  IdParams,
  ListOf,
  Nullable,
  PageQuery,
  Purpose,
  pageRequest,
  QuietHours,
  Time,
} from '../shapes.ts';

const MAX_ATTRIBUTES = 100;
/** Devices shown with a consumer; the list of devices has them all. */
const SHOWN_DEVICES = 100;

const Attributes = Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), {
  maxProperties: MAX_ATTRIBUTES,
  description: 'Whatever rules may ask for, as `consumer.attributes.<name>`',
});
const Timezone = Nullable(Type.String({ maxLength: 64, description: 'IANA zone, such as Europe/Rome' }));

/** What can be said of a consumer; what is left out stays, or is the default. */
const settings = {
  attributes: Type.Optional(Attributes),
  timezone: Type.Optional(Timezone),
  quietHours: Type.Optional(Nullable(QuietHours)),
  email: Type.Optional(
    Nullable(
      Type.String({ maxLength: 254, description: 'For sign-in links, and offers where push is not on' }),
    ),
  ),
  webhook: Type.Optional(Nullable(Id)),
};

const consumerFields = {
  id: Id,
  attributes: Type.Record(Type.String(), Type.Unknown()),
  timezone: Nullable(Type.String()),
  quietHours: Nullable(QuietHours),
  email: Nullable(Type.String()),
  webhook: Nullable(Type.String({ description: 'Where offers go instead of a browser' })),
  createdAt: Time,
};
const Consumer = Type.Object(consumerFields);

export const Consent = Type.Object({
  purpose: Purpose,
  granted: Type.Boolean(),
  source: Type.String(),
  at: Time,
  policyVersion: Nullable(
    Type.Integer({ description: 'Of the consent policy that it was said to; null where that was not noted' }),
  ),
  wording: Nullable(Type.String({ description: 'What was shown; null where that was not noted' })),
});

const ConsumerDetail = Type.Object({
  ...consumerFields,
  consents: Type.Array(Consent),
  devices: Type.Array(Type.Object({ id: Id, type: Type.String() })),
  subscriptions: Type.Integer({ description: 'Browsers that an offer can reach' }),
});

/** Throws `bad_request` for a zone that the platform does not know, for quiet hours that are no hours, an address that is none. */
export function checkSettings({ timezone, quietHours, email }: ConsumerSettings): void {
  const problems: Problem[] = [];
  if (timezone != null && !isTimezone(timezone)) {
    const message = `must be an IANA time zone such as Europe/Rome, found "${timezone}"`;
    problems.push({ path: 'body/timezone', message });
  }
  if (quietHours != null && quietHours.from === quietHours.to) {
    const message = `must not begin and end at the same time, ${quietHours.from}; null is for none`;
    problems.push({ path: 'body/quietHours', message });
  }
  if (email != null && !isMailAddress(email))
    problems.push({ path: 'body/email', message: 'must be one e-mail address such as ada@example.org' });
  if (problems.length > 0) throw badRequest(problems);
}

/** People, and what they agreed to. */
export function registerConsumerRoutes(app: HttpApp, { deps, newId }: RouteContext): void {
  const tags = ['consumers'];
  const { records } = deps;

  app.post(
    '/api/v1/consumers',
    {
      schema: {
        summary: 'Add a consumer',
        description: 'Without `quietHours`, 21:00 to 08:00 are quiet; null for none.',
        tags,
        body: Closed({ id: Type.Optional(Id), ...settings }),
        response: { 201: Consumer },
      },
    },
    async (request, reply) => {
      const { id = newId(), ...given } = request.body;
      checkSettings(given);
      const consumer = await createConsumer(records, id, given, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [id] });
      return reply.code(201).header('location', `/api/v1/consumers/${id}`).send(consumer);
    },
  );

  app.get(
    '/api/v1/consumers',
    {
      schema: {
        summary: 'List consumers',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Consumer) },
      },
    },
    (request) => listConsumers(records, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/consumers/:id',
    {
      schema: {
        summary: 'One consumer, with consents and devices',
        tags,
        params: IdParams,
        response: { 200: ConsumerDetail },
      },
    },
    async (request) => {
      const { id } = request.params;
      const consumer = await requireConsumer(records, id);
      const consents = [...(await listConsents(records, id))];
      const devices = await listDevices(records, { consumer: id }, { limit: SHOWN_DEVICES });
      const subscriptions = await countLivePushSubscriptions(records, id);
      return { ...consumer, consents, devices: [...devices.items], subscriptions };
    },
  );

  app.patch(
    '/api/v1/consumers/:id',
    {
      schema: {
        summary: 'Change what is given, leave the rest',
        tags,
        params: IdParams,
        body: Closed(settings),
        response: { 200: Consumer },
      },
    },
    async (request) => {
      checkSettings(request.body);
      const { id } = request.params;
      const consumer = await updateConsumer(records, id, request.body, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [id] });
      return consumer;
    },
  );

  app.get(
    '/api/v1/consumers/:id/consents',
    {
      schema: {
        summary: 'All that a consumer ever said of consents, newest first',
        tags,
        params: IdParams,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Consent) },
      },
    },
    async (request) => {
      const { id } = request.params;
      await requireConsumer(records, id);
      return listConsentLog(records, id, pageRequest(request.query));
    },
  );

  app.put(
    '/api/v1/consumers/:id/consents/:purpose',
    {
      schema: {
        summary: 'Note that a consumer granted or withdrew a consent',
        tags,
        params: Type.Object({ id: Id, purpose: Purpose }),
        body: Closed({
          granted: Type.Boolean(),
          source: Type.String({ minLength: 1, maxLength: 200 }),
          policyVersion: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
          wording: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })),
        }),
        response: { 200: Consent },
      },
    },
    async (request) => {
      const { id, purpose } = request.params;
      const consent = await setConsent(records, id, { purpose, ...request.body }, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [id] });
      return consent;
    },
  );
}
