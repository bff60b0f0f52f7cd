import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { type DeviceConfig, getDeviceConfig, MAX_CONFIG_VERSION } from '../../records/device-config.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { badField } from '../refused.ts';
import { Id, IdParams, Nullable, Time } from '../shapes.ts';
import { IfMatchHeader, readVersionMatch, versionTag } from '../version-headers.ts';

/** Devices get it in one message, and firmware has little memory. */
const MAX_CONFIG_BYTES = 64 * 1024;

const Settings = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  additionalProperties: true,
});

const ConfigShape = Type.Object({
  device: Id,
  desired: Nullable(Settings),
  desiredVersion: Type.Integer({ description: '0 before the first' }),
  updatedAt: Nullable(Time),
  reported: Nullable(Settings),
  reportedVersion: Nullable(Type.Integer()),
  reportedAt: Nullable(Time),
  inSync: Type.Boolean({ description: 'The device applied the desired version, without an error' }),
});

/** What a device is to be set to, and what it says that it is. */
export function registerDeviceConfigRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['devices'];
  const { downlink, records } = deps;

  app.get(
    '/api/v1/devices/:id/config',
    {
      schema: {
        summary: 'Desired and reported configuration of a device',
        description: 'The ETag is the desired version.',
        tags,
        params: IdParams,
        response: { 200: ConfigShape },
      },
    },
    async (request, reply) => answer(reply, await getDeviceConfig(records, request.params.id)),
  );

  app.put(
    '/api/v1/devices/:id/config',
    {
      schema: {
        summary: 'Set the configuration of a device',
        description:
          'The body is the settings, any JSON object; it is retained on devices/{id}/config with its `version`, which goes up by one, or is the one in the body. A version that is not newer is refused (409), and so is an If-Match that is not the present ETag (412). The device answers on devices/{id}/config/reported.',
        tags,
        params: IdParams,
        headers: Type.Object(IfMatchHeader),
        body: Settings,
        response: { 200: ConfigShape },
      },
    },
    async (request, reply) => {
      const { version, ...settings } = request.body;
      if (Buffer.byteLength(JSON.stringify(request.body)) > MAX_CONFIG_BYTES)
        throw badField('body', `must be at most ${MAX_CONFIG_BYTES} bytes of JSON`);
      const expected = { version: readVersion(version), ...readVersionMatch(request.headers) };
      const change = changeBy(deps, request);
      return answer(reply, await downlink.setConfig(request.params.id, settings, expected, change));
    },
  );
}

function answer(reply: FastifyReply, config: DeviceConfig): Static<typeof ConfigShape> {
  reply.header('etag', versionTag(config.desiredVersion));
  return { ...config };
}

function readVersion(version: unknown): number | undefined {
  if (version === undefined) return undefined;
  const isVersion =
    typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= MAX_CONFIG_VERSION;
  if (!isVersion)
    throw badField('body/version', `must be a whole number from 1 to ${MAX_CONFIG_VERSION}, or be left out`);
  return version;
}
