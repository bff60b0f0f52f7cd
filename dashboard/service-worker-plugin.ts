import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

/** Files of public/ that the app starts with. */
const PUBLIC_FILES = ['/theme-boot.js', '/manifest.webmanifest', '/icons/logo.svg', '/icons/icon-192.png'];
/** A larger part, such as the map, is fetched by who opens it, and not kept for the time without a network. */
const LARGEST_KEPT_BYTES = 100_000;
const ENTRY = 'me';

interface Chunk {
  readonly fileName: string;
  readonly code: string;
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
  readonly viteMetadata?: { readonly importedCss: ReadonlySet<string> };
}

/**
 * Builds consumer/worker/service-worker.ts to `sw.js` beside the pages. It is a build of its own because a service worker has to
 * be one classic script under a fixed name: Firefox ESR takes no module there, and a hashed name would be another worker.
 * Into it goes the list of the files that the consumer's app consists of, so that it opens without a network.
 */
export function serviceWorkerPlugin(): Plugin {
  let [outDir, publicDir] = ['', ''];
  let appFiles: readonly string[] = [];
  return {
    name: 'wayside-service-worker',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
      publicDir = config.publicDir;
    },
    // Not in generateBundle: Vite still takes chunks out there, those of style sheets alone.
    writeBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one]] : [])),
      );
      const entry = [...chunks.values()].find(({ isEntry, name }) => isEntry && name === ENTRY);
      if (entry === undefined) throw new Error(`the build has no entry "${ENTRY}"`);
      appFiles = [...filesOf(entry, chunks)].map((file) => `/${file}`).sort();
    },
    async closeBundle() {
      const files = ['/me', ...PUBLIC_FILES, ...appFiles];
      const hash = createHash('sha256').update(files.join('\n'));
      // Their names say nothing of what is in them.
      const unhashed = [join(outDir, 'me.html'), ...PUBLIC_FILES.map((file) => join(publicDir, file))];
      for (const file of unhashed) hash.update(await readFile(file));
      const shell = { version: hash.digest('hex').slice(0, 12), files };
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: { APP_SHELL: JSON.stringify(shell) },
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

/** An entry's chunk and what it imports, then what it may import later, where that is small; with their style sheets. */
function filesOf(entry: Chunk, chunks: ReadonlyMap<string, Chunk>): Set<string> {
  const files = new Set<string>();
  const later: Chunk[] = [];
  const take = (first: Chunk, largest: number) => {
    const ways = [first];
    for (let chunk = ways.pop(); chunk !== undefined; chunk = ways.pop()) {
      if (files.has(chunk.fileName) || chunk.code.length > largest) continue;
      files.add(chunk.fileName);
      for (const sheet of chunk.viteMetadata?.importedCss ?? []) files.add(sheet);
      ways.push(...named(chunk.imports));
      later.push(...named(chunk.dynamicImports));
    }
  };
  const named = (names: readonly string[]) => names.flatMap((name) => chunks.get(name) ?? []);
  take(entry, Number.POSITIVE_INFINITY);
  for (let chunk = later.pop(); chunk !== undefined; chunk = later.pop()) take(chunk, LARGEST_KEPT_BYTES);
  return files;
}
