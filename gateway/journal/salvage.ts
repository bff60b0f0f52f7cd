import { Buffer } from 'node:buffer';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isTorn, lastSeqOf, openForWriting } from './journal-file.ts';
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
 * gateway that does not start would lose more than what is torn.
 *
 * @throws {WaysideError} as `openForWriting`; a file that is no SQLite file at all is `data_dir_damaged`, and left alone
 */
export function openSalvaging(file: string): OpenJournal {
  let torn: string;
  try {
    const database = openForWriting(file);
    const bad = firstBadSegment(database);
    if (bad === null) return { database, damage: null };
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

function salvage(file: string): { readonly kept: number; readonly aside: string } {
  const copy = `${file}.salvage`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true });
  const target = openForWriting(copy);
  const kept = copySegments(file, target);
  // Closing folds the log into the file, which alone is moved.
  target.close();
  const aside = freeName(file);
  linkSync(file, aside);
  // A log that stayed would be played into the new file.
  const log = `${file}-wal`;
  if (existsSync(log) && statSync(log).size > 0) renameSync(log, `${aside}-wal`);
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  renameSync(copy, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
  return { kept, aside };
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

function freeName(file: string): string {
  for (let n = 1; ; n += 1) {
    const name = `${file}.torn-${n}`;
    if (!existsSync(name)) return name;
  }
}
