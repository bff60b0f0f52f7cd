import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type ErrorCode, WaysideError } from '../errors.ts';
import { CREATE_ERASED_SPACE } from '../overwrite-free-pages.ts';

/** SQLite result codes, https://www.sqlite.org/rescode.html; extended codes carry these in their low byte. */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** Written into the file, so that a later format is recognised instead of misread. */
const FORMAT = 1;

/**
 * Opens or creates the journal file for writing.
 *
 * WAL with synchronous=FULL fsyncs the log at each commit (https://www.sqlite.org/pragma.html#pragma_synchronous): what was
 * committed survives power loss. What is deleted out of a page that stays in use is overwritten; what lies in free pages is by
 * `erase`. A row is a segment of up to 1 MiB that holds many entries, so that SQLite's cost is per commit and not per message.
 *
 * @throws {WaysideError} data_dir_damaged, data_dir_newer, data_dir_in_use, data_dir_unwritable, disk_full
 */
export function openForWriting(file: string): DatabaseSync {
  return guarded(file, () => {
    // Readings hold positions: the owner alone may read them. SQLite gives its -wal and -shm the same mode.
    closeSync(openSync(file, 'a', 0o600));
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      database.exec(`
        PRAGMA page_size = 8192;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 2000;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA temp_store = MEMORY;
        PRAGMA secure_delete = FAST;
      `);
      const version = userVersion(database);
      if (version !== 0 && version !== FORMAT) throw unknownFormat(file, version);
      database.exec(`
        CREATE TABLE IF NOT EXISTS segments (
          last_seq INTEGER PRIMARY KEY,
          first_seq INTEGER NOT NULL,
          crc INTEGER NOT NULL,
          entries BLOB NOT NULL
        );
        CREATE TABLE IF NOT EXISTS trimmed (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
        INSERT OR IGNORE INTO trimmed VALUES (1, 0);
        ${CREATE_ERASED_SPACE};
        PRAGMA user_version = ${FORMAT};
      `);
      lastSeqOf(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Opens a journal file that exists for reading, beside its writer.
 *
 * @throws {WaysideError} data_dir_damaged, also where there is no journal
 */
export function openForReading(file: string): DatabaseSync {
  return guarded(
    file,
    () => {
      const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
      try {
        const version = userVersion(database);
        if (version !== FORMAT) throw unknownFormat(file, version);
        lastSeqOf(database);
        return database;
      } catch (error) {
        database.close();
        throw error;
      }
    },
    'data_dir_damaged',
  );
}

/** Highest sequence that was ever committed: also after all was trimmed. */
export function lastSeqOf(database: DatabaseSync): number {
  const row = database
    .prepare(
      'SELECT max((SELECT coalesce(max(last_seq), 0) FROM segments), (SELECT seq FROM trimmed)) AS seq',
    )
    .get();
  return Number(row?.seq ?? 0);
}

/** Sequence up to which segments were deleted or skipped. */
export function trimmedSeqOf(database: DatabaseSync): number {
  return Number(database.prepare('SELECT seq FROM trimmed').get()?.seq ?? 0);
}

/** Runs a piece of work on the file; whatever SQLite says becomes a coded error. */
export function guarded<T>(file: string, work: () => T, otherwise: ErrorCode = 'data_dir_unwritable'): T {
  try {
    return work();
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY)
      throw new WaysideError('data_dir_in_use', `${file}: ${reasonOf(error)}`, { cause: error });
    throw codedError(file, error, otherwise);
  }
}

/** The coded error for one of SQLite's or of the file system: damage, no space, or what the caller was at. */
export function codedError(file: string, error: unknown, otherwise: ErrorCode): WaysideError {
  if (error instanceof WaysideError) return error;
  return new WaysideError(codeOf(error) ?? otherwise, `${file}: ${reasonOf(error)}`, { cause: error });
}

/**
 * Whether a statement failed because the file is not as SQLite left it: a page that makes no sense, or a number that was never
 * written. A file that is no database at all is not meant.
 */
export function isTorn(error: unknown): boolean {
  const isNonsense = (error as NodeJS.ErrnoException | null)?.code === 'ERR_OUT_OF_RANGE';
  return isNonsense || sqliteCode(error) === SQLITE_CORRUPT;
}

function codeOf(error: unknown): ErrorCode | null {
  const code = sqliteCode(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return 'data_dir_damaged';
  const isFull = code === SQLITE_FULL || (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC';
  return isFull ? 'disk_full' : null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null;
}

function userVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

function unknownFormat(file: string, version: number): WaysideError {
  return new WaysideError(
    version > FORMAT ? 'data_dir_newer' : 'data_dir_damaged',
    `${file}: format ${version} is not the journal format ${FORMAT} of this version`,
  );
}
