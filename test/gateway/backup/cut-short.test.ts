import type fs from 'node:fs/promises';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { finishRestoring } from '../../../gateway/backup/restore-files.ts';
import { temporaryFolder } from './stopped-world.ts';

/** Changes on the disk that are still carried out; the one after them is where the process dies. */
let changesLeft = Number.POSITIVE_INFINITY;

function change(): void {
  if (changesLeft === 0) throw new Error('killed');
  changesLeft -= 1;
}

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  /** One by one, as Node does it, in whichever order the file system names them: here by name. */
  const removeTree = async (path: string): Promise<void> => {
    for (const name of (await real.readdir(path)).toSorted()) {
      change();
      await real.rm(join(path, name));
    }
    change();
    await real.rmdir(path);
  };
  return {
    ...real,
    rename: async (from: string, to: string) => {
      change();
      await real.rename(from, to);
    },
    rm: async (path: string, options: { readonly recursive?: boolean } = {}) => {
      if (options.recursive) return removeTree(path);
      change();
      await real.rm(path, options);
    },
  };
});

const RESTORED = { 'some-key': 'new key', 'wayside.db': 'new records' };

/** A data directory in which a restore is about to put its files in place. */
async function aboutToReplace(): Promise<string> {
  const dir = await temporaryFolder();
  await writeFile(join(dir, 'wayside.db'), 'old records');
  await writeFile(join(dir, 'old-key'), 'old key');
  await mkdir(join(dir, 'restoring'));
  for (const [name, text] of Object.entries({ ...RESTORED, '.ready': '' }))
    await writeFile(join(dir, 'restoring', name), text);
  return dir;
}

async function contents(dir: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(dir);
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
}

it('puts restored files in place wherever a kill comes in between', async () => {
  let kills = 0;
  for (let isKilled = true; isKilled; ) {
    const dir = await aboutToReplace();
    changesLeft = kills;
    isKilled = await finishRestoring(dir).then(
      () => false,
      () => true,
    );
    changesLeft = Number.POSITIVE_INFINITY;
    await finishRestoring(dir);
    expect({ killedAt: kills, files: await contents(dir) }).toEqual({ killedAt: kills, files: RESTORED });
    kills += 1;
  }
  expect(kills).toBeGreaterThan(7);
});
