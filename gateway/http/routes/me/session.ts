import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../../../errors.ts';
import {
  endAllConsumerSessions,
  endConsumerSession,
  listConsumerSessions,
} from '../../../records/consumer-sessions.ts';
import { takeInvitation } from '../../../records/invitations.ts';
import { takeLoginCode } from '../../../records/login-codes.ts';
import { deleteSession } from '../../../records/sessions.ts';
import { signInConsumer } from '../../consumer-sign-in.ts';
import type { HttpApp, RouteContext } from '../../context.ts';
import { COOKIES, changeBy, clearSessionCookie, consumerSessionOf } from '../../identity.ts';
import { Choice, Closed, Id, IdParams, Nullable, Time } from '../../shapes.ts';

const MySession = Type.Object({
  id: Id,
  createdAt: Time,
  lastSeenAt: Time,
  expiresAt: { ...Time, description: 'Unless it is used before: a session ends after 7 days without use' },
  browser: Nullable(Type.String({ description: 'Such as "Firefox on Linux"' })),
  openedWith: Choice('invitation', 'mail', 'passkey'),
  current: Type.Boolean({ description: 'The one that asks' }),
});

const NoContent = { 204: Type.Null() };

/** Signing in with a link, out again, and in which browsers one is signed in. */
export function registerMySessionRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumer page'];
  const { deps } = context;
  const { records } = deps;

  app.post(
    '/api/v1/me/session',
    {
      schema: {
        summary: 'Open the consumer page with the code of a link',
        description: 'Of an invitation, or of a link that came by e-mail. Good once.',
        tags,
        body: Closed({ code: Type.String({ minLength: 1, maxLength: 128 }) }),
        response: NoContent,
      },
    },
    async (request, reply) => {
      // No waiting for who tries too often: nobody guesses 256 bits, and behind a proxy all share one address.
      const { code } = request.body;
      const isIn = await signInConsumer(context, request, reply, async (trx, now) => {
        const byMail = await takeLoginCode(trx, code, now);
        const consumerId = byMail ?? (await takeInvitation(trx, code, now));
        return consumerId === null
          ? null
          : { consumerId, openedWith: byMail === null ? 'invitation' : 'mail' };
      });
      if (!isIn) throw new WaysideError('bad_invitation', 'the code opens nothing');
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/me/session',
    { schema: { summary: 'Sign out here', tags, response: NoContent } },
    async (request, reply) => {
      const cookie = request.cookies[COOKIES.consumer];
      if (cookie !== undefined) await deleteSession(records, cookie);
      clearSessionCookie(reply, 'consumer');
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/me/sessions',
    {
      schema: {
        summary: 'Browsers in which I am signed in, the one that was used last first',
        tags,
        response: { 200: Type.Array(MySession) },
      },
    },
    async (request) => {
      const { consumerId, sessionId } = consumerSessionOf(request);
      const whose = { consumer: consumerId, now: deps.realNow() };
      const sessions = await listConsumerSessions(records, whose);
      return sessions.map((session) => ({ ...session, current: session.id === sessionId }));
    },
  );

  app.delete(
    '/api/v1/me/sessions/:id',
    { schema: { summary: 'Sign out in one browser', tags, params: IdParams, response: NoContent } },
    async (request, reply) => {
      const { consumerId, sessionId } = consumerSessionOf(request);
      const { id } = request.params;
      if (!(await endConsumerSession(records, consumerId, id, changeBy(deps, request))))
        throw new WaysideError('not_found', `you have no session "${id}"`);
      await deps.changed({ kind: 'consumers', ids: [consumerId] });
      if (id === sessionId) clearSessionCookie(reply, 'consumer');
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/me/sessions',
    {
      schema: {
        summary: 'Sign out everywhere, here too',
        description: 'Links that were sent and not opened yet open nothing any more. Passkeys stay.',
        tags,
        response: NoContent,
      },
    },
    async (request, reply) => {
      const { consumerId } = consumerSessionOf(request);
      await endAllConsumerSessions(records, consumerId, changeBy(deps, request));
      await deps.changed({ kind: 'consumers', ids: [consumerId] });
      clearSessionCookie(reply, 'consumer');
      return reply.code(204).send(null);
    },
  );
}
