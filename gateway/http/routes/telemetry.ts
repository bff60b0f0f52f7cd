import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { deviceKeyOf } from '../../records/devices.ts';
import type { TelemetryPage, TelemetryReader } from '../../telemetry/telemetry-store.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { badField } from '../refused.ts';
import { Closed, Id, Nullable, PageQuery, readSpan, readTime, Time } from '../shapes.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 100_000;
const MAX_EVERY_MS = 366 * 86_400_000;
/** Some 5 ms of the socket thread. */
const READINGS_A_PART = 2_000;
/** The same, where readings are large. */
const CHARACTERS_A_PART = 1024 * 1024;
/** The same; they are gone through once more for each part of averages. */
const VALUES_A_PART = 10_000;
/** Characters; a page that has so many ends there. */
const LONGEST_TEXT = 16 * 1024 * 1024;

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
export const TelemetryAnswer = Type.Object({ points: Type.Array(Point), next: Nullable(Type.String()) });

/** What devices said. */
export function registerTelemetryRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.get(
    '/api/v1/telemetry/:deviceId',
    {
      schema: {
        summary:
          'Readings of a device, oldest first; with `every`, numbers averaged and of anything else the last',
        tags: ['telemetry'],
        params: Type.Object({ deviceId: Id }),
        querystring: TelemetryQuery,
        response: { 200: TelemetryAnswer },
      },
    },
    async (request, reply) => {
      const deviceKey = await deviceKeyOf(deps.records, request.params.deviceId);
      return sendTelemetry(reply, deps.telemetry, deviceKey, request.query);
    },
  );
}

/**
 * Answers with a page of a device's readings, as the query asks for it; with fewer where they are large. The text is made part by
 * part, for all that is in a page would hold the socket thread up.
 *
 * @param since domain time before which nothing is told
 * @throws WaysideError `bad_request`, `bad_cursor`, `telemetry_unavailable`
 */
export async function sendTelemetry(
  reply: FastifyReply,
  telemetry: TelemetryReader,
  deviceKey: string,
  { metric, from, to, every, limit, cursor }: Static<typeof TelemetryQuery>,
  since?: number,
): Promise<FastifyReply> {
  if (every !== undefined && metric === undefined) throw badField('query/every', 'goes with metric only');
  const asked = from === undefined ? undefined : readTime('from', from);
  const first = since === undefined ? asked : Math.max(since, asked ?? since);
  const query = {
    deviceKey,
    ...(metric !== undefined && { metric }),
    ...(first !== undefined && { from: first }),
    ...(to !== undefined && { to: readTime('to', to) }),
    ...(every !== undefined && { everyMs: readSpan('every', every, { minMs: 1, maxMs: MAX_EVERY_MS }) }),
  };
  const atOnce = metric === undefined ? READINGS_A_PART : VALUES_A_PART;
  const texts: string[] = [];
  let length = 0;
  let left = limit ?? DEFAULT_LIMIT;
  let next: string | null = cursor ?? null;
  do {
    const page: TelemetryPage = await telemetry.read({
      ...query,
      limit: Math.min(left, atOnce),
      maxCharacters: CHARACTERS_A_PART,
      ...(next !== null && { cursor: next }),
    });
    left -= page.points.length;
    next = page.next;
    const text = JSON.stringify(page.points).slice(1, -1);
    length += text.length;
    if (text !== '') texts.push(text);
  } while (next !== null && left > 0 && length < LONGEST_TEXT);
  return reply
    .type('application/json; charset=utf-8')
    .send(`{"points":[${texts.join(',')}],"next":${JSON.stringify(next)}}`);
}
