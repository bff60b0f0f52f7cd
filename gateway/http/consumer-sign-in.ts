import type { FastifyReply, FastifyRequest } from 'fastify';
import { newToken } from '../../broker/credentials.ts';
import { CONSUMER_SPAN, createSession, deleteSession } from '../records/sessions.ts';
import { browserName } from './browser-name.ts';
import type { RouteContext } from './context.ts';
import { COOKIES, setSessionCookie } from './identity.ts';

/**
 * Signs a consumer in: this browser gets a cookie of a new session, and the session that it had before is over, whosever it was.
 *
 * @param openedWith `invitation`, `mail`, or `passkey:` and its id
 */
export async function signInConsumer(
  { deps, newId, publicUrl }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  consumerId: string,
  openedWith: string,
): Promise<void> {
  const before = request.cookies[COOKIES.consumer];
  if (before !== undefined) await deleteSession(deps.records, before);
  const token = newToken();
  await createSession(deps.records, {
    token,
    session: { kind: 'consumer', id: newId(), subject: consumerId },
    now: deps.realNow(),
    browser: browserName(request.headers['user-agent']),
    openedWith,
  });
  setSessionCookie(reply, 'consumer', token, CONSUMER_SPAN.longestMs, publicUrl());
  // Who opened the app can be reached there.
  await deps.changed({ kind: 'consumers', ids: [consumerId] });
}
