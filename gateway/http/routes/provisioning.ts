import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { createFleetKey, listFleetKeys, provisionDevice, revokeFleetKey } from '../../records/fleet-keys.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';
import { UserToken } from './token-shapes.ts';

const MOST_DEVICES = 1_000_000;

const Settings = {
  id: Id,
  type: Type.String({ maxLength: 128, description: 'Device type of all that come in with it' }),
  idPrefix: Type.String({
    pattern: '^[A-Za-z0-9._:-]{0,127}$',
    description: 'What the id of each device begins with; empty for any',
  }),
  maxDevices: Type.Integer({ minimum: 1, maximum: MOST_DEVICES }),
  expiresAt: Nullable({ ...Time, description: 'Real time, epoch milliseconds; null for never' }),
};
const FleetKey = Type.Object({
  ...Settings,
  devices: Type.Integer({ description: 'How many came in with it' }),
  createdAt: Time,
});

/** First contact: fleet keys, and what a device posts that speaks HTTP before it speaks MQTT. */
export function registerProvisioningRoutes(app: HttpApp, { deps, newId }: RouteContext): void {
  const tags = ['provisioning'];
  const { records } = deps;

  app.post(
    '/api/v1/fleet-keys',
    {
      schema: {
        summary: 'Make a fleet key',
        description:
          'With it, devices that nobody registered come in: with their id as MQTT user name and the key as password, or by `POST /api/v1/provision`.',
        tags,
        body: Closed({
          ...Settings,
          idPrefix: Type.Optional(Settings.idPrefix),
          expiresAt: Type.Optional(Settings.expiresAt),
        }),
        response: {
          201: Type.Object({
            ...FleetKey.properties,
            key: Type.String({ description: 'Shown this once' }),
          }),
        },
      },
    },
    async (request, reply) => {
      const { idPrefix = '', expiresAt = null, ...rest } = request.body;
      if (expiresAt !== null && expiresAt <= deps.realNow())
        throw invalidDocument([{ path: 'expiresAt', message: 'must lie in the future' }]);
      const key = newToken();
      const made = await createFleetKey(
        records,
        { ...rest, idPrefix, expiresAt, key },
        changeBy(deps, request),
      );
      return reply.code(201).send({ ...made, key });
    },
  );

  app.get(
    '/api/v1/fleet-keys',
    {
      schema: {
        summary: 'List fleet keys',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(FleetKey) },
      },
    },
    (request) => listFleetKeys(records, pageRequest(request.query)),
  );

  app.delete(
    '/api/v1/fleet-keys/:id',
    {
      schema: {
        summary: 'Revoke a fleet key',
        description: 'Devices that used no token of their own yet are disconnected; all others stay.',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await revokeFleetKey(records, id, changeBy(deps, request));
      deps.connections.disconnectFleet(id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/provision',
    {
      schema: {
        summary: 'First contact of a device, with a fleet key',
        description:
          'Gives the device its own token. It may ask again, and gets another token, until it has logged in with one.',
        tags,
        body: Closed({ id: Id, key: Type.String({ minLength: 1, maxLength: 256 }) }),
        response: { 201: UserToken },
      },
    },
    async (request, reply) => {
      // No waiting for who tries too often: nobody guesses 256 bits, and a fleet may share one address.
      const { id, key } = request.body;
      const token = newToken();
      const contact = { id, key, deviceKey: newId(), token, renew: true };
      const { isNew } = await provisionDevice(records, contact, deps.realNow(), deps.clock.now());
      if (isNew) await deps.changed({ kind: 'devices', ids: [id] });
      return reply.code(201).send({ id, token });
    },
  );
}
