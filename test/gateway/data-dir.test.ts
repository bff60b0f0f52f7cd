import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeDataDir } from '../../gateway/data-dir.ts';

let base = '';
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'wayside-dir-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

it('is made where it is missing, for its owner alone', async () => {
  const taken = await takeDataDir(join(base, 'a', 'b'));
  expect((await stat(join(base, 'a', 'b'))).mode & 0o777).toBe(0o700);
  taken.release();
});

it('is held by one gateway at a time', async () => {
  const taken = await takeDataDir(base);
  await expect(takeDataDir(base)).rejects.toMatchObject({ code: 'data_dir_in_use' });
  taken.release();
  (await takeDataDir(base)).release();
});

it('that cannot be made is refused with its path', async () => {
  await writeFile(join(base, 'file'), '');
  await expect(takeDataDir(join(base, 'file', 'data'))).rejects.toMatchObject({
    code: 'data_dir_unwritable',
    detail: join(base, 'file', 'data'),
  });
});

it('whose lock cannot be opened is refused with its path', async () => {
  await mkdir(join(base, 'lock.db'));
  await expect(takeDataDir(base)).rejects.toMatchObject({ code: 'data_dir_unwritable', detail: base });
});

it('below a file system that takes none is refused at once', async () => {
  await expect(takeDataDir('/proc/wayside/data')).rejects.toMatchObject({ code: 'data_dir_unwritable' });
});
