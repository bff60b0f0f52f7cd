import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { HttpDependencies } from './dependencies.ts';
import type { ReadLog } from './read-log.ts';
import type { SignInBackoff } from './sign-in-backoff.ts';
import type { ZoneCheck } from './zone-check.ts';

/** Fastify, with handlers typed by the schemas that check and document their routes. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What every file of routes is given. */
export interface RouteContext {
  readonly deps: HttpDependencies;
  /** A random id for a record that was given none. */
  readonly newId: () => string;
  readonly backoff: SignInBackoff;
  readonly zones: ZoneCheck;
  /** Notes which staff looked at whose data, where a route's address does not tell. */
  readonly reads: ReadLog;
  /** Where browsers reach this gateway, without a trailing slash; known once it listens. */
  readonly publicUrl: () => string;
}
