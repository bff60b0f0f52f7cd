import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../../errors.ts';
import { removePushSubscription } from '../../../records/push-subscriptions.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { changeBy, consumerOf } from '../../identity.ts';
import { Closed, Id, PushSubscriptionBody } from '../../shapes.ts';
import { subscribe } from '../push-subscriptions.ts';

/** In which browsers a consumer receives offers. */
export function registerMySubscriptionRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps } = context;

  app.post(
    '/api/v1/me/push-subscriptions',
    {
      schema: {
        summary: 'Receive offers in this browser',
        tags,
        body: PushSubscriptionBody,
        response: { 201: Type.Object({ id: Id }) },
      },
    },
    async (request, reply) => {
      const { id } = await subscribe(context, request, consumerOf(request), request.body);
      return reply.code(201).send({ id });
    },
  );

  app.delete(
    '/api/v1/me/push-subscriptions',
    {
      schema: {
        summary: 'Receive no more offers in this browser',
        tags,
        body: Closed({ endpoint: Type.String({ minLength: 1, maxLength: 2_048 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const id = consumerOf(request);
      const change = changeBy(deps, request);
      const removed = await removePushSubscription(deps.records, deps.seal, id, request.body, change);
      if (!removed) throw new WaysideError('not_found', 'this browser is not subscribed');
      await deps.changed({ kind: 'consumers', ids: [id] });
      await deps.pushKeys.dropUnused();
      return reply.code(204).send(null);
    },
  );
}
