import { Type } from '@fastify/type-provider-typebox';
import { getSending, type Sending, saveSending } from '../../records/sending.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Nullable, Time } from '../shapes.ts';

const SendingShape = Type.Object({
  stopped: Type.Boolean({ description: 'Nothing goes out, and nothing is kept to go out later' }),
  note: Nullable(Type.String()),
  changedAt: Nullable(Time),
  changedBy: Nullable(Type.String()),
});

/** The one switch of all sending. */
export function registerSendingRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['delivery'];
  const { records } = deps;
  const shown = ({ stopped, note, changedAt, changedBy }: Sending) => ({
    stopped,
    note,
    changedAt,
    changedBy,
  });

  app.get(
    '/api/v1/sending',
    { schema: { summary: 'Whether offers go out', tags, response: { 200: SendingShape } } },
    async () => shown(await getSending(records)),
  );

  app.put(
    '/api/v1/sending',
    {
      schema: {
        summary: 'Stop all sending at once, or go on',
        description:
          'While it is stopped, each offer that is due is withdrawn with the reason `sending_stopped`, those that wait now among them; none is sent later. Rules go on deciding.',
        tags,
        body: Closed({
          stopped: Type.Boolean(),
          note: Type.Optional(Nullable(Type.String({ maxLength: 500 }))),
        }),
        response: { 200: SendingShape },
      },
    },
    async (request) => {
      const { stopped, note = null } = request.body;
      const sending = await saveSending(records, { stopped, note }, changeBy(deps, request));
      if (stopped) await deps.delivery.withdrawAll('sending_stopped');
      deps.live.publish({ kind: 'sending', sending });
      return shown(sending);
    },
  );
}
