import { Type } from '@fastify/type-provider-typebox';
import { requireOwnDevice } from '../../../records/own-device.ts';
import { placeNames } from '../../../records/place-names.ts';
import { listVisits } from '../../../records/visits.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { consumerOf } from '../../identity.ts';
import { Choice, Closed, IdParams, ListOf, PageQuery, pageRequest, Time } from '../../shapes.ts';
import { sendTelemetry, TelemetryAnswer, TelemetryQuery } from '../telemetry.ts';
import { PlaceTold } from './offers.ts';

const MyVisit = Type.Object({
  id: Type.String(),
  place: PlaceTold,
  enteredAt: Time,
  exitedAt: Type.Optional(Time),
  endedBy: Type.Optional(Choice('exit', 'silence')),
});

/** What a consumer's own devices said and where they were, since they are theirs. */
export function registerMyDeviceHistoryRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumer page'];
  const { records } = deps;

  app.get(
    '/api/v1/me/devices/:id/telemetry',
    {
      schema: {
        summary:
          'Readings of my device, oldest first; with `every`, numbers averaged and of anything else the last',
        description: 'From when the device became mine.',
        tags,
        params: IdParams,
        querystring: TelemetryQuery,
        response: { 200: TelemetryAnswer },
      },
    },
    async (request, reply) => {
      const { deviceKey, linkedAt } = await requireOwnDevice(records, consumerOf(request), request.params.id);
      return sendTelemetry(reply, deps.telemetry, deviceKey, request.query, linkedAt);
    },
  );

  app.get(
    '/api/v1/me/devices/:id/visits',
    {
      schema: {
        summary: 'Where my device stayed, newest first',
        tags,
        params: IdParams,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(MyVisit) },
      },
    },
    async (request) => {
      const consumer = consumerOf(request);
      const { id: device } = await requireOwnDevice(records, consumer, request.params.id);
      const visits = await listVisits(records, { consumer, device }, pageRequest(request.query));
      const places = await placeNames(
        records,
        visits.items.map(({ place }) => place),
      );
      return {
        items: visits.items.map(({ id, place, enteredAt, exitedAt, endedBy }) => ({
          id,
          place: { id: place, name: places.get(place) ?? null },
          enteredAt,
          ...(exitedAt !== undefined && { exitedAt }),
          ...(endedBy !== undefined && { endedBy }),
        })),
        next: visits.next,
      };
    },
  );
}
