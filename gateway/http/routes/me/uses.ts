import { Type } from '@fastify/type-provider-typebox';
import { ruleLooksAt, ruleTold } from '../../../explain/rule-told.ts';
import { readsOf } from '../../../records/audit-reads.ts';
import { listDeviceTypes } from '../../../records/device-types.ts';
import { decidingVersions, versionKey } from '../../../records/explain.ts';
import { listNotSent } from '../../../records/not-sent.ts';
import { placeNames } from '../../../records/place-names.ts';
import { ruleUsesOf } from '../../../records/uses.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { consumerOf } from '../../identity.ts';
import { Closed, ListOf, Nullable, PageQuery, Purpose, pageRequest, readTime, Time } from '../../shapes.ts';
import { PlaceTold, RuleTold } from './offers.ts';

const DAY_MS = 86_400_000;
const DEFAULT_USES_MS = 30 * DAY_MS;

const NotSent = Type.Object({
  id: Type.String({ description: 'Of the decision' }),
  at: Time,
  rule: RuleTold,
  place: Type.Optional(PlaceTold),
  reason: Type.String({
    description:
      'A reason of decisions, or why the offer was stopped after it was decided: `no_consent`, `quiet_hours`, `sending_stopped`, `expired` …',
  }),
  detail: Type.String({ description: 'The decision’s own sentence' }),
});

const Uses = Type.Object({
  from: Time,
  rules: Type.Array(
    Type.Object({
      rule: RuleTold,
      purposes: Type.Array(Purpose, { description: 'For what it needs my consent' }),
      reads: Type.Array(Type.String(), { description: 'What of my data it looks at' }),
      sent: Type.Integer(),
      suppressed: Type.Integer(),
      lastAt: Time,
    }),
    { description: 'The one that decided last first' },
  ),
  staff: Type.Array(
    Type.Object({
      at: Time,
      role: Type.String(),
      what: Type.String({ description: 'Such as telemetry, visits, deliveries' }),
      device: Type.Optional(
        Nullable(Type.String({ description: 'Of mine that it was about; null where it was erased' })),
      ),
    }),
    { description: 'When people who work here looked at my data; looks within an hour are told once' },
  ),
});

/** What became of a consumer's data: what was decided by it, and who looked. */
export function registerMyUseRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumer page'];
  const { records } = deps;

  app.get(
    '/api/v1/me/not-sent',
    {
      schema: {
        summary: 'Offers that did not come, and why; newest first',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(NotSent) },
      },
    },
    async (request) => {
      const { items, next } = await listNotSent(records, consumerOf(request), pageRequest(request.query));
      const decisions = items.map(({ decision }) => decision);
      const documents = await decidingVersions(records, decisions);
      const places = await placeNames(
        records,
        decisions.flatMap(({ place }) => place ?? []),
      );
      return {
        items: items.map(({ decision: { id, at, rule, ruleVersion, place, detail }, reason }) => ({
          id,
          at,
          rule: ruleTold(rule, documents.get(versionKey(rule, ruleVersion))),
          ...(place !== undefined && { place: { id: place, name: places.get(place) ?? null } }),
          reason,
          detail,
        })),
        next,
      };
    },
  );

  app.get(
    '/api/v1/me/uses',
    {
      schema: {
        summary: 'Who used my data for what',
        description: 'Since `from`, 30 days ago by default.',
        tags,
        querystring: Closed({ from: PageQuery.from }),
        response: { 200: Uses },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const { from: given } = request.query;
      const from = given === undefined ? deps.clock.now() - DEFAULT_USES_MS : readTime('from', given);
      const uses = await ruleUsesOf(records, consumer, from);
      const documents = await decidingVersions(records, uses);
      const deviceTypes = await listDeviceTypes(records);
      const staff = await readsOf(records, 'consumer', consumer, from);
      return {
        from,
        rules: uses.map(({ rule, ruleVersion, ...counts }) => {
          const document = documents.get(versionKey(rule, ruleVersion));
          const { purposes, reads } = ruleLooksAt(document, deviceTypes);
          return { rule: ruleTold(rule, document), purposes: [...purposes], reads: [...reads], ...counts };
        }),
        staff: [...staff],
      };
    },
  );
}
