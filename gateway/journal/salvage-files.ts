import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What SQLite keeps beside a file. */
const LOG = '-wal';
const SHARED = '-shm';

/** Where what can be read of a torn journal is gathered. Until it is ready, the torn files stay as they are. */
export function salvageCopyOf(file: string): string {
  return `${file}.salvage`;
}

/** Another name says that all of the copy is there, on the disk: from then on it takes the place of the torn file. */
function readyOf(file: string): string {
  return `${file}.salvaged`;
}

/**
 * All that could be read is in the copy, which is closed. What comes after is brought to an end whatever happens, at the next start
 * if need be.
 *
 * @throws where a part of the copy is still in its log, which would stay behind
 */
export function readyToReplace(file: string): void {
  const copy = salvageCopyOf(file);
  if (isFilled(copy + LOG)) throw new Error(`${copy}${LOG} could not be written into ${copy}`);
  sync(copy);
  renameSync(copy, readyOf(file));
  sync(dirname(file));
}

/**
 * Brings a salvage that was cut short to an end, where it was ready; what it had copied until then is removed else.
 *
 * @returns what the torn file is called now; null where there was nothing to put in place
 */
export function finishSalvage(file: string): string | null {
  if (existsSync(readyOf(file))) return replaceTorn(file);
  for (const suffix of ['', LOG, SHARED]) rmSync(salvageCopyOf(file) + suffix, { force: true });
  return null;
}

/**
 * Puts what is ready in the place of the torn journal, which stays beside it. Can be cut short at any moment and called again.
 *
 * @returns what the torn file is called now
 */
export function replaceTorn(file: string): string {
  const aside = asideOf(file);
  if (!existsSync(aside)) linkSync(file, aside);
  // A log that stayed would be played into the new file.
  if (isFilled(file + LOG)) renameSync(file + LOG, aside + LOG);
  for (const suffix of [LOG, SHARED]) rmSync(file + suffix, { force: true });
  // On the disk the log may not go later than the new file comes.
  sync(dirname(file));
  renameSync(readyOf(file), file);
  sync(dirname(file));
  return aside;
}

/** The first name that is free, or that the file got when this was cut short. */
function asideOf(file: string): string {
  const { ino } = statSync(file);
  for (let n = 1; ; n += 1) {
    const name = `${file}.torn-${n}`;
    if (!existsSync(name) || statSync(name).ino === ino) return name;
  }
}

function isFilled(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
