import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { createInvitation, useInvitation } from '../../records/invitations.ts';
import { createSession, deleteSession } from '../../records/sessions.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { COOKIES, changeBy, clearSessionCookie, setSessionCookie } from '../identity.ts';
import { Closed, IdParams, Time } from '../shapes.ts';

const DAY_MS = 86_400_000;
const INVITATION_MS = 7 * DAY_MS;
/** A consumer page is opened once and then lives on a phone: its session outlasts a season. */
const CONSUMER_SESSION_MS = 180 * DAY_MS;

/** How a consumer comes to their page: staff makes a one-time link, the link becomes a session. */
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

  app.post(
    '/api/v1/me/session',
    {
      schema: {
        summary: 'Open the consumer page with the code of a link',
        tags: ['consumer page'],
        body: Closed({ code: Type.String({ minLength: 1, maxLength: 128 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      // No waiting for who tries too often: nobody guesses 256 bits, and behind a proxy all share one address.
      const now = deps.realNow();
      const consumerId = await useInvitation(deps.records, request.body.code, now);
      const token = newToken();
      const session = { kind: 'consumer', subject: consumerId } as const;
      await createSession(deps.records, token, session, now + CONSUMER_SESSION_MS, now);
      setSessionCookie(reply, 'consumer', token, CONSUMER_SESSION_MS, publicUrl());
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/me/session',
    {
      schema: { summary: 'Leave the consumer page', tags: ['consumer page'], response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const cookie = request.cookies[COOKIES.consumer];
      if (cookie !== undefined) await deleteSession(deps.records, cookie);
      clearSessionCookie(reply, 'consumer');
      return reply.code(204).send(null);
    },
  );
}
