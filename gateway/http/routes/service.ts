import { Type } from '@fastify/type-provider-typebox';
import type { HttpApp, RouteContext } from '../context.ts';
import type { PartHealth } from '../dependencies.ts';
import { Time } from '../shapes.ts';

const Readiness = Type.Object({
  ready: Type.Boolean(),
  notReady: Type.Array(Type.String(), {
    description: 'Names of the parts without which devices are not served',
  }),
  degraded: Type.Array(Type.String(), {
    description: 'Names of the parts that are made up for later: messages are taken and kept meanwhile',
  }),
  parts: Type.Record(
    Type.String(),
    Type.Object({
      ok: Type.Boolean(),
      degraded: Type.Optional(Type.Literal(true)),
      detail: Type.Optional(Type.String()),
      backlog: Type.Optional(
        Type.Object({
          numbers: Type.Number({ description: 'Numbers of the journal; an array of readings has 1,000' }),
          bytes: Type.Number(),
          lagMs: Type.Number({ description: 'Since the oldest of it arrived' }),
        }),
      ),
    }),
  ),
});

/** Alive, ready, metrics. */
export function registerServiceRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['service'];

  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Whether the process lives, and its clock',
        tags,
        response: { 200: Type.Object({ status: Type.Literal('ok'), now: Time, timeScale: Type.Number() }) },
      },
    },
    async () => ({ status: 'ok' as const, now: deps.clock.now(), timeScale: deps.clock.timeScale }),
  );

  app.get(
    '/readyz',
    { schema: { summary: 'Whether every part works', tags, response: { 200: Readiness, 503: Readiness } } },
    async (_request, reply) => {
      const health = await deps.health();
      const unwell = Object.keys(health).filter((name) => health[name]?.ok !== true);
      const degraded = unwell.filter((name) => isDegraded(health[name]));
      const notReady = unwell.filter((name) => !degraded.includes(name));
      const parts = Object.fromEntries(Object.entries(health).map(([name, part]) => [name, { ...part }]));
      return reply
        .code(notReady.length === 0 ? 200 : 503)
        .send({ ready: notReady.length === 0, notReady, degraded, parts });
    },
  );

  app.get(
    '/metrics',
    { schema: { summary: 'Counters for Prometheus', tags, response: { 200: Type.String() } } },
    async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.metrics()),
  );
}

function isDegraded(part: PartHealth | undefined): boolean {
  return part !== undefined && !part.ok && part.degraded === true;
}
