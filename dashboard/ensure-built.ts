import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const DASHBOARD = fileURLToPath(new URL('.', import.meta.url));
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(DASHBOARD, 'dist');
const MARK = join(DIST, '.built-from');
/** Built aside and moved into place, so that two that start at once never serve each other's half. */
const ASIDE = join(PROJECT, 'node_modules', '.cache', `wayside-dashboard-${process.pid}`);

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

async function readMark(): Promise<string | null> {
  try {
    return await readFile(MARK, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const wanted = await sourceHash();
if ((await readMark()) !== wanted) {
  const began = performance.now();
  await mkdir(ASIDE, { recursive: true });
  try {
    await build({
      configFile: join(DASHBOARD, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: ASIDE },
    });
    await writeFile(join(ASIDE, '.built-from'), wanted);
    await rm(DIST, { recursive: true, force: true });
    await rename(ASIDE, DIST);
  } finally {
    await rm(ASIDE, { recursive: true, force: true });
  }
  console.log(`dashboard built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
