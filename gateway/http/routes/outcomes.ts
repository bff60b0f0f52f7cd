import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { SUPPRESSION_REASONS } from '../../../rules/step.ts';
import { listDecisions } from '../../records/decisions.ts';
import { type Codes, getDelivery, listDeliveries } from '../../records/deliveries.ts';
import type { DeliveryChannel, DeliveryState } from '../../records/schema.ts';
import { listVisits } from '../../records/visits.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';

export const DELIVERY_STATES: readonly DeliveryState[] = [
  'queued',
  'retrying',
  'sent',
  'shown',
  'clicked',
  'dismissed',
  'redeemed',
  'gone',
  'failed',
  'expired',
  'withdrawn',
];

const CHANNELS: readonly DeliveryChannel[] = ['web-push', 'webhook', 'email', 'inbox'];

export const Decision = Type.Object({
  id: Type.String(),
  at: Time,
  rule: Type.String(),
  ruleVersion: Type.Integer(),
  consumer: Type.String(),
  device: Type.String(),
  place: Type.Optional(Type.String()),
  visit: Type.Optional(Type.String()),
  cause: Type.String(),
  outcome: Choice('sent', 'suppressed'),
  reason: Type.Optional(Choice(...SUPPRESSION_REASONS)),
  detail: Type.String(),
  variant: Type.Optional(Type.String({ description: "Of the rule's experiment" })),
  campaign: Type.Optional(Type.String()),
  deliveryId: Type.Optional(Type.String()),
});

export const Delivery = Type.Object({
  id: Type.String(),
  decision: Type.String(),
  rule: Type.String(),
  consumer: Type.String(),
  channel: Choice(...CHANNELS),
  state: Choice(...DELIVERY_STATES),
  attempts: Type.Integer(),
  createdAt: Time,
  sentAt: Type.Optional(Time),
  deliveredAt: Type.Optional(Time),
  shownAt: Type.Optional(Time),
  clickedAt: Type.Optional(Time),
  redeemedAt: Type.Optional(Time),
  reason: Type.Optional(Type.String()),
  variant: Type.Optional(Type.String({ description: "Of the rule's experiment" })),
  campaign: Type.Optional(Type.String()),
});

const DeliveryWithCode = Type.Object({
  ...Delivery.properties,
  code: Type.Optional(
    Type.String({ description: 'The one-time code of the offer; told to admins and marketers alone' }),
  ),
});

export const Visit = Type.Object({
  id: Type.String(),
  device: Type.String(),
  consumer: Type.Optional(Type.String()),
  place: Type.String(),
  enteredAt: Time,
  exitedAt: Type.Optional(Time),
  endedBy: Type.Optional(Choice('exit', 'silence')),
});

const Word = Type.String({ maxLength: 128 });

/** What came of it all: decisions, deliveries, visits. Newest first. */
export function registerOutcomeRoutes(app: HttpApp, { deps: { records } }: RouteContext): void {
  const tags = ['outcomes'];
  const who = { consumer: Type.Optional(Id), rule: Type.Optional(Id), device: Type.Optional(Id) };

  app.get(
    '/api/v1/decisions',
    {
      schema: {
        summary: 'What was decided, and why',
        tags,
        querystring: Closed({
          ...PageQuery,
          ...who,
          reason: Type.Optional(Choice(...SUPPRESSION_REASONS)),
          state: Type.Optional(Choice('sent', 'suppressed')),
        }),
        response: { 200: ListOf(Decision) },
      },
    },
    (request) => listDecisions(records, request.query, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/deliveries',
    {
      schema: {
        summary: 'What became of the offers that were decided on',
        tags,
        querystring: Closed({
          ...PageQuery,
          ...who,
          reason: Type.Optional(Word),
          state: Type.Optional(Choice(...DELIVERY_STATES)),
        }),
        response: { 200: ListOf(DeliveryWithCode) },
      },
    },
    (request) => listDeliveries(records, request.query, pageRequest(request.query), codesFor(request)),
  );

  app.get(
    '/api/v1/deliveries/:id',
    {
      schema: {
        summary: 'What became of one offer',
        tags,
        params: IdParams,
        response: { 200: DeliveryWithCode },
      },
    },
    (request) => getDelivery(records, request.params.id, codesFor(request)),
  );

  app.get(
    '/api/v1/visits',
    {
      schema: {
        summary: 'Stays inside places',
        tags,
        querystring: Closed({
          ...PageQuery,
          consumer: Type.Optional(Id),
          device: Type.Optional(Id),
          place: Type.Optional(Id),
        }),
        response: { 200: ListOf(Visit) },
      },
    },
    (request) => listVisits(records, request.query, pageRequest(request.query)),
  );
}

/** A code is as good as money: analysts count, and need none. */
function codesFor({ identity }: Pick<FastifyRequest, 'identity'>): Codes {
  return identity?.kind === 'staff' && identity.role !== 'analyst' ? 'with codes' : 'without codes';
}
