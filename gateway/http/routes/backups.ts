import { Type } from '@fastify/type-provider-typebox';
import { MINUTE_MS, parseDuration } from '../../../rules/time/duration.ts';
import { writeAudit } from '../../records/audit.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { badField } from '../refused.ts';
import { Choice, Closed, Nullable, Time } from '../shapes.ts';

const LONGEST_WAIT_MS = MINUTE_MS;

const Report = Type.Object({
  name: Type.String(),
  path: Type.String({ description: 'On the machine of the gateway' }),
  state: Choice('running', 'done', 'failed'),
  startedAt: Time,
  endedAt: Nullable(Time),
  doneBytes: Type.Integer(),
  totalBytes: Type.Integer({ description: 'An estimate while it runs' }),
  error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
});

const Params = Closed({ id: Type.String({ pattern: '^[0-9TZ-]{1,40}$', description: 'Name of a backup' }) });

/** Copies of the data directory, for `npm run backup`. */
export function registerBackupRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['service'];
  const { backups, records } = deps;

  app.post(
    '/api/v1/backups',
    {
      schema: {
        summary: 'Back up the data directory',
        description:
          'Writes a consistent copy into `backups` of the data directory while everything goes on. It holds all that was acknowledged before, and every key. `npm run backup` takes it where it is to be.',
        tags,
        response: { 202: Report },
      },
    },
    async (request, reply) => {
      const report = backups.begin();
      await writeAudit(records, changeBy(deps, request), 'backup.begun', report.name);
      return reply.code(202).header('location', `/api/v1/backups/${report.name}`).send(report);
    },
  );

  app.get(
    '/api/v1/backups',
    {
      schema: {
        summary: 'Backups in the data directory',
        tags,
        response: { 200: Type.Object({ items: Type.Array(Report) }) },
      },
    },
    async () => ({ items: [...(await backups.list())] }),
  );

  app.get(
    '/api/v1/backups/:id',
    {
      schema: {
        summary: 'How far a backup is',
        tags,
        params: Params,
        querystring: Closed({
          wait: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, at most PT60S' })),
        }),
        response: { 200: Report },
      },
    },
    async (request) => backups.wait(request.params.id, readWait(request.query.wait)),
  );

  app.delete(
    '/api/v1/backups/:id',
    { schema: { summary: 'Delete a backup', tags, params: Params, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await backups.remove(request.params.id);
      await writeAudit(records, changeBy(deps, request), 'backup.deleted', request.params.id);
      return reply.code(204).send(null);
    },
  );
}

function readWait(text: string | undefined): number {
  const waitMs = text === undefined ? 0 : parseDuration(text);
  if (waitMs !== null && waitMs <= LONGEST_WAIT_MS) return waitMs;
  throw badField('query/wait', 'must be an ISO 8601 duration of at most PT60S');
}
