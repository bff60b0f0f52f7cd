import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import type { ErasureState } from '../../erasure/erase.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy, clearSessionCookie, consumerOf } from '../identity.ts';
import { Choice, IdParams } from '../shapes.ts';

const Erasure = Type.Object({
  state: Choice('erased', 'pending'),
  waitsFor: Type.Array(Choice('telemetry', 'files'), {
    description:
      'The telemetry store is away, or files are still to be overwritten; nobody can read it any more',
  }),
});
const response = { 200: Erasure, 202: Erasure };
const description =
  'With all that is known of them, and the devices that are linked to them with what these reported. 200: all of it is gone, from the files too. 202: the rest goes by itself. How many offers were sent and codes given is still counted, without a name.';

/** Erasure of a person. */
export function registerConsumerErasureRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.delete(
    '/api/v1/consumers/:id',
    {
      schema: { summary: 'Erase a person', description, tags: ['consumers'], params: IdParams, response },
    },
    async (request, reply) =>
      answer(reply, await deps.erasure.consumer(request.params.id, changeBy(deps, request))),
  );

  app.delete(
    '/api/v1/me',
    { schema: { summary: 'Erase me', description, tags: ['consumer page'], response } },
    async (request, reply) => {
      const state = await deps.erasure.consumer(consumerOf(request), changeBy(deps, request));
      clearSessionCookie(reply, 'consumer');
      return answer(reply, state);
    },
  );
}

function answer(reply: FastifyReply, { state, waitsFor }: ErasureState) {
  return reply.code(state === 'erased' ? 200 : 202).send({ state, waitsFor: [...waitsFor] });
}
