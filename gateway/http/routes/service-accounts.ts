import { Type } from '@fastify/type-provider-typebox';
import { newToken } from '../../../broker/credentials.ts';
import { isTopicFilter } from '../../../broker/topic-filters.ts';
import type { Problem } from '../../errors.ts';
import {
  changeServiceAccount,
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  listServiceAccounts,
} from '../../records/service-accounts.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';
import { endOldTokens, renewToken } from './renewed-token.ts';
import { RenewedToken, TokenRequest, UserToken } from './token-shapes.ts';

const MOST_FILTERS = 100;

const Filters = {
  publish: Type.Array(Type.String(), {
    maxItems: MOST_FILTERS,
    description: 'Topic filters it may publish to',
  }),
  subscribe: Type.Array(Type.String(), {
    maxItems: MOST_FILTERS,
    description: 'Topic filters it may subscribe to',
  }),
};
const Account = Type.Object({ id: Id, ...Filters, createdAt: Time });

/** Programs that use the broker: Node-RED, Grafana, a partner. */
export function registerServiceAccountRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['service accounts'];
  const { records } = deps;

  app.post(
    '/api/v1/service-accounts',
    {
      schema: {
        summary: 'Make a service account',
        description:
          'Its id is its MQTT user name. A subscription is granted if all that it would bring is allowed, and a message on `devices/{id}/telemetry` is kept as a reading of that device.',
        tags,
        body: Closed({
          id: Id,
          publish: Type.Optional(Filters.publish),
          subscribe: Type.Optional(Filters.subscribe),
        }),
        response: { 201: UserToken },
      },
    },
    async (request, reply) => {
      const { id, publish = [], subscribe = [] } = request.body;
      checkFilters({ publish, subscribe });
      const token = newToken();
      await createServiceAccount(records, { id, publish, subscribe, token }, changeBy(deps, request));
      return reply.code(201).send({ id, token });
    },
  );

  app.get(
    '/api/v1/service-accounts',
    {
      schema: {
        summary: 'List service accounts',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Account) },
      },
    },
    async (request) => {
      const { items, next } = await listServiceAccounts(records, pageRequest(request.query));
      return { items: items.map(mutable), next };
    },
  );

  app.get(
    '/api/v1/service-accounts/:id',
    { schema: { summary: 'One service account', tags, params: IdParams, response: { 200: Account } } },
    async (request) => mutable(await getServiceAccount(records, request.params.id)),
  );

  app.put(
    '/api/v1/service-accounts/:id',
    {
      schema: {
        summary: 'Change what a service account may do',
        description:
          'Its connections are closed; what it may not hear any more is dropped when its session resumes.',
        tags,
        params: IdParams,
        body: Closed(Filters),
        response: { 200: Account },
      },
    },
    async (request) => {
      const { id } = request.params;
      checkFilters(request.body);
      const account = await changeServiceAccount(records, id, request.body, changeBy(deps, request));
      deps.connections.disconnect(id);
      return mutable(account);
    },
  );

  app.delete(
    '/api/v1/service-accounts/:id',
    {
      schema: {
        summary: 'Remove a service account; it is disconnected, and its sessions end',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await deleteServiceAccount(records, id, changeBy(deps, request));
      await deps.connections.forget(id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/service-accounts/:id/token',
    {
      schema: {
        summary: 'Give a service account a new token',
        description: 'The old token stays good for a day, or as long as `overlapSeconds` says.',
        tags,
        params: IdParams,
        body: TokenRequest,
        response: { 201: RenewedToken },
      },
    },
    async (request, reply) => {
      const renewed = await renewToken(deps, request, 'service', request.params.id, request.body);
      return reply.code(201).send(renewed);
    },
  );

  app.delete(
    '/api/v1/service-accounts/:id/old-tokens',
    {
      schema: {
        summary: 'End the old tokens of a service account before their time',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await endOldTokens(deps, request, 'service', request.params.id);
      return reply.code(204).send(null);
    },
  );
}

/** @throws WaysideError `invalid_document` with every filter that is none */
function checkFilters(filters: {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}): void {
  const problems = (['publish', 'subscribe'] as const).flatMap((list) =>
    filters[list].flatMap((filter, index): Problem[] =>
      isTopicFilter(filter)
        ? []
        : [
            {
              path: `${list}.${index}`,
              message: `${JSON.stringify(filter.slice(0, 60))} is no topic filter: # stands alone at the end, + alone in its level, and none begins with $`,
            },
          ],
    ),
  );
  if (problems.length > 0) throw invalidDocument(problems);
}

/** The typing of answers wants lists that it could change. */
function mutable<T extends { readonly publish: readonly string[]; readonly subscribe: readonly string[] }>(
  account: T,
) {
  return { ...account, publish: [...account.publish], subscribe: [...account.subscribe] };
}
