import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { createTill, deleteTill, listTills } from '../../records/tills.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';

const Till = Type.Object({
  id: Id,
  name: Type.String(),
  createdAt: Time,
  lastRedemptionAt: Nullable(Time),
});

/** Tills, and their tokens. */
export function registerTillRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['redemptions'];
  const { records } = deps;

  app.post(
    '/api/v1/tills',
    {
      schema: {
        summary: 'Add a till, or a shop’s server for all of its tills',
        description: 'Its token redeems codes and opens nothing else.',
        tags,
        body: Closed({ id: Id, name: Type.String({ minLength: 1, maxLength: 128 }) }),
        response: {
          201: Type.Object({ id: Id, token: Type.String({ description: 'Shown this once' }) }),
        },
      },
    },
    async (request, reply) => {
      const { id, name } = request.body;
      const token = newToken();
      await createTill(records, { id, name, token }, changeBy(deps, request));
      return reply.code(201).send({ id, token });
    },
  );

  app.get(
    '/api/v1/tills',
    {
      schema: {
        summary: 'List tills',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Till) },
      },
    },
    (request) => listTills(records, pageRequest(request.query)),
  );

  app.delete(
    '/api/v1/tills/:id',
    {
      schema: {
        summary: 'Remove a till; what it redeemed stays redeemed',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteTill(records, request.params.id, changeBy(deps, request));
      return reply.code(204).send(null);
    },
  );
}
