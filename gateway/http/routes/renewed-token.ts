import type { FastifyRequest } from 'fastify';
import { newToken } from '../../../broker/credentials.ts';
import { endPreviousTokens, replaceToken, type TokenOwner } from '../../records/tokens.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { changeBy } from '../identity.ts';
import { oldUntil } from './token-shapes.ts';

/** Gives a user a new token; connections of the old ones end when these do. @throws WaysideError `not_found` */
export async function renewToken(
  deps: HttpDependencies,
  request: FastifyRequest,
  owner: TokenOwner,
  id: string,
  body: { readonly overlapSeconds?: number } | null | undefined,
): Promise<{ id: string; token: string; oldTokenUntil: number | null }> {
  const token = newToken();
  const now = deps.realNow();
  const until = oldUntil(body, now);
  await replaceToken(deps.records, owner, id, token, { now, oldUntil: until }, changeBy(deps, request));
  if (until <= now) deps.connections.disconnect(id);
  // A fleet key opens the id no longer, and neither does what it let in.
  else deps.connections.disconnect(id, ({ kind }) => kind === 'fleet-key');
  await deps.tokensChanged();
  return { id, token, oldTokenUntil: until > now ? until : null };
}

/** Ends a user's old tokens before their time, and the connections that logged in with them. @throws WaysideError `not_found` */
export async function endOldTokens(
  deps: HttpDependencies,
  request: FastifyRequest,
  owner: TokenOwner,
  id: string,
): Promise<void> {
  const ended = new Set(await endPreviousTokens(deps.records, owner, id, changeBy(deps, request)));
  deps.connections.disconnect(id, (used) => used.kind === 'token' && ended.has(used.hash));
}
