import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { createDevice, getDevice, linkDevice, listDevices } from '../../records/devices.ts';
import { NEVER_SEEN } from '../../records/presence.ts';
import { revokeDevice } from '../../records/tokens.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';
import { PresenceShape, withPresence } from './presence.ts';
import { endOldTokens, renewToken } from './renewed-token.ts';
import { RenewedToken, TokenRequest, UserToken } from './token-shapes.ts';

const Device = Type.Object({
  id: Id,
  type: Type.String(),
  consumerId: Nullable(Id),
  createdAt: Time,
  revokedAt: Nullable({ ...Time, description: 'Real time since when it may not log in' }),
  awaitsToken: Type.Boolean({ description: 'Came in by a fleet key, and has used no token of its own yet' }),
});

const PresentDevice = Type.Object({ ...Device.properties, presence: PresenceShape });

/** Devices and their tokens. */
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
        response: { 201: UserToken },
      },
    },
    async (request, reply) => {
      const { id, type, consumerId = null } = request.body;
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
        response: { 200: ListOf(PresentDevice) },
      },
    },
    async (request) => {
      const { items, next } = await listDevices(records, request.query, pageRequest(request.query));
      return { items: await withPresence(deps.downlink, items), next };
    },
  );

  app.get(
    '/api/v1/devices/:id',
    { schema: { summary: 'One device', tags, params: IdParams, response: { 200: PresentDevice } } },
    async (request) => {
      const device = await getDevice(records, request.params.id);
      const [present] = await withPresence(deps.downlink, [device]);
      return present ?? { ...device, presence: NEVER_SEEN };
    },
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
        summary: 'Give a device a new token',
        description:
          'The old token stays good for a day, or as long as `overlapSeconds` says; connections that used it are closed then. A device that was revoked may log in again, with the new token.',
        tags,
        params: IdParams,
        body: TokenRequest,
        response: { 201: RenewedToken },
      },
    },
    async (request, reply) => {
      const renewed = await renewToken(deps, request, 'device', request.params.id, request.body);
      return reply.code(201).send(renewed);
    },
  );

  app.delete(
    '/api/v1/devices/:id/old-tokens',
    {
      schema: {
        summary: 'End the old tokens of a device before their time',
        description: 'Connections that used them are closed.',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await endOldTokens(deps, request, 'device', request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/devices/:id/token',
    {
      schema: {
        summary: 'Revoke a device: it is disconnected, and kept out until it gets a new token',
        description: 'Also by client certificate and fleet key.',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await revokeDevice(records, id, deps.realNow(), changeBy(deps, request));
      deps.connections.disconnect(id);
      return reply.code(204).send(null);
    },
  );
}
