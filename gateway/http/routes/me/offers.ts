import { Type } from '@fastify/type-provider-typebox';
import { ruleTold } from '../../../explain/rule-told.ts';
import { whyOffer } from '../../../explain/why-offer.ts';
import { applyReceipt, RECEIPT_KINDS } from '../../../records/deliveries.ts';
import { listFewer, wantAsUsual, wantFewer } from '../../../records/fewer.ts';
import { getOffer, listOffers } from '../../../records/offers.ts';
import { ruleDocuments } from '../../../records/rule-documents.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { changeBy, consumerOf } from '../../identity.ts';
import { Choice, Closed, Id, ListOf, Nullable, PageQuery, Purpose, pageRequest, Time } from '../../shapes.ts';
import { DELIVERY_STATES } from '../outcomes.ts';

const offerFields = {
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
};

const Offer = Type.Object({
  ...offerFields,
  rule: Type.String({ description: 'Name of the rule' }),
  why: Type.String({ description: 'What led to this offer' }),
});

export const RuleTold = Type.Object({ id: Id, name: Type.String() });
export const PlaceTold = Type.Object({
  id: Id,
  name: Nullable(Type.String({ description: 'Null where the place is no more' })),
});

const Why = Type.Object({
  device: Nullable(
    Type.Object({
      id: Id,
      type: Nullable(Type.String({ description: 'Null where the device is not mine any more' })),
    }),
  ),
  place: Nullable(PlaceTold),
  trigger: Nullable(
    Type.Object(
      {
        on: Choice('enter', 'exit', 'dwell', 'approach', 'pass', 'metric', 'event'),
        what: Type.Optional(Type.String({ description: 'Name of the metric or event' })),
      },
      { description: 'Null where the version of the rule cannot be read any more' },
    ),
  ),
  purposes: Type.Array(
    Type.Object({
      purpose: Purpose,
      grantedAt: Nullable({ ...Time, description: 'Of the consent that held then' }),
      policyVersion: Nullable(Type.Integer()),
    }),
  ),
  reads: Type.Array(Type.String(), {
    description:
      'What of my data the rule looked at: `place`, `position`, `metrics.fuel`, `event.purchase` …',
  }),
  rule: RuleTold,
  variant: Type.Optional(Type.String()),
  detail: Type.String({ description: 'The decision’s own sentence' }),
});

const FewerLevel = Type.Unsafe<1 | 2>({
  type: 'integer',
  enum: [1, 2],
  description: '1: at most one a week; 2: none',
});

const OfferWithWhy = Type.Object({ ...offerFields, why: Why, fewer: Nullable(FewerLevel) });

const OfferParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const NoContent = { 204: Type.Null() };

/** What a consumer was offered, why, and what they think of it. */
export function registerMyOfferRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumer page'];
  const { records } = deps;

  app.get(
    '/api/v1/me/offers',
    {
      schema: {
        summary: 'Offers that reached me, newest first, by whichever channel',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Offer) },
      },
    },
    (request) => listOffers(records, consumerOf(request), pageRequest(request.query)),
  );

  app.get(
    '/api/v1/me/offers/:id',
    {
      schema: {
        summary: 'One offer, and why I got it',
        tags,
        params: OfferParams,
        response: { 200: OfferWithWhy },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const { offer, decision } = await getOffer(records, consumer, request.params.id);
      const wants = (await listFewer(records, consumer)).find(({ rule }) => rule === decision.rule);
      const why = await whyOffer(records, consumer, decision);
      return {
        ...offer,
        why: { ...why, purposes: [...why.purposes], reads: [...why.reads] },
        fewer: wants?.level ?? null,
      };
    },
  );

  app.post(
    '/api/v1/me/offers/:id/receipt',
    {
      schema: {
        summary:
          'Tell that an offer was shown, clicked or dismissed in the app; telling it again changes nothing',
        tags,
        params: OfferParams,
        body: Closed({ kind: Choice(...RECEIPT_KINDS) }),
        response: NoContent,
      },
    },
    async (request, reply) => {
      const consumer = consumerOf(request);
      const { offer } = await getOffer(records, consumer, request.params.id);
      const delivery = await applyReceipt(records, offer.id, request.body.kind, deps.clock.now());
      if (delivery !== null) {
        deps.live.publish({ kind: 'delivery', delivery });
        await deps.changed({ kind: 'consumers', ids: [consumer] });
      }
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/offers/:id/fewer',
    {
      schema: {
        summary: 'Fewer like this: at most one a week of its rule, or none; asking again changes nothing',
        tags,
        params: OfferParams,
        body: Closed({ level: FewerLevel }),
        response: { 200: Type.Object({ rule: RuleTold, level: FewerLevel }) },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const { rule, level } = await wantFewer(
        records,
        consumer,
        request.params.id,
        request.body.level,
        changeBy(deps, request),
      );
      await deps.changed({ kind: 'consumers', ids: [consumer] });
      const documents = await ruleDocuments(records, [rule]);
      return { rule: ruleTold(rule, documents.get(rule)), level };
    },
  );

  app.get(
    '/api/v1/me/fewer',
    {
      schema: {
        summary: 'Of which rules I want fewer offers',
        tags,
        response: { 200: Type.Array(Type.Object({ rule: RuleTold, level: FewerLevel })) },
      },
    },
    async (request) => {
      const wanted = await listFewer(records, consumerOf(request));
      const documents = await ruleDocuments(
        records,
        wanted.map(({ rule }) => rule),
      );
      return wanted.map(({ rule, level }) => ({ rule: ruleTold(rule, documents.get(rule)), level }));
    },
  );

  app.delete(
    '/api/v1/me/fewer/:rule',
    {
      schema: {
        summary: 'Offers of this rule as usual again',
        tags,
        params: Type.Object({ rule: Id }),
        response: NoContent,
      },
    },
    async (request, reply) => {
      const consumer = consumerOf(request);
      await wantAsUsual(records, consumer, request.params.rule, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [consumer] });
      return reply.code(204).send(null);
    },
  );
}
