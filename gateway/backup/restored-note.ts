import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../sync-path.ts';
import type { WithdrawnConsent } from './withdrawn-consents.ts';

/** In a data directory that was restored, until its first start. */
const NOTE_NAME = 'restored.json';

export interface RestoredNote {
  /** When the backup was begun, real time, epoch ms. */
  readonly createdAt: number;
  readonly restoredAt: number;
  /** What people had taken back by then, whatever the backup says. */
  readonly withdrawn: readonly WithdrawnConsent[];
}

/** Notes for the first start that what is there comes from a backup. */
export async function noteRestored(directory: string, note: RestoredNote): Promise<void> {
  const handle = await open(join(directory, NOTE_NAME), 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(note)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The note, or null where there is none. */
export async function readRestoredNote(directory: string): Promise<RestoredNote | null> {
  try {
    return JSON.parse(await readFile(join(directory, NOTE_NAME), 'utf8')) as RestoredNote;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** For good, also where power fails next: what is done for it must not be done again in the midst of what came since. */
export async function forgetRestoredNote(directory: string): Promise<void> {
  await rm(join(directory, NOTE_NAME), { force: true });
  await syncPath(directory);
}
