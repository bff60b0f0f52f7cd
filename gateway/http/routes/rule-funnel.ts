import { Type } from '@fastify/type-provider-typebox';
import { SUPPRESSION_REASONS } from '../../../rules/step.ts';
import { DAY_MS } from '../../../rules/time/duration.ts';
import { type Funnel as FunnelFound, funnelOf } from '../../funnel/funnel.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { badField } from '../refused.ts';
import { Choice, Closed, Id, IdParams, Nullable, readTime, Time } from '../shapes.ts';

const DEFAULT_PERIOD_MS = 7 * DAY_MS;

const Count = Type.Integer();
const counts = {
  triggers: Type.Integer({ description: 'How often the trigger fired for a consumer' }),
  suppressed: Type.Record(Type.String(), Type.Integer(), { description: 'By reason' }),
  sent: Type.Integer({ description: 'Decisions to send' }),
  delivered: Type.Integer({ description: 'Taken by the push service' }),
  shown: Count,
  clicked: Count,
  dismissed: Count,
  redeemed: Count,
  lost: Type.Integer({ description: 'Withdrawn, gone, failed or expired' }),
  waiting: Type.Integer({ description: 'On their way' }),
};

const Arm = Type.Object({
  consumers: Count,
  atPlace: Type.Integer({ description: 'Whose first decision was about a place' }),
  cameAfter: Type.Integer({ description: 'Of these, who came to it (again) within `withinMs`' }),
});

const Experiment = Type.Object({
  treated: Arm,
  holdout: Arm,
  lift: Nullable(
    Type.Object(
      { difference: Type.Number(), low: Type.Number(), high: Type.Number() },
      { description: 'Share of the treated who came, less that of the holdout, with its 95 % interval' },
    ),
  ),
  withinMs: Type.Integer(),
  truncated: Type.Boolean(),
  notes: Type.Array(Type.String(), { description: 'What can be said of it, and what not' }),
});

const Funnel = Type.Object({
  rule: Id,
  from: Time,
  to: Time,
  ...counts,
  steps: Type.Array(Type.Object({ reason: Choice(...SUPPRESSION_REASONS), count: Count, left: Count }), {
    description: 'Reasons in the order in which they are tried, with what is left after each',
  }),
  byVersion: Type.Array(Type.Object({ version: Type.Integer(), ...counts })),
  byVariant: Type.Array(Type.Object({ variant: Nullable(Type.String()), ...counts })),
  experiment: Nullable(Experiment),
});

/** What a rule's triggers came to. */
export function registerRuleFunnelRoute(app: HttpApp, { deps }: RouteContext): void {
  app.get(
    '/api/v1/rules/:id/funnel',
    {
      schema: {
        summary: 'How often a rule was triggered, what stopped it, and what became of its offers',
        description:
          'The last 7 days unless told otherwise. An offer counts in the period in which it was decided, whenever it was clicked. With a holdout, both sides of the experiment stand beside each other, with what can be said of the difference.',
        tags: ['rules'],
        params: IdParams,
        querystring: Closed({
          from: Type.Optional(Type.String({ maxLength: 40, description: 'Inclusive; epoch ms or ISO 8601' })),
          to: Type.Optional(Type.String({ maxLength: 40, description: 'Exclusive; epoch ms or ISO 8601' })),
        }),
        response: { 200: Funnel },
      },
    },
    async (request) => {
      const { id: rule } = request.params;
      // Up to and with this moment: what was decided in it is shown.
      const to = request.query.to === undefined ? deps.clock.now() + 1 : readTime('to', request.query.to);
      const from =
        request.query.from === undefined ? to - DEFAULT_PERIOD_MS : readTime('from', request.query.from);
      if (to <= from) throw badField('query/to', 'must lie after `from`');
      return { rule, from, to, ...funnelShown(await funnelOf(deps.records, { rule, from, to })) };
    },
  );
}

/** Schemas know no lists that can't be written to. */
function funnelShown({ steps, byVersion, byVariant, experiment, suppressed, ...rest }: FunnelFound) {
  return {
    ...rest,
    suppressed: { ...suppressed },
    steps: [...steps],
    byVersion: byVersion.map((counts) => ({ ...counts, suppressed: { ...counts.suppressed } })),
    byVariant: byVariant.map((counts) => ({ ...counts, suppressed: { ...counts.suppressed } })),
    experiment: experiment === null ? null : { ...experiment, notes: [...experiment.notes] },
  };
}
