import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeDataDir } from '../../gateway/data-dir.ts';
import { createSmallDisk, smallDiskMissing } from '../support/small-disk.ts';

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

it.skipIf(smallDiskMissing !== null)(
  `on a full disk is refused for that, not for want of rights${smallDiskMissing === null ? '' : ` (skipped: ${smallDiskMissing})`}`,
  async () => {
    const disk = await createSmallDisk(1024 * 1024);
    try {
      disk.fill();
      const file = JSON.stringify(new URL('../../gateway/data-dir.ts', import.meta.url).href);
      const script = `const { takeDataDir } = await import(${file});
        await takeDataDir(${JSON.stringify(disk.dir)}).catch((error) => console.log(error.code));`;
      const [command = '', ...args] = [...disk.within, process.execPath, '--input-type=module', '-e', script];
      const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
      expect(stdout.trim()).toBe('disk_full');
    } finally {
      await disk.remove();
    }
  },
);
