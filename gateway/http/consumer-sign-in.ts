import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { newToken } from '../../broker/credentials.ts';
import type { Schema } from '../records/schema.ts';
import { addSession, CONSUMER_SPAN, deleteSession } from '../records/sessions.ts';
import { browserName } from './browser-name.ts';
import type { RouteContext } from './context.ts';
import { COOKIES, setSessionCookie } from './identity.ts';

/** Who somebody has shown to be. */
interface Proven {
  readonly consumerId: string;
  /** `invitation`, `mail`, or `passkey:` and its id. */
  readonly openedWith: string;
}

/**
 * Signs a consumer in: this browser gets a cookie of a new session, and the session that it had before is over, whosever it was.
 *
 * @param prove uses up what was shown, and says whose it is; null where it opens nothing. In the transaction of the session: who is
 * erased or signs out everywhere at the same moment is not left with a session that was opened by then.
 * @returns whether somebody is signed in
 */
export async function signInConsumer(
  { deps, newId, publicUrl }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  prove: (trx: Kysely<Schema>, now: number) => Promise<Proven | null>,
): Promise<boolean> {
  const before = request.cookies[COOKIES.consumer];
  const token = newToken();
  const now = deps.realNow();
  const proven = await deps.records.transaction().execute(async (trx) => {
    const found = await prove(trx, now);
    if (found === null) return null;
    if (before !== undefined) await deleteSession(trx, before);
    const { consumerId: subject, openedWith } = found;
    const session = { kind: 'consumer', id: newId(), subject } as const;
    await addSession(trx, {
      token,
      session,
      now,
      browser: browserName(request.headers['user-agent']),
      openedWith,
    });
    return found;
  });
  if (proven === null) return false;
  setSessionCookie(reply, 'consumer', token, CONSUMER_SPAN.longestMs, publicUrl());
  // Who opened the app can be reached there.
  await deps.changed({ kind: 'consumers', ids: [proven.consumerId] });
  return true;
}
