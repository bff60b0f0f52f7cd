import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import { countDecisionsByRule, listRuleVersions } from '../../records/rule-history.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { badField } from '../refused.ts';
import { Closed, IdParams, ListOf, readTime, Time } from '../shapes.ts';

const Version = Type.Object({
  version: Type.Integer(),
  savedAt: Time,
  rule: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
});

const Count = Type.Object({
  rule: Type.String(),
  sent: Type.Integer(),
  suppressed: Type.Integer(),
  reasons: Type.Record(Type.String(), Type.Integer()),
});

const DAY_MS = 86_400_000;
/** All decisions of the period are counted; a month of them is what a page may ask for. */
const LONGEST_COUNT_MS = 31 * DAY_MS;

/** What rules were, and how much they decided: for the console's pages of rules. */
export function registerRuleHistoryRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['rules'];
  const { records } = deps;

  app.get(
    '/api/v1/rules/:id/versions',
    {
      schema: {
        summary: 'Every version of a rule, newest first',
        tags,
        params: IdParams,
        querystring: Closed({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
          cursor: Type.Optional(Type.String({ maxLength: 512, description: '`next` of the page before' })),
        }),
        response: { 200: ListOf(Version) },
      },
    },
    (request) => {
      const { cursor, limit } = request.query;
      if (cursor !== undefined && !/^\d{1,9}$/.test(cursor))
        throw new WaysideError('bad_cursor', `"${cursor.slice(0, 40)}"`);
      return listRuleVersions(
        records,
        request.params.id,
        cursor === undefined ? null : Number(cursor),
        limit ?? 100,
      );
    },
  );

  app.get(
    '/api/v1/rule-counts',
    {
      schema: {
        summary: 'How often each rule sent and suppressed within a period',
        description:
          'The last day unless told otherwise, and at most 31 days. Rules that decided nothing are left out.',
        tags,
        querystring: Closed({
          from: Type.Optional(Type.String({ maxLength: 40, description: 'Inclusive; epoch ms or ISO 8601' })),
          to: Type.Optional(Type.String({ maxLength: 40, description: 'Exclusive; epoch ms or ISO 8601' })),
        }),
        response: { 200: Type.Object({ from: Time, to: Time, items: Type.Array(Count) }) },
      },
    },
    async (request) => {
      const to = request.query.to === undefined ? deps.clock.now() : readTime('to', request.query.to);
      const from = request.query.from === undefined ? to - DAY_MS : readTime('from', request.query.from);
      if (to <= from || to - from > LONGEST_COUNT_MS)
        throw badField('query/to', 'must lie after `from`, and at most 31 days after it');
      const items = await countDecisionsByRule(records, from, to);
      return { from, to, items: items.map((item) => ({ ...item, reasons: { ...item.reasons } })) };
    },
  );
}
