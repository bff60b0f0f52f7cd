import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DataFiles, makeDirectory } from '../data-dir.ts';
import { WaysideError } from '../errors.ts';
import { syncPath } from '../sync-path.ts';
import { codedTrouble } from './coded-trouble.ts';
import { copyFile, digestFile } from './copy-file.ts';
import { bytesToCopy, plainFiles } from './data-files.ts';
import { type BackedUpFile, type Manifest, newManifest, writeManifest } from './manifest.ts';

/** Left free on the disk, whose journal a gateway may need. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** End of the name of one that is being made. */
export const PARTIAL = '.partial';

/** A data directory that is to be copied, in use or not. */
export interface BackupSource {
  readonly files: DataFiles;
  readonly telemetry: Manifest['telemetry'];
  readonly migrations: readonly string[];
  /** Copies a SQLite file as of one moment. */
  copySqlite(file: string, copy: string): Promise<void>;
  /** Copies the telemetry as of one moment; gives whether there is any in the data directory. */
  copyTelemetry(copy: string): Promise<boolean>;
  /** Keeps the journal from forgetting anything; returns the release. */
  holdJournal(): () => void;
  /** Real time, epoch ms. */
  now(): number;
}

export interface BackupProgress {
  readonly doneBytes: number;
  /** An estimate: copies are smaller than what they are made of. */
  readonly totalBytes: number;
}

/**
 * Makes a backup of a data directory that may be in use, in a new directory that only its owner can read.
 *
 * What is copied later has seen at least as much as what was copied before. So the records come first, whose cursors say how far rules
 * and telemetry are; then the telemetry, which leaves out what it has when it is handed over again; and last the journal, which
 * has forgotten nothing since: all that the others lack is in it. Keys come after the records, in which nothing is then
 * signed or sealed with a key that is not there.
 *
 * @param target path that does not exist; appears when the backup is whole
 * @throws WaysideError `backup_exists`, `disk_full`, `path_unusable`, `telemetry_unavailable`
 */
export async function makeBackup(
  source: BackupSource,
  target: string,
  told: (progress: BackupProgress) => void = () => undefined,
): Promise<Manifest> {
  const totalBytes = await bytesToCopy(source.files);
  let doneBytes = 0;
  const tell = (bytes: number) => {
    doneBytes += bytes;
    told({ doneBytes, totalBytes: Math.max(totalBytes, doneBytes) });
  };
  const draft = await makeDraft(target);
  const release = source.holdJournal();
  try {
    await refuseWithoutRoom(draft, totalBytes);
    const createdAt = source.now();
    const files: BackedUpFile[] = [];
    const add = async (name: string) => {
      // However it was made.
      await chmod(join(draft, name), 0o600);
      await syncPath(join(draft, name));
      files.push({ name, ...(await digestFile(join(draft, name), tell)) });
    };
    const database = async (file: string) => {
      // Data of an earlier version may lack one.
      if (!existsSync(file)) return;
      await source.copySqlite(file, join(draft, basename(file)));
      await add(basename(file));
    };
    const { files: of } = source;
    await database(of.records);
    for (const name of await plainFiles(of))
      files.push({ name, ...(await copyFile(join(of.dir, name), join(draft, name), tell)) });
    await database(of.sessions);
    const telemetry = basename(of.telemetry);
    if (await source.copyTelemetry(join(draft, telemetry))) await add(telemetry);
    await database(of.journal);
    release();
    const manifest = newManifest({
      createdAt,
      migrations: source.migrations,
      telemetry: source.telemetry,
      files,
    });
    await writeManifest(draft, manifest);
    await syncPath(draft);
    await putInPlace(draft, target);
    return manifest;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw codedTrouble(error, dirname(target));
  } finally {
    release();
  }
}

/**
 * Makes an empty directory that is to get that name when it is finished, under one that nobody else has, and those above it.
 *
 * @throws WaysideError `path_unusable`, `disk_full`
 */
export async function makeDraft(target: string): Promise<string> {
  const draft = `${target}.${randomBytes(6).toString('hex')}${PARTIAL}`;
  try {
    await makeDirectory(draft);
  } catch (error) {
    throw codedTrouble(error, dirname(target));
  }
  return draft;
}

/** Gives a finished directory its name. @throws WaysideError `backup_exists` */
export async function putInPlace(draft: string, target: string): Promise<void> {
  try {
    await rename(draft, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code))
      throw new WaysideError('backup_exists', target, { cause: error });
    throw error;
  }
  await syncPath(dirname(target));
}

/** @throws WaysideError `disk_full` */
export async function refuseWithoutRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes + SPARE_BYTES) return;
  const mb = (value: number) => (value / 1e6).toFixed(1);
  throw new WaysideError(
    'disk_full',
    `${directory} has ${mb(free)} MB left, and ${mb(bytes + SPARE_BYTES)} MB are needed`,
  );
}
