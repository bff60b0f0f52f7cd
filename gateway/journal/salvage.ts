import { Buffer } from 'node:buffer';
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isTorn, lastSeqOf, openForWriting } from './journal-file.ts';
import { finishSalvage, readyToReplace, replaceTorn, salvageCopyOf } from './salvage-files.ts';
import { sequencesIn } from './segment.ts';

/** Reading past the end of the file, https://www.sqlite.org/rescode.html#ioerr_short_read */
const SQLITE_IOERR = 10;
/** No journal gets there in a thousand years; a torn page may say it did. */
const IMPLAUSIBLE_SEQ = 2 ** 52;

interface SegmentRow {
  readonly last_seq: number;
  readonly first_seq: number;
  readonly crc: number;
  readonly entries: Uint8Array;
}

/** A journal that is open, and what had to be set aside for it. */
interface OpenJournal {
  readonly database: DatabaseSync;
  /** For an operator; null where nothing was wrong. */
  readonly damage: string | null;
}

/**
 * Opens the journal and looks at every segment in it. Where pages are torn (a disk that lied about an fsync, a file cut
 * short), all segments that can still be read go into a new file, and the old one stays beside it under another name: a
 * gateway that does not start would lose more than what is torn. Can be cut short at any moment and called again: until all that was
 * read is on the disk, nothing of the torn file is moved or removed.
 *
 * @throws {WaysideError} as `openForWriting`; a file that is no SQLite file at all is `data_dir_damaged`, and left alone
 */
export function openSalvaging(file: string): OpenJournal {
  const cutShort = finishSalvage(file);
  let torn: string;
  try {
    const database = openForWriting(file);
    const bad = firstBadSegment(database);
    if (bad === null) return { database, damage: cutShort === null ? null : damageBefore(cutShort) };
    database.close();
    torn = bad;
  } catch (error) {
    if (!isTorn(error instanceof Error ? error.cause : null)) throw error;
    torn = (error as Error).message;
  }
  const { kept, aside } = salvage(file);
  return {
    database: openForWriting(file),
    damage: `${torn}; ${kept} segments that could be read are kept, and the torn file is ${aside}`,
  };
}

/** Says which segment can't be read, or null. Reads all that the journal holds: what some reader has still to take. */
function firstBadSegment(database: DatabaseSync): string | null {
  try {
    for (const row of segments(database, 'ASC')) {
      if (!isWhole(row)) return `the entries up to sequence ${row.last_seq} fail their checksum`;
    }
    return null;
  } catch (error) {
    if (!isTorn(error)) throw error;
    return (error as Error).message;
  }
}

function* segments(database: DatabaseSync, order: 'ASC' | 'DESC'): Generator<SegmentRow> {
  const all = database.prepare(
    `SELECT last_seq, first_seq, crc, entries FROM segments ORDER BY last_seq ${order}`,
  );
  for (const row of all.iterate()) yield row as unknown as SegmentRow;
}

/** Its numbers have no checksum of their own, and have to fit what is in it. */
function isWhole({ last_seq, first_seq, entries, crc }: SegmentRow): boolean {
  if (!(entries instanceof Uint8Array)) return false;
  const bytes = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
  return crc32(bytes) === crc && last_seq - first_seq + 1 === sequencesIn(bytes);
}

function damageBefore(aside: string): string {
  return `what could be read was salvaged before, which was cut short and is done now; the torn file is ${aside}`;
}

function salvage(file: string): { readonly kept: number; readonly aside: string } {
  const target = openForWriting(salvageCopyOf(file));
  let kept: number;
  try {
    kept = copySegments(file, target);
    // Closing does the same, and says nothing where it can't.
    target.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    target.close();
  }
  readyToReplace(file);
  return { kept, aside: replaceTorn(file) };
}

/** From the front until a page is torn, then from the back. */
function copySegments(file: string, target: DatabaseSync): number {
  // Only so does SQLite read a file that is shorter than its header says (sqlite3BtreeBeginTrans, lockBtree).
  const source = new DatabaseSync(file, { readOnly: true, defensive: false });
  let kept = 0;
  try {
    source.exec('PRAGMA writable_schema = ON');
    const insert = target.prepare('INSERT OR IGNORE INTO segments VALUES (?, ?, ?, ?)');
    const setTrimmed = target.prepare('UPDATE trimmed SET seq = max(seq, ?)');
    target.exec('BEGIN IMMEDIATE');
    untilTorn(() => {
      const lastSeq = lastSeqOf(source);
      if (lastSeq < IMPLAUSIBLE_SEQ) setTrimmed.run(lastSeq);
    });
    for (const order of ['ASC', 'DESC'] as const) {
      untilTorn(() => {
        for (const row of segments(source, order)) {
          if (!isWhole(row)) continue;
          const { changes } = insert.run(row.last_seq, row.first_seq, row.crc, row.entries);
          if (order === 'DESC' && changes === 0) return; // where the first way ended
          kept += Number(changes);
        }
      });
    }
    target.exec('COMMIT');
  } finally {
    source.close();
  }
  return kept;
}

/** Lets a piece of work end at the first page that can't be read. */
function untilTorn(work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = (error as { errcode?: number }).errcode ?? 0;
    if (!isTorn(error) && (code & 0xff) !== SQLITE_IOERR) throw error;
  }
}

/** Removes the torn files that lie beside a journal, and what a salvage that was cut short left: nobody can be taken out of them. */
export function removeTorn(file: string): void {
  const prefixes = ['.torn-', '.salvage'].map((suffix) => basename(file) + suffix);
  for (const name of readdirSync(dirname(file))) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) rmSync(join(dirname(file), name));
  }
}
