import { createReadStream } from 'node:fs';
import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Nullable } from '../shapes.ts';

const OVERLAY_URL = '/api/v1/map/overlay';

/** What pages need to draw the map and to subscribe to push. */
export function registerMapRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['pages'];

  app.get(
    '/api/v1/map',
    {
      schema: {
        summary: 'Which base map to draw',
        tags,
        response: {
          200: Type.Object({
            styleUrl: Nullable(
              Type.String({ description: 'A MapLibre style; null for the built-in base map' }),
            ),
            overlayUrl: Nullable(Type.String({ description: 'GeoJSON to draw over it' })),
          }),
        },
      },
    },
    async () => ({
      styleUrl: deps.config.mapStyle,
      overlayUrl: deps.config.mapOverlay === null ? null : OVERLAY_URL,
    }),
  );

  app.get(
    OVERLAY_URL,
    {
      schema: {
        summary: 'The GeoJSON of WAYSIDE_MAP_OVERLAY',
        tags,
        response: { 200: Type.Unsafe<unknown>({ description: 'GeoJSON' }) },
      },
    },
    async (_request, reply) => {
      if (deps.config.mapOverlay === null)
        throw new WaysideError('not_found', 'WAYSIDE_MAP_OVERLAY is not set');
      return reply.type('application/geo+json').send(createReadStream(deps.config.mapOverlay));
    },
  );

  app.get(
    '/api/v1/push-key',
    {
      schema: {
        summary: 'The VAPID key with which a browser subscribes',
        tags,
        response: { 200: Type.Object({ vapidPublicKey: Type.String() }) },
      },
    },
    async () => ({ vapidPublicKey: deps.vapidPublicKey }),
  );
}
