import helmet from '@fastify/helmet';
import type { Config } from '../config.ts';
import type { HttpApp } from './context.ts';

/** Answers of the API hold people's data, codes and tokens: no cache on the way keeps them, nor the browser after signing out. */
const UNKEPT = '/api/v1/';

/**
 * Security headers. Scripts come from here alone. Styles may be inline, for Mantine and Swagger UI set them so; MapLibre
 * starts its workers from blobs. Only where an outside map style is set may pages fetch and show what it names: its tiles,
 * glyphs and sprites lie on hosts that only the style itself knows, so any https host will do then.
 */
export async function addSecurityHeaders(app: HttpApp, config: Config): Promise<void> {
  const mapSources = config.mapStyle === null ? [] : ['https:', new URL(config.mapStyle).origin];
  const isHttps = config.publicUrl?.startsWith('https:') ?? false;
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        // Images of offers are named by marketers and may lie anywhere.
        imgSrc: ["'self'", 'data:', 'blob:', 'https:', ...mapSources],
        connectSrc: ["'self'", ...mapSources],
        workerSrc: ["'self'", 'blob:'],
        fontSrc: ["'self'", 'data:'],
        manifestSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Over plain http a browser must not be told to insist on https, or localhost would be out of reach for months.
    hsts: isHttps,
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: isHttps,
    originAgentCluster: isHttps,
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith(UNKEPT)) reply.header('cache-control', 'no-store');
  });
}
