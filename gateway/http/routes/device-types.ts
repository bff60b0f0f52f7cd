import { Type } from '@fastify/type-provider-typebox';
import { parseDeviceType } from '../../../rules/readings/device-type.ts';
import {
  deleteDeviceType,
  getDeviceType,
  listDeviceTypes,
  saveDeviceType,
} from '../../records/device-types.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readNamedDocument } from '../named-document.ts';
import { IdParams, ListOf } from '../shapes.ts';

const DeviceType = Type.Object({
  id: Type.String(),
  name: Type.String(),
  mobile: Type.Boolean(),
  metrics: Type.Record(Type.String(), Type.Unsafe<object>({ type: 'object', additionalProperties: true })),
  unknownMetrics: Type.String(),
  retentionDays: Type.Optional(Type.Number({ description: 'Older readings are deleted; left out: never' })),
});

/** Kinds of device as data: what they measure, and what to do with what they should not. */
export function registerDeviceTypeRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['devices'];
  const { records } = deps;

  app.get(
    '/api/v1/device-types',
    {
      schema: {
        summary: 'What kinds of device there are, and what they measure',
        tags,
        response: { 200: ListOf(DeviceType) },
      },
    },
    async () => {
      const types = await listDeviceTypes(records);
      return { items: types.map((type) => ({ ...type, metrics: { ...type.metrics } })), next: null };
    },
  );

  app.get(
    '/api/v1/device-types/:id',
    { schema: { summary: 'One device type', tags, params: IdParams, response: { 200: DeviceType } } },
    async (request) => ({ ...(await getDeviceType(records, request.params.id)) }),
  );

  app.put(
    '/api/v1/device-types/:id',
    {
      schema: {
        summary: 'Save a device type',
        description:
          '`{name, mobile, metrics: {name: {unit, kind, min, max, sensitivity}}, unknownMetrics, retentionDays}`: kind `number`, `boolean` or `string`; sensitivity `none`, `location` or `health`; unknownMetrics `keep`, `drop` or `quarantine`. Readings that come from now on are judged by it. Refused where a rule that is live or paused would not be understood any more.',
        tags,
        params: IdParams,
        body: Type.Unsafe<unknown>({ description: 'A device type' }),
        response: { 200: DeviceType, 201: DeviceType },
      },
    },
    async (request, reply) => {
      const type = readNamedDocument('id', request.params.id, request.body, parseDeviceType);
      const isNew = await saveDeviceType(records, type, changeBy(deps, request));
      await deps.changed({ kind: 'device-types' });
      return reply.code(isNew ? 201 : 200).send({ ...type, metrics: { ...type.metrics } });
    },
  );

  app.delete(
    '/api/v1/device-types/:id',
    {
      schema: {
        summary: 'Remove a device type that nothing uses',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteDeviceType(records, request.params.id, changeBy(deps, request));
      await deps.changed({ kind: 'device-types' });
      return reply.code(204).send(null);
    },
  );
}
