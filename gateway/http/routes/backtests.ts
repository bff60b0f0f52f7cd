import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { SUPPRESSION_REASONS } from '../../../rules/step.ts';
import { describeDuration, MINUTE_MS, parseDuration, SECOND_MS } from '../../../rules/time/duration.ts';
import type { BacktestReport } from '../../backtest/report.ts';
import { type BacktestRequest, LONGEST_SPAN_MS } from '../../backtest/request.ts';
import { getRule } from '../../records/rules.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { badField } from '../refused.ts';
import { readRuleDocument } from '../rule-document.ts';
import { Choice, Closed, Id, IdParams, Nullable, parseTime, Time } from '../shapes.ts';

const DEFAULT_WAIT_MS = 10 * SECOND_MS;
const LONGEST_WAIT_MS = MINUTE_MS;

const count = (description?: string) => Type.Integer(description === undefined ? {} : { description });
const Counted = { sent: count(), suppressed: count() };
const Decision = {
  at: Time,
  consumer: Id,
  device: Id,
  place: Type.Optional(Id),
  variant: Type.Optional(Type.String()),
  outcome: Choice('sent', 'suppressed'),
  reason: Type.Optional(Choice(...SUPPRESSION_REASONS)),
  detail: Type.String(),
  title: Type.Optional(Type.String({ description: 'Of an offer that would have been sent' })),
};

const Report = Type.Object({
  id: Id,
  rule: Id,
  ruleVersion: Nullable(Type.Integer({ description: 'Null where the document was not saved' })),
  from: Time,
  to: Time,
  alone: Type.Boolean({ description: 'Whether the other live rules were left out' }),
  state: Choice('waiting', 'running', 'done', 'cancelled', 'failed'),
  progress: Type.Number({ description: '0 to 1; what is counted is whole at 1' }),
  readings: count('Gone through; the warm-up not counted'),
  positions: count(),
  devices: count('Heard in that time, and linked to somebody'),
  consumers: count(),
  consumersReached: count('Whom at least one offer would have been sent to'),
  decisions: Type.Object({
    sent: count(),
    suppressed: Type.Record(Type.String(), Type.Integer(), { description: 'By reason' }),
  }),
  perHour: Type.Array(Type.Object({ at: Time, ...Counted }), { description: 'Hours of UTC' }),
  perPlace: Type.Array(Type.Object({ place: Id, name: Type.String(), ...Counted })),
  perVariant: Type.Array(Type.Object({ variant: Type.String(), ...Counted })),
  otherRules: Type.Object({ rules: count('Live rules that took part'), sent: count() }),
  decisionsSample: Type.Array(Type.Object(Decision)),
  journeys: Type.Unsafe<object>({
    type: 'object',
    additionalProperties: true,
    description:
      'GeoJSON: of a few devices a LineString (`kind: journey`, with `times`), and a Point for each decision (`kind: decision`)',
  }),
  truncated: Type.Object({
    perPlace: Type.Boolean(),
    decisionsSample: Type.Boolean(),
    journeys: Type.Boolean(),
  }),
  notes: Type.Array(Type.String(), { description: 'What was taken as it is now' }),
  error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
});

const TimeOrText = Type.Union([Type.Integer(), Type.String({ maxLength: 40 })], {
  description: 'Epoch ms or ISO 8601 with an offset',
});
const Body = Closed({
  from: TimeOrText,
  to: TimeOrText,
  rule: Type.Optional(
    Type.Unsafe<unknown>({ description: 'A rule document that is not saved; else the saved one is tried' }),
  ),
  alone: Type.Optional(Type.Boolean({ description: 'Leaves the other live rules out' })),
});

/** Trials of rules on what devices said in the past. */
export function registerBacktestRoutes(app: HttpApp, { deps, reads }: RouteContext): void {
  const tags = ['rules'];
  const { backtests, records } = deps;

  app.post(
    '/api/v1/rules/:id/backtest',
    {
      schema: {
        summary: 'Try a rule on stored telemetry',
        description:
          'Decides as the rule would have decided, with caps, consents, quiet hours and holdout at the time, beside the other live rules. Nothing is sent. Answers 202 and Location where it takes longer than `wait` (PT10S, at most PT60S). At most 400 days; two run at a time, ten wait.',
        tags,
        params: IdParams,
        querystring: Closed({ wait: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601' })) }),
        body: Body,
        response: { 200: Report, 202: Report },
      },
    },
    async (request, reply) => {
      const waitMs = readWait(request.query.wait);
      const span = readSpan(request.body);
      const wanted = await ruleOf(request.params.id, request.body.rule);
      const { id } = backtests.begin({ ...wanted, ...span, alone: request.body.alone ?? false });
      const report = await backtests.wait(id, waitMs);
      const hasEnded = report.endedAt !== null;
      if (!hasEnded) reply.header('location', `/api/v1/backtests/${id}`);
      return reply.code(hasEnded ? 200 : 202).send(await shownTo(request, report));
    },
  );

  app.get(
    '/api/v1/backtests/:id',
    {
      schema: {
        summary: 'How far a backtest is, and what it found',
        description: 'The newest 20 are kept, until the gateway stops.',
        tags,
        params: IdParams,
        querystring: Closed({ wait: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601' })) }),
        response: { 200: Report },
      },
    },
    async (request) => {
      const { wait } = request.query;
      const { id } = request.params;
      const report = wait === undefined ? backtests.report(id) : await backtests.wait(id, readWait(wait));
      return shownTo(request, report);
    },
  );

  app.delete(
    '/api/v1/backtests/:id',
    {
      schema: {
        summary: 'Cancel a backtest',
        description: 'What it had found stays; one that has ended stays as it is.',
        tags,
        params: IdParams,
        response: { 200: Report },
      },
    },
    (request) => shownTo(request, backtests.cancel(request.params.id)),
  );

  async function ruleOf(
    id: string,
    unsaved: unknown,
  ): Promise<Pick<BacktestRequest, 'ruleId' | 'document' | 'version'>> {
    if (unsaved === undefined) {
      const { document, version } = await getRule(records, id);
      return { ruleId: id, document, version };
    }
    const { document } = await readRuleDocument(deps, id, unsaved);
    return { ruleId: id, document, version: null };
  }

  /** A report tells what was decided about some people, and where they were: whoever gets it has looked at them. */
  async function shownTo(
    { identity }: Pick<FastifyRequest, 'identity'>,
    report: BacktestReport,
  ): Promise<Static<typeof Report>> {
    if (report.decisionsSample.length > 0) await reads.note(identity, 'backtest', { kind: 'everybody' });
    for (const { properties } of report.journeys.features) {
      if (properties.kind !== 'journey') continue;
      await reads.note(identity, 'backtest', { kind: 'device', id: properties.device });
    }
    // The schema's types are mutable, and know nothing of GeoJSON.
    return report as unknown as Static<typeof Report>;
  }
}

function readWait(text: string | undefined): number {
  if (text === undefined) return DEFAULT_WAIT_MS;
  const waitMs = parseDuration(text);
  if (waitMs === null || waitMs > LONGEST_WAIT_MS)
    throw badField('query/wait', `must be an ISO 8601 duration of at most PT60S, such as PT30S`);
  return waitMs;
}

function readSpan(body: Static<typeof Body>): { readonly from: number; readonly to: number } {
  const [from, to] = [readAt('from', body.from), readAt('to', body.to)];
  if (to <= from) throw badField('body/to', 'must be later than from');
  if (to - from > LONGEST_SPAN_MS)
    throw badField('body/to', `must be at most ${describeDuration(LONGEST_SPAN_MS)} after from`);
  return { from, to };
}

function readAt(name: string, value: number | string): number {
  const at = typeof value === 'number' ? value : parseTime(value);
  if (at === null || at < 0 || !Number.isSafeInteger(at))
    throw badField(
      `body/${name}`,
      'must be epoch milliseconds, or ISO 8601 with an offset, such as 2026-05-01T08:00:00Z',
    );
  return at;
}
