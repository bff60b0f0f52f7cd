import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import { getQuality, listQuality } from '../../records/quality.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, readTime, Time } from '../shapes.ts';

const DEFAULT_LIMIT = 100;

const ByName = Type.Record(Type.String(), Type.Integer());
const Counts = {
  readings: Type.Integer({ description: 'Readings that its messages held' }),
  stored: Type.Integer({ description: 'Of them, those that went on to the telemetry store' }),
  issues: Type.Integer({
    description:
      'Late, clock corrected, repeated, refused, of changed kind, or at 0°,0°; a reading may be several',
  }),
  late: Type.Integer(),
  clockCorrected: Type.Integer(),
  clockSkewMs: Nullable(Type.Number({ description: 'Median of how far the corrected clocks were ahead' })),
  duplicates: Type.Integer(),
  nullIsland: Type.Integer({ description: 'Positions of exactly 0°,0°, kept and flagged' }),
  retried: Type.Integer({ description: 'Taken later, out of quarantine' }),
  unknownMetrics: ByName,
  refused: Type.Record(Type.String(), Type.Integer(), { description: 'By quarantine code' }),
  outOfRange: ByName,
  wrongKind: ByName,
  kindChanged: ByName,
  unitConverted: ByName,
  firstSeenAt: Nullable(Time),
  lastSeenAt: Nullable(Time),
};
const Quality = Type.Object({
  device: Id,
  from: Time,
  to: Time,
  ...Counts,
  lastSeen: Type.Record(Type.String(), Time, { description: 'When each was counted last' }),
  days: Type.Array(
    Type.Object({ from: Time, readings: Type.Integer(), stored: Type.Integer(), issues: Type.Integer() }),
    { description: 'Oldest first, UTC; those with readings' },
  ),
});
const Fleet = Type.Object({
  device: Id,
  type: Type.String(),
  issuesPerReading: Type.Number(),
  ...Counts,
});

const { from: From, to: To } = PageQuery;

/** How far what devices say can be trusted. */
export function registerQualityRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['quality'];
  const { records, clock } = deps;

  app.get(
    '/api/v1/devices/:id/quality',
    {
      schema: {
        summary: 'What was wrong with a device’s readings, day by day; 30 days are kept',
        tags,
        params: IdParams,
        querystring: Closed({ from: From, to: To }),
        response: { 200: Quality },
      },
    },
    async (request) => {
      const record = await getQuality(records, request.params.id, periodOf(request.query), clock.now());
      return { ...record, days: [...record.days] };
    },
  );

  app.get(
    '/api/v1/quality',
    {
      schema: {
        summary: 'Devices by issues a reading, the worst first',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Fleet) },
      },
    },
    async (request) => {
      const { limit = DEFAULT_LIMIT, cursor } = request.query;
      const offset = offsetOf(cursor);
      const { items, more } = await listQuality(
        records,
        periodOf(request.query),
        { limit, offset },
        clock.now(),
      );
      return { items: [...items], next: more ? cursorAt(offset + limit) : null };
    },
  );
}

function periodOf(query: { readonly from?: string; readonly to?: string }) {
  return {
    from: query.from === undefined ? undefined : readTime('from', query.from),
    to: query.to === undefined ? undefined : readTime('to', query.to),
  };
}

/** The list's order changes as devices speak, so that a place in it says as much as a key would. */
const CURSOR = /^quality-(\d{1,9})$/;

function cursorAt(offset: number): string {
  return `quality-${offset}`;
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const offset = CURSOR.exec(cursor)?.[1];
  if (offset === undefined) throw new WaysideError('bad_cursor', 'it is not of the list of quality records');
  return Number(offset);
}
