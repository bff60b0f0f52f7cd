import { Type } from '@fastify/type-provider-typebox';
import { SUPPRESSION_REASONS } from '../../../rules/step.ts';
import { MINUTE_MS } from '../../../rules/time/duration.ts';
import { explain } from '../../explain/explain.ts';
import { NOT_TRIGGERED_REASONS } from '../../explain/why-not.ts';
import { RULE_STATES } from '../checked-rule.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Choice, Closed, Id, Nullable, readSpan, readTime, Time } from '../shapes.ts';
import { Decision, Delivery, Visit } from './outcomes.ts';

/** To either side of the moment that is asked about. */
const DEFAULT_WINDOW_MS = 15 * MINUTE_MS;
const LONGEST_WINDOW_MS = 24 * 60 * MINUTE_MS;

const Range = Type.Object({
  last: Type.Union([Type.Number(), Type.Boolean(), Type.String()]),
  least: Type.Optional(Type.Number()),
  most: Type.Optional(Type.Number()),
});

const Evidence = Type.Object(
  {
    readings: Type.Integer(),
    positions: Type.Integer(),
    late: Type.Integer({ description: 'Positions that came too late to trigger anything' }),
    coarse: Type.Integer({ description: 'Positions too inaccurate to open or close a visit of the place' }),
    inside: Type.Integer({ description: 'Positions inside the place' }),
    nearestMetres: Nullable(Type.Integer({ description: 'Least distance to the place' })),
    metrics: Type.Record(Type.String(), Range),
    events: Type.Array(Type.String()),
    truncated: Type.Boolean({ description: 'Only the first readings of that time were looked at' }),
  },
  { description: 'What the devices said then' },
);

const Rule = Type.Object({
  rule: Id,
  version: Type.Integer({ description: 'That decided, or was in force then' }),
  name: Type.String(),
  state: Nullable(Choice(...RULE_STATES)),
  verdict: Choice('sent', 'suppressed', 'not_triggered'),
  reason: Type.Optional(Choice(...SUPPRESSION_REASONS, ...NOT_TRIGGERED_REASONS)),
  explanation: Type.String(),
  decision: Type.Optional(Decision),
  decisions: Type.Array(Decision, { description: 'All of that time, oldest first' }),
  delivery: Type.Optional(Delivery),
  condition: Type.Optional(
    Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description:
        'The condition of that version taken apart, `{text, stopped, parts}`: `stopped` marks what the decision names as false or missing',
    }),
  ),
});

const Explanation = Type.Object({
  consumer: Id,
  place: Nullable(Id),
  at: Time,
  from: Time,
  to: Time,
  visits: Type.Array(Visit),
  evidence: Nullable(Evidence),
  rules: Type.Array(Rule),
  omitted: Type.Integer({ description: 'Further rules, none of which decided anything then' }),
});

/** Why a consumer was or was not brought an offer. */
export function registerExplainRoute(app: HttpApp, { deps, zones }: RouteContext): void {
  app.get(
    '/api/v1/explain',
    {
      schema: {
        summary: 'For a consumer, a place and a time: which rules were considered, and what stopped each',
        description:
          'Decisions are told as they were written down then. Rules that decided nothing come with the reason, as far as records tell it. The rules that decided something come first, then those about the place, then those about metrics and events.',
        tags: ['outcomes'],
        querystring: Closed({
          consumer: Id,
          place: Type.Optional(Id),
          at: Type.String({ maxLength: 40, description: 'Epoch ms or ISO 8601' }),
          window: Type.Optional(
            Type.String({
              maxLength: 40,
              description: 'How far to either side of `at`: milliseconds, or ISO 8601; PT15M, at most P1D',
            }),
          ),
        }),
        response: { 200: Explanation },
      },
    },
    async (request) => {
      const { consumer, place = null, window } = request.query;
      const at = readTime('at', request.query.at);
      const windowMs =
        window === undefined
          ? DEFAULT_WINDOW_MS
          : readSpan('window', window, { minMs: 1, maxMs: LONGEST_WINDOW_MS });
      const [from, to] = [at - windowMs, at + windowMs + 1];
      const { records, telemetry } = deps;
      const stores = { records, telemetry, objection: await zones.objection() };
      const { visits, rules, ...rest } = await explain(stores, { consumer, place, from, to }, at);
      return {
        consumer,
        place,
        at,
        from,
        to,
        ...rest,
        evidence: rest.evidence === null ? null : { ...rest.evidence, events: [...rest.evidence.events] },
        visits: [...visits],
        rules: rules.map((rule) => ({ ...rule, decisions: [...rule.decisions] })),
      };
    },
  );
}
