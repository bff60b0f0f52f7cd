import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WaysideError } from '../errors.ts';

/** What a data directory knows of erasures, so that a backup of an earlier day brings nobody back. */
export const LEDGER_NAME = 'erasures.jsonl';
/** By which the ledger's digests are keyed. */
export const LEDGER_KEY_NAME = 'erasure-key';

/** The ledger of one directory. */
export interface Ledger {
  /** As it is in its file, or null where there is none. */
  readonly key: string | null;
  /** Each an erasure; one that a crash cut short is left out. */
  readonly lines: readonly string[];
  /** Whether both files are there: else what was erased is not known. */
  readonly isThere: boolean;
}

/** Reads what a directory has of it. */
export async function readLedger(directory: string): Promise<Ledger> {
  const key = await textOf(join(directory, LEDGER_KEY_NAME));
  const text = await textOf(join(directory, LEDGER_NAME));
  return {
    key,
    lines: (text ?? '').split('\n').filter(isWhole),
    isThere: key !== null && text !== null,
  };
}

/** Whether it is known to be of the gateway whose ledger the other is: one that never erased anybody may have another key. */
export function isOfSameGateway(restored: Ledger, { key, isThere }: Ledger): boolean {
  return isThere && (restored.key === null || restored.key.trim() === key?.trim());
}

/** How many erasures were made since the backup; null where no ledger of its gateway tells. */
export function erasuresSince(restored: Ledger, known: readonly Ledger[]): number | null {
  const own = known.filter((ledger) => isOfSameGateway(restored, ledger));
  if (own.length === 0) return null;
  const before = new Set(restored.lines);
  return new Set(own.flatMap(({ lines }) => lines).filter((line) => !before.has(line))).size;
}

/**
 * What a restored directory has to know: the erasures of the backup and those that were made since.
 *
 * @param restored of the backup
 * @param known of directories in which erasures were made since: the one that is replaced, or one that is named
 * @throws WaysideError `backup_foreign` where erasures were made by another gateway: their digests can't be held against this one's
 */
export function mergedLedger(restored: Ledger, known: readonly Ledger[]): Pick<Ledger, 'key' | 'lines'> {
  let { key } = restored;
  const lines = [...restored.lines];
  for (const ledger of known) {
    if (ledger.lines.length === 0) continue;
    if (key !== null && ledger.key?.trim() !== key.trim())
      throw new WaysideError('backup_foreign', `its ledger of erasures (${LEDGER_NAME}) has another key`);
    key ??= ledger.key;
    lines.push(...ledger.lines);
  }
  return { key, lines: [...new Set(lines)] };
}

export function ledgerText({ lines }: Pick<Ledger, 'lines'>): string {
  return lines.map((line) => `${line}\n`).join('');
}

function isWhole(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    // The end of a write that was cut short, or no line at all.
    return false;
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR'].includes(code)) return null;
    throw error;
  }
}
