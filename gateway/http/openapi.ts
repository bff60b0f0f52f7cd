import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@fastify/type-provider-typebox';
import { ERRORS } from '../errors.ts';
import { ACCESS } from './access.ts';
import type { HttpApp } from './context.ts';
import { ProblemShape } from './shapes.ts';

/** Documents the routes that are registered from now on, from the schemas that check them. */
export async function documentRoutes(app: HttpApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Wayside',
        version: '0.1.0',
        description: `Telemetry of connected devices, and offers that people agreed to receive.\n\n${errorTable()}`,
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'WAYSIDE_ADMIN_TOKEN' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'wayside_session',
            description: 'POST /api/v1/session',
          },
          consumer: {
            type: 'apiKey',
            in: 'cookie',
            name: 'wayside_consumer',
            description: 'POST /api/v1/me/session',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const method = [route.method].flat().find((name) => name !== 'HEAD');
      return {
        schema: {
          ...schema,
          ...describeAccess(`${method} ${url}`),
          response: withProblems(schema?.response),
        },
        url,
      };
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    uiConfig: { docExpansion: 'list', tryItOutEnabled: false },
    // Says where it is from on its own page only; the online validator would send the document away.
    staticCSP: false,
  });
  app.get(
    '/api/openapi.json',
    {
      schema: {
        summary: 'This document',
        tags: ['service'],
        response: { 200: Type.Unsafe<object>({ type: 'object', additionalProperties: true }) },
      },
    },
    async () => app.swagger(),
  );
}

function describeAccess(line: string): object {
  const access = ACCESS[line];
  if (access === undefined || access === 'anybody') return { security: [] };
  if (access === 'consumer')
    return { security: [{ consumer: [] }], description: 'For the signed-in consumer.' };
  return { security: [{ bearer: [] }, { session: [] }], description: `Roles: ${access.join(', ')}.` };
}

function withProblems(response: unknown): Record<string, unknown> {
  return { ...(response as Record<string, unknown> | undefined), default: ProblemShape };
}

function errorTable(): string {
  const lines = Object.entries(ERRORS).map(
    ([code, { status, title, mend }]) =>
      `| \`${code}\` | ${status} | ${title} | ${mend.replaceAll('|', '\\|')} |`,
  );
  return ['| code | status | what | what to do |', '|---|---|---|---|', ...lines].join('\n');
}
