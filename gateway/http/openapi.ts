import { STATUS_CODES } from 'node:http';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@fastify/type-provider-typebox';
import { ERRORS } from '../errors.ts';
import { ACCESS } from './access.ts';
import type { HttpApp } from './context.ts';
import { ProblemShape } from './shapes.ts';

/** The bar asks for the address of another document, and this page has one only. */
const HIDE_TOP_BAR = '.swagger-ui .topbar { display: none }';

/** The parts of the made document that are completed here. */
interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: object;
}

interface Operation {
  readonly responses: Record<string, { readonly description?: string }>;
}

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
      const { security, who } = describeAccess(`${method} ${url}`);
      const description = [schema?.description, who].filter((text) => text !== undefined).join(' ');
      return { schema: { ...schema, security, description }, url };
    },
    transformObject: (made) => {
      // A Swagger 2 document is made only where `swagger` is set instead of `openapi` above.
      if (!('openapiObject' in made)) return made.swaggerObject;
      return completed(made.openapiObject as OpenApiDocument);
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    uiConfig: { docExpansion: 'list' },
    theme: { title: 'Wayside API', css: [{ filename: 'wayside.css', content: HIDE_TOP_BAR }] },
  });
  const anyObject = Type.Unsafe<object>({ type: 'object', additionalProperties: true });
  app.get(
    '/api/openapi.json',
    { schema: { summary: 'This document', tags: ['service'], response: { 200: anyObject } } },
    async () => app.swagger(),
  );
}

/** Every operation may answer with a problem document, which is described once. */
function completed(document: OpenApiDocument): object {
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      for (const [status, response] of Object.entries(operation.responses)) {
        operation.responses[status] = { ...response, description: STATUS_CODES[status] ?? status };
      }
      Object.assign(operation.responses, { default: { $ref: '#/components/responses/Problem' } });
    }
  }
  const problem = {
    description: 'What went wrong, and what to do (RFC 9457)',
    content: { 'application/problem+json': { schema: ProblemShape } },
  };
  return { ...document, components: { ...document.components, responses: { Problem: problem } } };
}

function describeAccess(line: string): {
  readonly security: Record<string, string[]>[];
  readonly who?: string;
} {
  const access = ACCESS[line];
  if (access === undefined || access === 'anybody') return { security: [] };
  if (access === 'consumer') return { security: [{ consumer: [] }], who: 'For the signed-in consumer.' };
  const [roles, tills] = 'tillsAnd' in access ? [access.tillsAnd, 'Tills, and roles'] : [access, 'Roles'];
  return { security: [{ bearer: [] }, { session: [] }], who: `${tills}: ${roles.join(', ')}.` };
}

function errorTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const lines = Object.entries(ERRORS).map(
    ([code, { status, title, mend }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(mend)} |`,
  );
  return ['| code | status | what | what to do |', '|---|---|---|---|', ...lines].join('\n');
}
