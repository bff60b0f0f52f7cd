import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { putInPlace } from '../../dashboard/put-in-place.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wayside-place-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const path = (name: string) => join(root, name);
const put = (last = 'last') => putInPlace(path('next'), path('dist'), path(last));
const pageOf = (folder: string) => readFile(path(`${folder}/page`), 'utf8');
async function folder(name: string, page: string): Promise<void> {
  await mkdir(path(name));
  await writeFile(path(`${name}/page`), page);
}

it('puts the one there, and what was there aside', async () => {
  await folder('next', 'new');
  await put();
  expect(await pageOf('dist')).toBe('new');
  await folder('next', 'newer');
  await put();
  expect([await pageOf('dist'), await pageOf('last')]).toEqual(['newer', 'new']);
  expect(await readdir(root)).toEqual(['dist', 'last']);
});

it('puts back what was there where the new one can’t be put there, and says why', async () => {
  await folder('dist', 'old');
  // Nothing is there to be put in its place.
  await expect(put()).rejects.toThrow(/ENOENT.*next.*dist/);
  expect(await pageOf('dist')).toBe('old');
  expect(await readdir(root)).toEqual(['dist']);
  await rm(path('dist'), { recursive: true });
  await expect(put()).rejects.toThrow(/ENOENT.*next.*dist/);
  expect(await readdir(root)).toEqual([]);
});

it('leaves what was there where it can’t be put aside', async () => {
  await folder('dist', 'old');
  await folder('next', 'new');
  await folder('last', 'older');
  await expect(put()).rejects.toThrow('ENOTEMPTY');
  expect([await pageOf('dist'), await pageOf('next')]).toEqual(['old', 'new']);
});
