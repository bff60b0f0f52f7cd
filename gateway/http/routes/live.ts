import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../errors.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { identify } from '../identity.ts';
import { createLiveStreams } from '../live-stream.ts';

/** Streams open at once; each costs memory for what its reader has not read yet. */
const MAX_STREAMS = 200;

/** The live stream of positions, visits, decisions and deliveries. */
export function registerLiveRoute(app: HttpApp, { deps }: RouteContext): void {
  const streams = createLiveStreams(deps.live);
  app.addHook('preClose', async () => streams.closeAll());

  app.get(
    '/api/v1/live',
    {
      schema: {
        summary: 'Server-sent events: positions, visits, decisions, deliveries, quarantine',
        description: 'Begins with the latest position of every device heard of lately.',
        tags: ['outcomes'],
        response: { 200: Type.String({ description: 'text/event-stream' }) },
      },
    },
    async (request, reply) => {
      if (streams.size >= MAX_STREAMS)
        throw new WaysideError('too_many_requests', `${MAX_STREAMS} live streams are open`);
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      reply.hijack();
      const isStillAllowed = async () => (await identify(deps, request, 'staff')).kind === 'staff';
      await streams.serve(reply.raw, headers, isStillAllowed).catch((error: unknown) => {
        request.log.error({ err: error }, 'the live stream failed');
        reply.raw.destroy();
      });
    },
  );
}
