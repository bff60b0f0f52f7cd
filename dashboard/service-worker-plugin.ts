import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

/**
 * Builds consumer/worker/service-worker.ts to `sw.js` beside the pages. It is a build of its own because a service worker has to
 * be one classic script under a fixed name: Firefox ESR takes no module there, and a hashed name would be another worker.
 */
export function serviceWorkerPlugin(): Plugin {
  let outDir = '';
  return {
    name: 'wayside-service-worker',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async closeBundle() {
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        build: {
          outDir,
          emptyOutDir: false,
          target: 'es2022',
          rolldownOptions: {
            input: fileURLToPath(new URL('consumer/worker/service-worker.ts', import.meta.url)),
            output: { format: 'iife', entryFileNames: 'sw.js' },
          },
        },
      });
    },
  };
}
