import { Type } from '@fastify/type-provider-typebox';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { IdParams } from '../shapes.ts';

const Erasing = Type.Object({
  state: Type.Literal('erasing', {
    description:
      'It can be read no more; the telemetry store is away or busy, and deletes it as soon as it can',
  }),
});

/** Erasure of one device. */
export function registerDeviceErasureRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.delete(
    '/api/v1/devices/:id',
    {
      schema: {
        summary: 'Erase a device with all that it reported',
        description:
          'It is disconnected, and its telemetry, visits, quarantine, commands and configuration are deleted. 204: all of it is gone. 202: its telemetry goes as soon as the store can. Decisions and deliveries stay.',
        tags: ['devices'],
        params: IdParams,
        response: { 202: Erasing, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { state } = await deps.erasure.device(request.params.id, changeBy(deps, request));
      return state === 'erased' ? reply.code(204).send(null) : reply.code(202).send({ state: 'erasing' });
    },
  );
}
