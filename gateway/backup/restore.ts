import { existsSync } from 'node:fs';
import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataDir, takeDataDir } from '../data-dir.ts';
import { WaysideError } from '../errors.ts';
import { copyFile, digestFile, syncPath } from './copy-file.ts';
import { replacedFiles } from './data-files.ts';
import { LEDGER_KEY_NAME, LEDGER_NAME, type Ledger, ledgerText, mergedLedger, readLedger } from './ledger.ts';
import { type BackupProgress, refuseWithoutRoom } from './make-backup.ts';
import { type BackedUpFile, type Manifest, readManifest } from './manifest.ts';
import { beginRestoring, finishRestoring, readyToReplace } from './restore-files.ts';
import { noteRestored } from './restored-note.ts';
import { readWithdrawn, type WithdrawnConsent } from './withdrawn-consents.ts';

export interface Restore {
  /** Path of the backup. */
  readonly backup: string;
  /** The data directory; made where it is missing. */
  readonly dataDir: string;
  /** Whether what is in the data directory may go. */
  readonly replace: boolean;
  /** A data directory whose erasures and withdrawn consents are to count too, or null. */
  readonly erasuresFrom: string | null;
  readonly knownMigrations: readonly string[];
  /** Real time, epoch ms. */
  readonly now: number;
}

export interface Restored {
  readonly manifest: Manifest;
  /** Erasures that the next start makes again, where the backup brought somebody back. */
  readonly erasures: number;
  /** Consents that stay withdrawn, whatever the backup says; null where records that are there could not be read for them. */
  readonly withdrawn: number | null;
}

/**
 * Puts a backup in the place of a data directory. All of the backup is checked before anything changes; what is there stays until
 * all of the new is on its disk. The ledger of erasures outlives it: nobody who was erased since comes back.
 *
 * @throws WaysideError `backup_damaged`, `backup_newer`, `backup_foreign`, `data_dir_not_empty`, `disk_full`, and as `takeDataDir`
 */
export async function restoreBackup(
  restore: Restore,
  told: (progress: BackupProgress) => void = () => undefined,
): Promise<Restored> {
  const manifest = await readManifest(restore.backup, restore.knownMigrations);
  const totalBytes = 2 * manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const tell = (bytes: number) => {
    doneBytes += bytes;
    told({ doneBytes, totalBytes });
  };
  for (const file of manifest.files) await check(restore.backup, file, tell);
  const dataDir = await takeDataDir(restore.dataDir);
  try {
    // One that was cut short is brought to an end first: its ledger counts.
    await finishRestoring(dataDir.files.dir);
    return { manifest, ...(await putBack(restore, manifest, dataDir, tell)) };
  } finally {
    dataDir.release();
  }
}

async function putBack(
  restore: Restore,
  manifest: Manifest,
  { files: { dir } }: DataDir,
  tell: (bytes: number) => void,
): Promise<Omit<Restored, 'manifest'>> {
  const present = await replacedFiles(dir);
  if (present.length > 0 && !restore.replace)
    throw new WaysideError('data_dir_not_empty', `${dir} holds ${present.slice(0, 3).join(', ')}`);
  const ledger = await ledgerOf(restore, dir);
  const { withdrawn, isWhole } = withdrawnIn([dir, restore.erasuresFrom]);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  await refuseWithoutRoom(dir, bytes);
  const folder = await beginRestoring(dir);
  try {
    for (const file of manifest.files) {
      if (file.name === LEDGER_NAME || file.name === LEDGER_KEY_NAME) continue;
      const copied = await copyFile(join(restore.backup, file.name), join(folder, file.name), tell);
      compare(file, copied);
    }
    await keepLedger(folder, ledger);
    await noteRestored(folder, { createdAt: manifest.createdAt, restoredAt: restore.now, withdrawn });
    await readyToReplace(dir);
  } catch (error) {
    await finishRestoring(dir);
    throw error;
  }
  await finishRestoring(dir);
  return { erasures: ledger.lines.length, withdrawn: isWhole ? withdrawn.length : null };
}

/** What people took back, by the records of these directories, as far as they can be read. */
function withdrawnIn(dirs: readonly (string | null)[]): {
  readonly withdrawn: readonly WithdrawnConsent[];
  readonly isWhole: boolean;
} {
  const files = dirs.flatMap((dir) => (dir === null ? [] : [join(dir, 'wayside.db')]));
  const found = files.filter((file) => existsSync(file)).map(readWithdrawn);
  return { withdrawn: found.flatMap((some) => some ?? []), isWhole: !found.includes(null) };
}

async function ledgerOf(restore: Restore, dir: string): Promise<Ledger> {
  const known = [await readLedger(dir)];
  if (restore.erasuresFrom !== null) {
    const named = await readLedger(restore.erasuresFrom);
    if (named.key === null)
      throw new WaysideError('data_dir_damaged', `${restore.erasuresFrom} has no ${LEDGER_KEY_NAME}`);
    known.push(named);
  }
  return mergedLedger(await readLedger(restore.backup), known);
}

async function keepLedger(folder: string, ledger: Ledger): Promise<void> {
  const files = [
    ...(ledger.key === null ? [] : [[LEDGER_KEY_NAME, ledger.key] as const]),
    ...(ledger.lines.length === 0 ? [] : [[LEDGER_NAME, ledgerText(ledger)] as const]),
  ];
  for (const [name, text] of files) {
    await writeFile(join(folder, name), text, { mode: 0o600, flag: 'wx' });
    await syncPath(join(folder, name));
  }
}

async function check(backup: string, file: BackedUpFile, tell: (bytes: number) => void): Promise<void> {
  const path = join(backup, file.name);
  const found = await lstat(path).catch((cause: unknown) => {
    throw new WaysideError('backup_damaged', `${file.name} is missing`, { cause });
  });
  if (!found.isFile()) throw new WaysideError('backup_damaged', `${file.name} is no file`);
  // Told before it is read: a file that has grown would be read for nothing.
  if (found.size !== file.bytes) compare(file, { bytes: found.size, sha256: '' });
  compare(file, await digestFile(path, tell));
}

function compare(file: BackedUpFile, found: { readonly bytes: number; readonly sha256: string }): void {
  if (found.bytes !== file.bytes)
    throw new WaysideError(
      'backup_damaged',
      `${file.name} has ${found.bytes} bytes instead of ${file.bytes}`,
    );
  if (found.sha256 !== file.sha256)
    throw new WaysideError('backup_damaged', `${file.name} is not as it was written`);
}
