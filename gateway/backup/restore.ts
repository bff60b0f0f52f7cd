import { existsSync } from 'node:fs';
import { lstat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type DataDir, type DataFiles, takeDataDir } from '../data-dir.ts';
import { WaysideError } from '../errors.ts';
import { syncPath } from '../sync-path.ts';
import { codedTrouble } from './coded-trouble.ts';
import { copyFile, digestFile } from './copy-file.ts';
import { replacedFiles } from './data-files.ts';
import {
  erasuresSince,
  isOfSameGateway,
  LEDGER_KEY_NAME,
  LEDGER_NAME,
  type Ledger,
  ledgerText,
  mergedLedger,
  readLedger,
} from './ledger.ts';
import { type BackupProgress, refuseWithoutRoom } from './make-backup.ts';
import { type BackedUpFile, type Manifest, readManifest } from './manifest.ts';
import { beginRestoring, finishRestoring, readyToReplace } from './restore-files.ts';
import { noteRestored, readRestoredNote } from './restored-note.ts';
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
  /** All erasures of the ledger, which the next start makes again where the backup brought somebody back. */
  readonly erasures: number;
  /** Those of them that were made since the backup; null where nothing is known of that: whoever was erased since is back. */
  readonly erasuresSince: number | null;
  /** Consents that stay withdrawn, whatever the backup says; null where later records are not there or can't be read. */
  readonly withdrawn: number | null;
}

/** A data directory that may be newer than the backup. */
interface Newer {
  readonly dir: string;
  readonly ledger: Ledger;
}

/**
 * Puts a backup in the place of a data directory. All of the backup is checked before anything changes; what is there stays until
 * all of the new is on its disk. The ledger of erasures outlives it: nobody who was erased since comes back.
 *
 * @throws WaysideError `backup_damaged`, `backup_newer`, `backup_foreign`, `data_dir_not_empty`, `disk_full`, `path_unusable`, and as `takeDataDir`
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
  } catch (error) {
    throw codedTrouble(error, dataDir.files.dir);
  } finally {
    dataDir.release();
  }
}

async function putBack(
  restore: Restore,
  manifest: Manifest,
  { files }: DataDir,
  tell: (bytes: number) => void,
): Promise<Omit<Restored, 'manifest'>> {
  const { dir } = files;
  await refuseWhatIsThere(files, restore.replace);
  const before = await readLedger(restore.backup);
  const newer = await newerDirs(restore, dir);
  const known = newer.map(({ ledger }) => ledger);
  const ledger = mergedLedger(before, known);
  const { withdrawn, isKnown } = await withdrawnIn(newer, before);
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
  return {
    erasures: ledger.lines.length,
    erasuresSince: erasuresSince(before, known),
    withdrawn: isKnown ? withdrawn.length : null,
  };
}

/** A path that was mistyped costs nobody their files: only what is a gateway's is replaced. */
async function refuseWhatIsThere({ dir, records, journal, telemetry }: DataFiles, replace: boolean) {
  const present = await replacedFiles(dir);
  if (present.length === 0) return;
  const isOfGateway = [records, journal, telemetry].some((file) => present.includes(basename(file)));
  if (replace && isOfGateway) return;
  const what = `${dir} holds ${present.slice(0, 3).join(', ')}`;
  throw replace
    ? new WaysideError('path_unusable', `${what}, and nothing of a gateway that could be replaced`)
    : new WaysideError('data_dir_not_empty', what);
}

/** What is replaced, and what the operator names. */
async function newerDirs({ erasuresFrom }: Restore, dir: string): Promise<readonly Newer[]> {
  const present = { dir, ledger: await readLedger(dir) };
  if (erasuresFrom === null) return [present];
  const named = { dir: erasuresFrom, ledger: await readLedger(erasuresFrom) };
  if (!named.ledger.isThere)
    throw new WaysideError('path_unusable', `${erasuresFrom} has no ${LEDGER_NAME} with ${LEDGER_KEY_NAME}`);
  return [present, named];
}

/** What people took back, by the records of these directories, and whether those of the backup's gateway could be read. */
async function withdrawnIn(
  newer: readonly Newer[],
  before: Ledger,
): Promise<{ readonly withdrawn: readonly WithdrawnConsent[]; readonly isKnown: boolean }> {
  const found = await Promise.all(
    newer
      .filter(({ dir }) => existsSync(join(dir, 'wayside.db')))
      .map(async ({ dir, ledger }) => ({
        records: readWithdrawn(join(dir, 'wayside.db')),
        // Of a restore that no start has followed yet: not in the records.
        noted: (await readRestoredNote(dir))?.withdrawn ?? [],
        isOwn: isOfSameGateway(before, ledger),
      })),
  );
  return {
    withdrawn: found.flatMap(({ records, noted }) => [...(records ?? []), ...noted]),
    isKnown: found.some(({ isOwn }) => isOwn) && found.every(({ records }) => records !== null),
  };
}

async function keepLedger(folder: string, ledger: Pick<Ledger, 'key' | 'lines'>): Promise<void> {
  if (ledger.key === null) return;
  for (const [name, text] of [
    [LEDGER_KEY_NAME, ledger.key],
    [LEDGER_NAME, ledgerText(ledger)],
  ] as const) {
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
  const read = await digestFile(path, tell).catch((error: unknown) => {
    throw codedTrouble(error, backup);
  });
  compare(file, read);
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
