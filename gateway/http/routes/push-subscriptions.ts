import { ECDH } from 'node:crypto';
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { WaysideError } from '../../errors.ts';
import {
  addPushSubscription,
  listPushSubscriptions,
  type PushKeys,
  type PushSubscription,
  removePushSubscription,
} from '../../records/push-subscriptions.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { Id, IdParams, ListOf, Nullable, PushSubscriptionBody, Time } from '../shapes.ts';

/** A point of P-256: a byte for its form, and two coordinates of 32 bytes. */
const POINT_BYTES = 65;
const UNCOMPRESSED = 4;

/** An endpoint is a capability: who has it can send to it. Only its origin is shown. */
const Subscription = Type.Object({ id: Id, origin: Type.String(), createdAt: Time, goneAt: Nullable(Time) });

/**
 * Keeps a browser's subscription for a consumer, and has the engine know.
 *
 * @throws WaysideError `push_host_not_allowed`, `unknown_push_key`, `invalid_document` for a key that nothing could be encrypted for, `not_found`
 */
export async function subscribe(
  { deps, newId }: RouteContext,
  request: FastifyRequest,
  consumerId: string,
  body: SubscriptionBody,
): Promise<PushSubscription> {
  const { endpoint, keys, vapidKey } = checkedSubscription(deps, body);
  const { subscription, takenFrom } = await addPushSubscription(
    deps.records,
    deps.seal,
    consumerId,
    { id: newId(), endpoint, keys, vapidKey },
    changeBy(deps, request),
  );
  const ids = takenFrom === null ? [consumerId] : [consumerId, takenFrom];
  await deps.changed({ kind: 'consumers', ids });
  await deps.pushKeys.dropUnused();
  return subscription;
}

interface SubscriptionBody {
  readonly endpoint: string;
  readonly keys: PushKeys;
  readonly vapidKey?: string;
}

/**
 * A subscription that can be sent to, as far as one can tell without sending.
 *
 * @throws WaysideError `push_host_not_allowed`, `unknown_push_key`, `invalid_document` for a key that nothing could be encrypted for
 */
export function checkedSubscription(
  { isAllowedPushEndpoint, pushKeys }: Pick<HttpDependencies, 'isAllowedPushEndpoint' | 'pushKeys'>,
  body: SubscriptionBody,
): Required<SubscriptionBody> {
  if (!isAllowedPushEndpoint(body.endpoint)) {
    throw new WaysideError(
      'push_host_not_allowed',
      'the endpoint is not an https address of a known push service',
    );
  }
  if (!isPointOnP256(body.keys.p256dh))
    throw invalidDocument([{ path: 'body/keys/p256dh', message: 'is no point on the curve P-256' }]);
  const { vapidKey = pushKeys.ring.current.publicKey } = body;
  if (!pushKeys.isKnown(vapidKey))
    throw new WaysideError('unknown_push_key', 'the browser subscribed with a key that is not kept here');
  return { endpoint: body.endpoint, keys: body.keys, vapidKey };
}

/** Whether a key (base64url) is an uncompressed public key as RFC 8291 §2.1 wants it. */
function isPointOnP256(key: string): boolean {
  const bytes = Buffer.from(key, 'base64url');
  if (bytes.length !== POINT_BYTES || bytes[0] !== UNCOMPRESSED) return false;
  try {
    ECDH.convertKey(bytes, 'prime256v1');
    return true;
  } catch {
    // Node has no other way to ask than to try, and no other reason to fail here.
    return false;
  }
}

/** Browsers of a consumer, for staff and import. */
export function registerPushSubscriptionRoutes(app: HttpApp, context: RouteContext): void {
  const tags = ['consumers'];
  const { deps } = context;
  const shown = ({ id, origin, createdAt, goneAt }: PushSubscription) => ({ id, origin, createdAt, goneAt });

  app.post(
    '/api/v1/consumers/:id/push-subscriptions',
    {
      schema: {
        summary: 'Add a browser that offers go to',
        tags,
        params: IdParams,
        body: PushSubscriptionBody,
        response: { 201: Subscription },
      },
    },
    async (request, reply) =>
      reply.code(201).send(shown(await subscribe(context, request, request.params.id, request.body))),
  );

  app.get(
    '/api/v1/consumers/:id/push-subscriptions',
    {
      schema: {
        summary: 'List browsers of a consumer',
        tags,
        params: IdParams,
        response: { 200: ListOf(Subscription) },
      },
    },
    async (request) => {
      const subscriptions = await listPushSubscriptions(deps.records, request.params.id);
      return { items: subscriptions.map(shown), next: null };
    },
  );

  app.delete(
    '/api/v1/consumers/:id/push-subscriptions/:subscriptionId',
    {
      schema: {
        summary: 'Remove a browser',
        tags,
        params: Type.Object({ id: Id, subscriptionId: Id }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id, subscriptionId } = request.params;
      const removed = await removePushSubscription(
        deps.records,
        deps.seal,
        id,
        { id: subscriptionId },
        changeBy(deps, request),
      );
      if (!removed) throw new WaysideError('not_found', 'the consumer has no such subscription');
      await deps.changed({ kind: 'consumers', ids: [id] });
      await deps.pushKeys.dropUnused();
      return reply.code(204).send(null);
    },
  );
}
