import { createReadStream } from 'node:fs';
import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Nullable } from '../shapes.ts';

/** The console's map, and the one on which consumers see their own devices. */
const MAPS = ['/api/v1/map', '/api/v1/me/map'] as const;

/** What pages need to draw the map and to subscribe to push. */
export function registerMapRoutes(app: HttpApp, context: RouteContext): void {
  for (const path of MAPS) registerMap(app, context, path);
  const { deps } = context;

  app.get(
    '/api/v1/push-key',
    {
      schema: {
        summary: 'The VAPID key with which a browser subscribes',
        tags: ['pages'],
        response: { 200: Type.Object({ publicKey: Type.String(), vapidPublicKey: Type.String() }) },
      },
    },
    async () => {
      const { publicKey } = deps.pushKeys.ring.current;
      // The longer name is the older one.
      return { publicKey, vapidPublicKey: publicKey };
    },
  );
}

function registerMap(app: HttpApp, { deps }: RouteContext, path: (typeof MAPS)[number]): void {
  const tags = ['pages'];
  const overlayUrl = `${path}/overlay`;

  app.get(
    path,
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
      overlayUrl: deps.config.mapOverlay === null ? null : overlayUrl,
    }),
  );

  app.get(
    overlayUrl,
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
}
