import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { buildOnce } from './build-once.ts';

const DASHBOARD = fileURLToPath(new URL('.', import.meta.url));
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(DASHBOARD, 'dist');

/** One hash of everything the pages are made of; the lockfile stands for the libraries. */
async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(DASHBOARD, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(`${DIST}/`));
  for (const file of [
    ...files,
    join(PROJECT, 'package-lock.json'),
    join(PROJECT, 'rules', 'step.ts'),
  ].sort()) {
    hash
      .update(relative(PROJECT, file))
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex');
}

const began = performance.now();
const isNew = await buildOnce({
  folder: DIST,
  workshop: join(PROJECT, 'node_modules', '.cache', 'wayside-dashboard'),
  sourceHash,
  build: async (outDir) => {
    await build({ configFile: join(DASHBOARD, 'vite.config.ts'), logLevel: 'error', build: { outDir } });
  },
  onWait: () => console.log('the dashboard is being built by another start; waiting for it'),
});
if (isNew) console.log(`dashboard built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
