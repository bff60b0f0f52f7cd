import { type Static, Type } from '@fastify/type-provider-typebox';
import { deviceKeyOf } from '../../records/devices.ts';
import type { TelemetryReader } from '../../telemetry/telemetry-store.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { badField } from '../refused.ts';
import { Closed, Id, Nullable, PageQuery, readSpan, readTime, Time } from '../shapes.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 100_000;
const MAX_EVERY_MS = 366 * 86_400_000;

const MetricValue = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
const Position = Type.Object({
  lat: Type.Number(),
  lon: Type.Number(),
  accuracy: Type.Optional(Type.Number()),
  speed: Type.Optional(Type.Number()),
  heading: Type.Optional(Type.Number()),
  altitude: Type.Optional(Type.Number()),
});
/** With `metric`, `value`; without, whole readings. */
const Point = Type.Object({
  at: Time,
  value: Type.Optional(MetricValue),
  position: Type.Optional(Position),
  metrics: Type.Optional(Type.Record(Type.String(), MetricValue)),
  event: Type.Optional(Type.String()),
  flags: Type.Optional(Type.Array(Type.String())),
});

export const TelemetryQuery = Closed({
  ...PageQuery,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })),
  metric: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  every: Type.Optional(Type.String({ maxLength: 40, description: 'Milliseconds, or ISO 8601 such as PT1M' })),
});
export const TelemetryPage = Type.Object({ points: Type.Array(Point), next: Nullable(Type.String()) });

/** What devices said. */
export function registerTelemetryRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.get(
    '/api/v1/telemetry/:deviceId',
    {
      // Points come from the store in this shape; checking 100,000 of them again would only cost time.
      serializerCompiler: () => JSON.stringify,
      schema: {
        summary:
          'Readings of a device, oldest first; with `every`, numbers averaged and of anything else the last',
        tags: ['telemetry'],
        params: Type.Object({ deviceId: Id }),
        querystring: TelemetryQuery,
        response: { 200: TelemetryPage },
      },
    },
    async (request) => {
      const deviceKey = await deviceKeyOf(deps.records, request.params.deviceId);
      return readTelemetry(deps.telemetry, deviceKey, request.query);
    },
  );
}

/**
 * A page of a device's readings, as the query asks for it.
 *
 * @param since domain time before which nothing is told
 * @throws WaysideError `bad_request`, `bad_cursor`
 */
export async function readTelemetry(
  telemetry: TelemetryReader,
  deviceKey: string,
  { metric, from, to, every, limit, cursor }: Static<typeof TelemetryQuery>,
  since?: number,
): Promise<Static<typeof TelemetryPage>> {
  if (every !== undefined && metric === undefined) throw badField('query/every', 'goes with metric only');
  const asked = from === undefined ? undefined : readTime('from', from);
  const first = since === undefined ? asked : Math.max(since, asked ?? since);
  const page = await telemetry.read({
    deviceKey,
    limit: limit ?? DEFAULT_LIMIT,
    ...(metric !== undefined && { metric }),
    ...(first !== undefined && { from: first }),
    ...(to !== undefined && { to: readTime('to', to) }),
    ...(every !== undefined && { everyMs: readSpan('every', every, { minMs: 1, maxMs: MAX_EVERY_MS }) }),
    ...(cursor !== undefined && { cursor }),
  });
  return page as { points: []; next: string | null };
}
