import { createHmac } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LEDGER_KEY_NAME, LEDGER_NAME } from '../backup/ledger.ts';
import { WaysideError } from '../errors.ts';
import { readOrCreateKey } from '../secret-file.ts';
import { syncPath } from '../sync-path.ts';

/** Digests given at a time: what is held of a ledger does not grow with it. */
const LINES_A_PART = 100_000;
/** More than the longest line. */
const TAIL_BYTES = 4_096;

/** Whom an erasure was about. Ids may be given anew; what else is named here is not, and is in every copy of the records. */
export type Erased =
  | { readonly kind: 'consumer'; readonly id: string; readonly createdAt: number }
  | { readonly kind: 'device'; readonly key: string };

/**
 * The erasures that were ever made, in a file beside the records, so that a backup that is restored can be gone through: it is
 * newer than any of them. It names nobody: who is meant can be told only by whoever has the key and asks for somebody they know.
 */
export interface ErasureLedger {
  digestOf(erased: Erased): string;
  /**
   * Adds lines, one call after the other; they are on disk when it resolves, and none of them is there when it rejects.
   *
   * @param at domain time, epoch ms
   * @returns the digest of the last
   */
  append(erased: readonly Erased[], at: number): Promise<string>;
  /** Digest of the last line, or null where there is none. */
  last(): Promise<string | null>;
  /** All digests. @throws WaysideError `data_dir_damaged` */
  digests(): AsyncIterable<ReadonlySet<string>>;
  close(): Promise<void>;
}

/**
 * Opens the ledger of a data directory, and makes it where it is not there yet (0600). A line that a crash cut short was
 * promised to nobody, and goes.
 *
 * @throws WaysideError `data_dir_damaged`, `data_dir_unwritable`
 */
export async function openLedger(dir: string): Promise<ErasureLedger> {
  const key = await readOrCreateKey(join(dir, LEDGER_KEY_NAME));
  const file = join(dir, LEDGER_NAME);
  const handle = await opened(file);
  await cutTornLine(handle);

  const digestOf = (erased: Erased) => createHmac('sha256', key).update(wordsOf(erased)).digest('base64url');

  return {
    digestOf,
    async append(erased, at) {
      const digests = erased.map(digestOf);
      const lines = erased.map(({ kind }, index) => JSON.stringify({ at, kind, digest: digests[index] }));
      const { size } = await handle.stat();
      try {
        await handle.appendFile(`${lines.join('\n')}\n`);
        await handle.datasync();
      } catch (error) {
        // All of them, also those that are whole: the next start would erase whom nobody was promised to be rid of.
        await handle.truncate(size);
        throw error;
      }
      return digests.at(-1) ?? '';
    },
    async last() {
      const tail = await tailOf(handle);
      const line = tail.trimEnd().split('\n').at(-1) ?? '';
      return line === '' ? null : digestIn(line, file);
    },
    async *digests() {
      let part = new Set<string>();
      const reader = await open(file);
      try {
        for await (const line of reader.readLines()) {
          part.add(digestIn(line, file));
          if (part.size < LINES_A_PART) continue;
          yield part;
          part = new Set();
        }
      } finally {
        await reader.close();
      }
      if (part.size > 0) yield part;
    },
    close: () => handle.close(),
  };
}

async function opened(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'a+', 0o600);
    await syncPath(dirname(file));
    return handle;
  } catch (error) {
    throw new WaysideError('data_dir_unwritable', `${file} cannot be opened`, { cause: error });
  }
}

async function cutTornLine(handle: FileHandle): Promise<void> {
  const tail = await tailOf(handle);
  const torn = Buffer.byteLength(tail.slice(tail.lastIndexOf('\n') + 1));
  if (torn === 0) return;
  const { size } = await handle.stat();
  await handle.truncate(size - torn);
  await handle.datasync();
}

async function tailOf(handle: FileHandle): Promise<string> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const buffer = Buffer.alloc(size - from);
  await handle.read(buffer, 0, buffer.length, from);
  return buffer.toString();
}

function digestIn(line: string, file: string): string {
  try {
    const { digest } = JSON.parse(line) as { readonly digest?: unknown };
    if (typeof digest === 'string') return digest;
  } catch {
    // said below: a line that is no JSON is as bad as one without a digest
  }
  throw new WaysideError('data_dir_damaged', `${file} has a line that is no erasure`);
}

/** Ids hold no zero byte. */
function wordsOf(erased: Erased): string {
  switch (erased.kind) {
    case 'consumer':
      return `consumer\0${erased.id}\0${erased.createdAt}`;
    case 'device':
      return `device\0${erased.key}`;
  }
}
