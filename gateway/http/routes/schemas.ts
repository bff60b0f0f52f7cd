import { createHash } from 'node:crypto';
import { Type } from '@fastify/type-provider-typebox';
import { RULE_SCHEMA } from '../../../rules/document/rule-schema.ts';
import type { HttpApp, RouteContext } from '../context.ts';

const PATH = '/api/v1/schemas/rule.json';
/** Editors ask at each start; the schema changes with a release at most. */
const MAX_AGE_SECONDS = 3_600;

/** Schemas for editors, which fetch them without a token. */
export function registerSchemaRoutes(app: HttpApp, { publicUrl }: RouteContext): void {
  app.get(
    PATH,
    {
      schema: {
        summary: 'JSON Schema (2020-12) of the rule document, for editors of YAML and JSON',
        description:
          'It tells an editor what may stand where. Names of places, tags and metrics, and the types of conditions, are checked when a rule is saved, or by POST /api/v1/rules/check.',
        tags: ['rules'],
        response: { 200: Type.Unsafe<unknown>({}), 304: Type.Unsafe<unknown>({}) },
      },
    },
    async (request, reply) => {
      const text = JSON.stringify({ ...RULE_SCHEMA, $id: `${publicUrl()}${PATH}` }, null, 2);
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
      reply
        .header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`)
        .header('etag', etag)
        // Editors in the browser are of another origin, and there is nothing secret in it.
        .header('access-control-allow-origin', '*')
        .header('cross-origin-resource-policy', 'cross-origin');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply
        .type('application/schema+json; charset=utf-8')
        .serializer((body: unknown) => String(body))
        .send(text);
    },
  );
}
