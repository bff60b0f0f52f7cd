import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { WaysideError } from '../errors.ts';
import { methodsAt } from './access.ts';
import type { HttpApp } from './context.ts';
import { sendProblem } from './problems.ts';

const BUILT_PAGES = fileURLToPath(new URL('../../dashboard/dist/', import.meta.url));

const NOT_BUILT =
  'The pages are not built yet. Run "npm run build" and start the gateway again; the API works without them, see /api/docs.\n';

/** The files that the pages come in, and the addresses that the pages have: at another one they would find nothing to show. */
const PAGE_FILES = { '/index.html': '/', '/me.html': '/me' } as const;

/** Serves the console at `/`, the consumer's app at `/me` and below, and their files. */
export async function servePages(app: HttpApp, directory: string = BUILT_PAGES): Promise<void> {
  const isBuilt = existsSync(`${directory}index.html`);
  if (isBuilt) {
    for (const [file, address] of Object.entries(PAGE_FILES))
      app.get(file, { schema: { hide: true } }, (_request, reply) => reply.redirect(address));
    await app.register(fastifyStatic, {
      root: directory,
      index: 'index.html',
      cacheControl: false,
      preCompressed: true,
      setHeaders(reply, path) {
        // Vite puts a hash of the content into the names below assets/; all else must be asked for anew.
        const isHashed = path.startsWith(`${directory}assets/`);
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
        if (path.endsWith('/sw.js')) reply.header('service-worker-allowed', '/');
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const wantsPage = (request.headers.accept ?? '').includes('text/html');
    // All below /me is the consumer's app, whose worker fetches the page without saying that it wants one.
    const isConsumerPage = path === '/me' || path.startsWith('/me/');
    const isAlwaysPage = path === '/' || isConsumerPage;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isPage = isRead && !path.startsWith('/api/') && (wantsPage || isAlwaysPage);
    const methods = isAlwaysPage ? ['GET', 'HEAD'] : methodsAt(path);
    if (!isPage && methods.length > 0) {
      reply.header('allow', methods.join(', '));
      const detail = `${path} takes ${methods.join(', ')}, not ${request.method}`;
      return sendProblem(request, reply, new WaysideError('method_not_allowed', detail));
    }
    if (!isPage) {
      return sendProblem(
        request,
        reply,
        new WaysideError('not_found', `${request.method} ${path} leads nowhere`),
      );
    }
    if (!isBuilt) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
    // The pages have routes of their own, which the browser may be sent to directly.
    return reply.sendFile(isConsumerPage ? 'me.html' : 'index.html');
  });
}
