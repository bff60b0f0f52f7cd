import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WaysideError } from '../errors.ts';
import type { Change } from '../records/audit.ts';
import type { Role } from '../records/schema.ts';
import { findSession } from '../records/sessions.ts';
import { findTill } from '../records/tills.ts';
import type { HttpDependencies } from './dependencies.ts';

/** Who asks. */
export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'staff'; readonly name: string; readonly role: Role }
  | { readonly kind: 'till'; readonly till: string }
  | { readonly kind: 'consumer'; readonly consumerId: string; readonly sessionId: string };

/** One cookie for each side, so that one browser can show the console and a consumer page at once. */
export const COOKIES = { staff: 'wayside_session', consumer: 'wayside_consumer' } as const;

const BEARER = /^Bearer +(\S+)$/i;

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
  }
}

/**
 * Finds who asks: the admin token or a staff cookie on staff routes, a consumer cookie on `/api/v1/me`.
 *
 * @throws WaysideError `not_signed_in` where a bearer token is given and wrong, `foreign_origin` where a page of another origin
 * uses the cookie to change something
 */
export async function identify(
  deps: HttpDependencies,
  request: FastifyRequest,
  side: 'staff' | 'consumer',
): Promise<Identity> {
  const authorization = request.headers.authorization;
  if (side === 'staff' && authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined)
      throw new WaysideError('not_signed_in', 'the Authorization header is not "Bearer <token>"');
    if (deps.config.adminToken === null || !sameText(token, deps.config.adminToken)) {
      throw new WaysideError('not_signed_in', 'the bearer token is not the one of WAYSIDE_ADMIN_TOKEN');
    }
    return { kind: 'staff', name: 'admin-token', role: 'admin' };
  }
  const cookie = request.cookies[COOKIES[side]];
  if (cookie === undefined) return { kind: 'anonymous' };
  refuseForgery(deps, request);
  const session = await findSession(deps.records, cookie, deps.realNow());
  if (session === null || session.kind !== side) return { kind: 'anonymous' };
  return session.kind === 'staff'
    ? { kind: 'staff', name: session.subject, role: session.role }
    : { kind: 'consumer', consumerId: session.subject, sessionId: session.id };
}

/** The till whose bearer token it is, or null. */
export async function identifyTill(
  deps: HttpDependencies,
  request: FastifyRequest,
): Promise<Identity | null> {
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
  const till = token === undefined ? null : await findTill(deps.records, token);
  return till === null ? null : { kind: 'till', till };
}

/**
 * A browser sends the cookie also with what a page on another port or a sibling host has it do, for SameSite counts these as
 * the same site; it says so in Sec-Fetch-Site (W3C Fetch Metadata), and older ones in Origin. What sends neither is no browser.
 */
function refuseForgery({ config }: HttpDependencies, request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return;
    throw new WaysideError('foreign_origin', 'the browser says that the request comes from another origin');
  }
  if (origin === undefined) return;
  const isOurs = URL.canParse(origin) && new URL(origin).host === host;
  if (isOurs || (config.publicUrl !== null && new URL(config.publicUrl).origin === origin)) return;
  throw new WaysideError('foreign_origin', 'the origin is not the one of this gateway');
}

/** The member of staff who asks, on a route that the access table gives to staff. */
export function staffOf(request: FastifyRequest): { readonly name: string; readonly role: Role } {
  if (request.identity?.kind !== 'staff') throw new WaysideError('not_signed_in', 'this is for staff');
  return request.identity;
}

/** The consumer who asks, on a route that the access table gives to consumers. */
export function consumerOf(request: FastifyRequest): string {
  return consumerSessionOf(request).consumerId;
}

/** The same, with the session that they ask in. */
export function consumerSessionOf(request: FastifyRequest): {
  readonly consumerId: string;
  readonly sessionId: string;
} {
  if (request.identity?.kind !== 'consumer') throw new WaysideError('not_signed_in', 'this is for consumers');
  return request.identity;
}

/** Who makes a change and when, for the audit. */
export function changeBy(deps: HttpDependencies, request: FastifyRequest): Change {
  const { identity } = request;
  const at = deps.clock.now();
  switch (identity?.kind) {
    case 'staff':
      return { actor: identity.name, at };
    case 'consumer':
      return { actor: `consumer:${identity.consumerId}`, at };
    default:
      return { actor: 'anonymous', at };
  }
}

/** Gives the browser a session cookie that scripts can't read and other sites can't send. */
export function setSessionCookie(
  reply: FastifyReply,
  side: 'staff' | 'consumer',
  token: string,
  maxAgeMs: number,
  publicUrl: string,
): void {
  reply.setCookie(COOKIES[side], token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: publicUrl.startsWith('https:'),
    maxAge: Math.floor(maxAgeMs / 1_000),
  });
}

export function clearSessionCookie(reply: FastifyReply, side: 'staff' | 'consumer'): void {
  reply.clearCookie(COOKIES[side], { path: '/' });
}

/** Compares in a time that tells neither the length nor where they differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
