import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { baseMapPlugin } from './base-map-plugin.ts';
import { precompressPlugin } from './precompress-plugin.ts';
import { serviceWorkerPlugin } from './service-worker-plugin.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Two pages, the console and the consumer page, and the consumer page's service worker. */
export default defineConfig({
  root,
  plugins: [react(), baseMapPlugin(), precompressPlugin(), serviceWorkerPlugin()],
  build: {
    outDir: `${root}dist`,
    emptyOutDir: true,
    target: 'es2022',
    // MapLibre alone is a megabyte; it is a chunk of its own that only the live map loads.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      input: { console: `${root}index.html`, me: `${root}me.html` },
      output: {
        codeSplitting: {
          // Else each module that a first page shares with a later one is a file of its own: 25 of them for a phone to fetch.
          groups: [
            {
              name: 'react',
              test: /node_modules\/(react|react-dom|scheduler|wouter|regexparam|@tanstack)\//,
            },
            {
              name: 'shared',
              test: /dashboard\/(api\/(request|queries|push-subscription)|look\/(icons|device-look))\.tsx?$|vite\/preload-helper/,
            },
            { name: 'consumer', test: /dashboard\/consumer\/(parts|shell|push)\// },
          ],
        },
      },
    },
  },
});
