import { Type } from '@fastify/type-provider-typebox';
import { DIALECTS, dialectOf } from '../../../broker/dialects.ts';
import { WaysideError } from '../../errors.ts';
import { addAlias, listAliases, removeAlias } from '../../records/device-aliases.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, IdParams, ListOf } from '../shapes.ts';

const MAX_ALIAS_LENGTH = 256;
const FORMS = DIALECTS.flatMap(({ aliasForm }) => aliasForm ?? []).join(', ');

const Alias = Type.String({
  maxLength: MAX_ALIAS_LENGTH,
  description: `What the device is called in another dialect: ${FORMS}`,
});
const DeviceAlias = Type.Object({ alias: Type.String(), dialect: Type.String() });

/** What devices are called in other dialects. */
export function registerDeviceAliasRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['devices'];
  const { records } = deps;
  const url = '/api/v1/devices/:id/aliases';

  app.get(
    url,
    {
      schema: {
        summary: 'What a device is called in other dialects',
        tags,
        params: IdParams,
        response: { 200: ListOf(DeviceAlias) },
      },
    },
    async (request) => ({ items: await listAliases(records, request.params.id), next: null }),
  );

  app.post(
    url,
    {
      schema: {
        summary: 'Register a device under its name in another dialect',
        description:
          'Open connections of the device are closed, and of the edge node that speaks for it: with the next login it may use the topics.',
        tags,
        params: IdParams,
        body: Closed({ alias: Alias }),
        response: { 201: DeviceAlias },
      },
    },
    async (request, reply) => {
      const { alias } = request.body;
      const dialect = dialectOf(alias);
      if (dialect?.isAlias(alias) !== true) {
        throw new WaysideError('bad_alias', `"${alias}" is none of ${FORMS}`);
      }
      const { outdated } = await addAlias(records, request.params.id, alias, changeBy(deps, request));
      await deps.changed({ kind: 'devices', ids: [request.params.id] });
      for (const id of outdated) deps.connections.disconnect(id);
      return reply.code(201).send({ alias, dialect: dialect.name });
    },
  );

  app.delete(
    url,
    {
      schema: {
        summary: 'Take a name of a device back',
        tags,
        params: IdParams,
        querystring: Closed({ alias: Alias }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { outdated } = await removeAlias(records, id, request.query.alias, changeBy(deps, request));
      for (const one of outdated) deps.connections.disconnect(one);
      return reply.code(204).send(null);
    },
  );
}
