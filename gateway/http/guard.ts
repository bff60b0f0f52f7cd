import type { FastifyRequest } from 'fastify';
import { WaysideError } from '../errors.ts';
import { ACCESS, type Access } from './access.ts';
import type { HttpApp } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';
import { identify, identifyTill } from './identity.ts';

/** Pages and their files: they hold no data, and lie outside the table. */
const OPEN_PREFIXES = ['/api/docs'];

/** Guards every route that is registered from now on by the table of access.ts. */
export function guardRoutes(app: HttpApp, deps: HttpDependencies): void {
  app.decorateRequest('identity', null);
  app.addHook('onRoute', (route) => {
    if (!isGuarded(route.url)) return;
    for (const method of [route.method].flat()) {
      // Fastify adds a HEAD to each GET; it is guarded as that GET.
      if (method === 'HEAD' || method === 'OPTIONS') continue;
      if (ACCESS[`${method} ${route.url}`] === undefined) {
        throw new Error(`the access table has no line for ${method} ${route.url}`);
      }
    }
  });
  app.addHook('onRequest', async (request) => {
    const { url } = request.routeOptions;
    if (url === undefined || !isGuarded(url)) return;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    await allow(deps, request, ACCESS[`${method} ${url}`]);
  });
}

function isGuarded(url: string): boolean {
  const isApi = url.startsWith('/api/') || ['/healthz', '/readyz', '/metrics'].includes(url);
  return isApi && !OPEN_PREFIXES.some((prefix) => url.startsWith(prefix));
}

async function allow(
  deps: HttpDependencies,
  request: FastifyRequest,
  access: Access | undefined,
): Promise<void> {
  if (access === 'anybody') return;
  // A route without a line did not start, so this is for a method that Fastify added by itself: nobody's.
  if (access === undefined) throw new WaysideError('forbidden', 'nobody may do this');
  if (access === 'consumer') {
    request.identity = await identify(deps, request, 'consumer');
    if (request.identity.kind === 'anonymous')
      throw new WaysideError('not_signed_in', 'open the link that you were given');
    return;
  }
  const roles = 'tillsAnd' in access ? access.tillsAnd : access;
  if (roles !== access) {
    request.identity = await identifyTill(deps, request);
    if (request.identity !== null) return;
  }
  request.identity = await identify(deps, request, 'staff');
  if (request.identity.kind !== 'staff') {
    const other = await identify(deps, request, 'consumer');
    if (other.kind === 'consumer') throw new WaysideError('forbidden', 'consumers reach only /api/v1/me');
    throw new WaysideError('not_signed_in', 'this needs a bearer token or a session');
  }
  if (!roles.includes(request.identity.role)) {
    throw new WaysideError('forbidden', `the role ${request.identity.role} may not; ${roles.join(', ')} may`);
  }
}
