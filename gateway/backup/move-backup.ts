import { copyFile as copyPlain, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WaysideError } from '../errors.ts';
import { syncPath } from '../sync-path.ts';
import { codedTrouble } from './coded-trouble.ts';
import { copyFile } from './copy-file.ts';
import { makeDraft, putInPlace, refuseWithoutRoom } from './make-backup.ts';
import { MANIFEST_NAME, type Manifest } from './manifest.ts';

/**
 * Takes a backup to another place, also on another disk; there it appears when it is whole, and then goes from where it was.
 *
 * @param target path that does not exist
 * @throws WaysideError `backup_exists`, `disk_full`, `path_unusable`, `backup_damaged`
 */
export async function moveBackup(
  from: string,
  target: string,
  manifest: Manifest,
  told: (doneBytes: number, totalBytes: number) => void = () => undefined,
): Promise<void> {
  const draft = await makeDraft(target);
  try {
    if (await renamed(from, target)) return;
    await copyAll(from, draft, manifest, told);
    await putInPlace(draft, target);
  } catch (error) {
    throw codedTrouble(error, dirname(target));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await rm(from, { recursive: true });
}

async function copyAll(
  from: string,
  draft: string,
  manifest: Manifest,
  told: (doneBytes: number, totalBytes: number) => void,
): Promise<void> {
  const totalBytes = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const tell = (bytes: number) => {
    doneBytes += bytes;
    told(doneBytes, totalBytes);
  };
  await refuseWithoutRoom(draft, totalBytes);
  for (const file of manifest.files) {
    const copied = await copyFile(join(from, file.name), join(draft, file.name), tell);
    if (copied.sha256 !== file.sha256) throw new WaysideError('backup_damaged', `${file.name} was changed`);
  }
  await copyPlain(join(from, MANIFEST_NAME), join(draft, MANIFEST_NAME));
  await syncPath(join(draft, MANIFEST_NAME));
  await syncPath(draft);
}

/** Whether both lie on one disk, and it is done. */
async function renamed(from: string, target: string): Promise<boolean> {
  try {
    await rename(from, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EXDEV') return false;
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code))
      throw new WaysideError('backup_exists', target, { cause: error });
    throw error;
  }
  await syncPath(dirname(target));
  return true;
}
