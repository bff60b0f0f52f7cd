import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { createInvitation } from '../../records/invitations.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { IdParams, Time } from '../shapes.ts';

const DAY_MS = 86_400_000;
const INVITATION_MS = 7 * DAY_MS;

/** How a consumer comes to their page first: staff makes a one-time link, and the link becomes a session. */
export function registerInvitationRoutes(app: HttpApp, { deps, publicUrl }: RouteContext): void {
  app.post(
    '/api/v1/consumers/:id/invitations',
    {
      schema: {
        summary: 'Make a one-time link to the consumer page',
        tags: ['consumers'],
        params: IdParams,
        response: { 201: Type.Object({ url: Type.String(), expiresAt: Time }) },
      },
    },
    async (request, reply) => {
      const code = newToken();
      const now = deps.realNow();
      const expiresAt = now + INVITATION_MS;
      await createInvitation(
        deps.records,
        code,
        request.params.id,
        { now, expiresAt },
        changeBy(deps, request),
      );
      // In the fragment, so that the code reaches neither a log nor a Referer header.
      return reply.code(201).send({ url: `${publicUrl()}/me#invite=${code}`, expiresAt });
    },
  );
}
