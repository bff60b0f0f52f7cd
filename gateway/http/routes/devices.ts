import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { suggestion } from '../../../rules/nearest-name.ts';
import { WaysideError } from '../../errors.ts';
import {
  createDevice,
  getDevice,
  linkDevice,
  listDevices,
  replaceDeviceToken,
} from '../../records/devices.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';

const Device = Type.Object({ id: Id, type: Type.String(), consumerId: Nullable(Id), createdAt: Time });
const DeviceToken = Type.Object({
  id: Id,
  token: Type.String({ description: 'The MQTT password; shown this once' }),
});

const DeviceType = Type.Object({
  id: Type.String(),
  name: Type.String(),
  mobile: Type.Boolean(),
  metrics: Type.Record(Type.String(), Type.Unsafe<object>({ type: 'object', additionalProperties: true })),
  unknownMetrics: Type.String(),
});

/** Devices, their tokens and their types. */
export function registerDeviceRoutes(app: HttpApp, { deps, newId }: RouteContext): void {
  const tags = ['devices'];
  const { records } = deps;

  app.post(
    '/api/v1/devices',
    {
      schema: {
        summary: 'Register a device',
        tags,
        body: Closed({
          id: Id,
          type: Type.String({ maxLength: 128 }),
          consumerId: Type.Optional(Nullable(Id)),
        }),
        response: { 201: DeviceToken },
      },
    },
    async (request, reply) => {
      const { id, type, consumerId = null } = request.body;
      const types = deps.deviceTypes.map((known) => known.id);
      if (!types.includes(type)) {
        throw new WaysideError(
          'unknown_device_type',
          `"${type}"; there are ${types.join(', ')}. ${suggestion(type, types)}`.trim(),
        );
      }
      const token = newToken();
      const device = { id, type, consumerId, deviceKey: newId(), token };
      await createDevice(records, device, changeBy(deps, request));
      await deps.changed({ kind: 'devices', ids: [id] });
      return reply.code(201).header('location', `/api/v1/devices/${id}`).send({ id, token });
    },
  );

  app.get(
    '/api/v1/devices',
    {
      schema: {
        summary: 'List devices',
        tags,
        querystring: Closed({ ...PageQuery, consumer: Type.Optional(Id), type: Type.Optional(Id) }),
        response: { 200: ListOf(Device) },
      },
    },
    (request) => listDevices(records, request.query, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/devices/:id',
    { schema: { summary: 'One device', tags, params: IdParams, response: { 200: Device } } },
    (request) => getDevice(records, request.params.id),
  );

  app.patch(
    '/api/v1/devices/:id',
    {
      schema: {
        summary: 'Link a device to a consumer, or to nobody',
        tags,
        params: IdParams,
        body: Closed({ consumerId: Nullable(Id) }),
        response: { 200: Device },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { device, before } = await linkDevice(
        records,
        id,
        request.body.consumerId,
        changeBy(deps, request),
      );
      await deps.changed({ kind: 'devices', ids: [id] });
      const owners = [before, device.consumerId].filter((owner) => owner !== null);
      if (owners.length > 0) await deps.changed({ kind: 'consumers', ids: owners });
      return device;
    },
  );

  app.post(
    '/api/v1/devices/:id/token',
    {
      schema: {
        summary: 'Replace the token; open connections are closed',
        tags,
        params: IdParams,
        response: { 201: DeviceToken },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const token = newToken();
      await replaceDeviceToken(records, id, token, changeBy(deps, request));
      await deps.changed({ kind: 'devices', ids: [id] });
      deps.disconnectDevice(id);
      return reply.code(201).send({ id, token });
    },
  );

  app.get(
    '/api/v1/device-types',
    {
      schema: {
        summary: 'What kinds of device there are, and what they measure',
        tags,
        response: { 200: ListOf(DeviceType) },
      },
    },
    async () => ({
      items: deps.deviceTypes.map((type) => ({ ...type, metrics: { ...type.metrics } })),
      next: null,
    }),
  );
}
