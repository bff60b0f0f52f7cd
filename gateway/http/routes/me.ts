import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import { listConsents, setConsent, stopEverything } from '../../records/consents.ts';
import { requireConsumer, updateConsumer } from '../../records/consumers.ts';
import { listDevices } from '../../records/devices.ts';
import { listOffers } from '../../records/offers.ts';
import { countLivePushSubscriptions, removePushSubscription } from '../../records/push-subscriptions.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy, consumerOf } from '../identity.ts';
import {
  Choice,
  Closed,
  Id,
  ListOf,
  Nullable,
  PageQuery,
  Purpose,
  PushSubscriptionBody,
  pageRequest,
  QuietHours,
  Time,
} from '../shapes.ts';
import { Consent, checkSettings } from './consumers.ts';
import { DELIVERY_STATES } from './outcomes.ts';
import { subscribe } from './push-subscriptions.ts';

/** What consents given here are noted to come from. */
const SOURCE = 'consumer-page';
const SHOWN_DEVICES = 100;

const Me = Type.Object({
  id: Id,
  timezone: Nullable(Type.String()),
  quietHours: Nullable(QuietHours),
  consents: Type.Array(Consent),
  devices: Type.Array(Type.Object({ id: Id, type: Type.String() })),
  vapidPublicKey: Type.String(),
  subscriptions: Type.Integer({ description: 'Browsers that an offer can reach' }),
});

const Offer = Type.Object({
  id: Type.String(),
  title: Type.String(),
  body: Type.String(),
  url: Type.Optional(Type.String()),
  image: Type.Optional(Type.String()),
  code: Type.Optional(Type.String({ description: 'A code that is this person’s alone' })),
  state: Choice(...DELIVERY_STATES),
  createdAt: Time,
  sentAt: Type.Optional(Time),
  shownAt: Type.Optional(Time),
  clickedAt: Type.Optional(Time),
  expiresAt: Time,
  rule: Type.String({ description: 'Name of the rule' }),
  why: Type.String({ description: 'What led to this offer' }),
});

const TimezoneField = Type.Optional(Nullable(Type.String({ maxLength: 64 })));

/** What a consumer sees and decides of themselves. */
export function registerMeRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps } = context;
  const { records } = deps;
  const NoContent = { 204: Type.Null() };

  app.get(
    '/api/v1/me',
    { schema: { summary: 'What is known of me', tags, response: { 200: Me } } },
    async (request) => {
      const consumer = await requireConsumer(records, consumerOf(request));
      const devices = await listDevices(records, { consumer: consumer.id }, { limit: SHOWN_DEVICES });
      return {
        id: consumer.id,
        timezone: consumer.timezone,
        quietHours: consumer.quietHours,
        consents: [...(await listConsents(records, consumer.id))],
        devices: [...devices.items],
        vapidPublicKey: deps.vapidPublicKey,
        subscriptions: await countLivePushSubscriptions(records, consumer.id),
      };
    },
  );

  app.put(
    '/api/v1/me/consents/:purpose',
    {
      schema: {
        summary: 'Grant or withdraw a consent',
        tags,
        params: Type.Object({ purpose: Purpose }),
        body: Closed({ granted: Type.Boolean() }),
        response: { 200: Consent },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const wanted = { purpose: request.params.purpose, granted: request.body.granted, source: SOURCE };
      const consent = await setConsent(records, consumer, wanted, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [consumer] });
      return consent;
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
    '/api/v1/me/push-subscriptions',
    {
      schema: {
        summary: 'Receive offers in this browser',
        tags,
        body: PushSubscriptionBody,
        response: { 201: Type.Object({ id: Id }) },
      },
    },
    async (request, reply) => {
      const { id } = await subscribe(context, request, consumerOf(request), request.body);
      return reply.code(201).send({ id });
    },
  );

  app.delete(
    '/api/v1/me/push-subscriptions',
    {
      schema: {
        summary: 'Receive no more offers in this browser',
        tags,
        body: Closed({ endpoint: Type.String({ minLength: 1, maxLength: 2_048 }) }),
        response: NoContent,
      },
    },
    async (request, reply) => {
      const id = consumerOf(request);
      const removed = await removePushSubscription(records, deps.seal, id, request.body, changeBy(deps, request));
      if (!removed) throw new WaysideError('not_found', 'this browser is not subscribed');
      await deps.changed({ kind: 'consumers', ids: [id] });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/stop',
    { schema: { summary: 'Withdraw every consent and remove every browser', tags, response: NoContent } },
    async (request, reply) => {
      const id = consumerOf(request);
      await stopEverything(records, id, SOURCE, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [id] });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/me/offers',
    {
      schema: {
        summary: 'Offers that I was made',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Offer) },
      },
    },
    (request) => listOffers(records, consumerOf(request), pageRequest(request.query)),
  );
}
