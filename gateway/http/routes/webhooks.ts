import { Type } from '@fastify/type-provider-typebox';
import { newWebhookSecret } from '../../delivery/channels/standard-webhooks.ts';
import { isAllowedWebhookUrl } from '../../delivery/webhook-url.ts';
import { WaysideError } from '../../errors.ts';
import {
  deleteWebhook,
  getWebhook,
  listWebhooks,
  putWebhook,
  replaceWebhookSecret,
} from '../../records/webhooks.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';

const Webhook = Type.Object({ id: Id, url: Type.String(), updatedAt: Time });
const secret = Type.String({ description: '`whsec_…`, of Standard Webhooks; shown this once' });

/** Services that offers are handed to for people whom no browser of theirs takes them for. */
export function registerWebhookRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['delivery'];
  const { records, seal } = deps;

  app.put(
    '/api/v1/webhooks/:id',
    {
      schema: {
        summary: 'Make a webhook, or lead one elsewhere',
        description:
          'Offers of consumers who name it go there as `{type: "offer", timestamp, data}`, signed as Standard Webhooks asks. A new one answers 201 with its secret, once.',
        tags,
        params: IdParams,
        body: Closed({ url: Type.String({ minLength: 1, maxLength: 2_048 }) }),
        response: { 200: Webhook, 201: Type.Object({ ...Webhook.properties, secret }) },
      },
    },
    async (request, reply) => {
      const { url } = request.body;
      if (!isAllowedWebhookUrl(url, deps.config.pushHosts)) {
        throw new WaysideError(
          'address_not_allowed',
          'the address is not one of the public internet with https, without user and password',
        );
      }
      const made = newWebhookSecret();
      const change = changeBy(deps, request);
      const { webhook, isNew } = await putWebhook(
        records,
        seal,
        { id: request.params.id, url },
        made,
        change,
      );
      if (!isNew) return reply.send(webhook);
      return reply.code(201).send({ ...webhook, secret: made });
    },
  );

  app.post(
    '/api/v1/webhooks/:id/secret',
    {
      schema: {
        summary: 'Replace the secret of a webhook',
        description: 'From now on messages are signed with the new one alone.',
        tags,
        params: IdParams,
        response: { 201: Type.Object({ id: Id, secret }) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const made = newWebhookSecret();
      await replaceWebhookSecret(records, seal, id, made, changeBy(deps, request));
      return reply.code(201).send({ id, secret: made });
    },
  );

  app.get(
    '/api/v1/webhooks',
    {
      schema: {
        summary: 'List webhooks',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Webhook) },
      },
    },
    (request) => listWebhooks(records, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/webhooks/:id',
    { schema: { summary: 'One webhook', tags, params: IdParams, response: { 200: Webhook } } },
    (request) => getWebhook(records, request.params.id),
  );

  app.delete(
    '/api/v1/webhooks/:id',
    {
      schema: {
        summary: 'Remove a webhook; offers of those who had it go by their next channel',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const ids = await deleteWebhook(records, request.params.id, changeBy(deps, request));
      if (ids.length > 0) await deps.changed({ kind: 'consumers', ids });
      return reply.code(204).send(null);
    },
  );
}
