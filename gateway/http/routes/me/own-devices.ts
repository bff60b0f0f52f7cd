import { Type } from '@fastify/type-provider-typebox';
import { METRIC_KINDS, SENSITIVITIES } from '../../../../rules/readings/device-type.ts';
import { listDeviceTypes } from '../../../records/device-types.ts';
import { latestValues, requireOwnDevice } from '../../../records/own-device.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { consumerOf } from '../../identity.ts';
import { badField } from '../../refused.ts';
import { Choice, Closed, Id, IdParams, Nullable, readTime, Time } from '../../shapes.ts';
import { readTrack } from '../../track.ts';

const MAX_TRACK_MS = 7 * 86_400_000;

const MetricValue = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
const Metric = Type.Object({
  name: Type.String(),
  unit: Type.String({ description: 'Empty for none, and for a metric that its type does not describe' }),
  kind: Choice(...METRIC_KINDS),
  sensitivity: Choice(...SENSITIVITIES),
  value: { ...MetricValue, description: 'The latest' },
  at: Time,
});

const MyDevice = Type.Object({
  id: Id,
  type: Type.String(),
  typeName: Type.String(),
  lastAt: Nullable({ ...Time, description: 'Of its newest reading' }),
  positionAt: Nullable({ ...Time, description: 'Of its newest position' }),
  metrics: Type.Array(Metric, { description: 'What it reported, by name' }),
  positionDays: Nullable(
    Type.Integer({ description: 'Positions are cleared after so many days; null: never' }),
  ),
  linkedAt: { ...Time, description: 'From when on its readings are mine to see; 0 where that was not noted' },
  readingDays: Nullable(
    Type.Integer({ description: 'Readings are deleted after so many days; null: never' }),
  ),
});

const Track = Type.Object({
  points: Type.Array(
    Type.Object({ at: Time, lat: Type.Number(), lon: Type.Number(), accuracy: Type.Optional(Type.Number()) }),
  ),
  readUntil: Nullable({ ...Time, description: 'Where there was more than one request reads' }),
});

/** What a consumer's own devices reported, as the consumer page draws it. */
export function registerMyDeviceRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumer page'];
  const { records } = deps;

  app.get(
    '/api/v1/me/devices/:id',
    {
      schema: {
        summary: 'What my device reports, with its latest values',
        tags,
        params: IdParams,
        response: { 200: MyDevice },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const device = await requireOwnDevice(records, consumer, request.params.id);
      const latest = await latestValues(records, consumer, device.id);
      const type = (await listDeviceTypes(records)).find(({ id }) => id === device.type);
      return {
        id: device.id,
        type: device.type,
        typeName: type?.name ?? device.type,
        lastAt: latest.lastAt,
        positionAt: latest.positionAt,
        metrics: latest.metrics.map(({ name, value, at }) => {
          const described =
            type !== undefined && Object.hasOwn(type.metrics, name) ? type.metrics[name] : undefined;
          return {
            name,
            unit: described?.unit ?? '',
            kind: described?.kind ?? kindOf(value),
            sensitivity: described?.sensitivity ?? ('none' as const),
            value,
            at,
          };
        }),
        linkedAt: device.linkedAt,
        positionDays: deps.config.positionDays === 0 ? null : deps.config.positionDays,
        readingDays: type?.retentionDays ?? null,
      };
    },
  );

  app.get(
    '/api/v1/me/devices/:id/track',
    {
      // Of 2,000 points at most, made here: checking them again would only cost time.
      serializerCompiler: () => JSON.stringify,
      schema: {
        summary: 'Where my device was, thinned to what a screen can show',
        tags,
        params: IdParams,
        querystring: Closed({ from: Type.String({ maxLength: 40 }), to: Type.String({ maxLength: 40 }) }),
        response: { 200: Track },
      },
    },
    async (request) => {
      const device = await requireOwnDevice(records, consumerOf(request), request.params.id);
      const from = readTime('from', request.query.from);
      const to = readTime('to', request.query.to);
      if (to <= from || to - from > MAX_TRACK_MS)
        throw badField('query/to', 'must be after from, and at most seven days after it');
      const since = Math.max(from, device.linkedAt);
      if (since >= to) return { points: [], readUntil: null };
      const { points, readUntil } = await readTrack(deps.telemetry, device.deviceKey, since, to);
      return { points: [...points], readUntil };
    },
  );
}

function kindOf(value: unknown): 'number' | 'boolean' | 'string' {
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string';
}
