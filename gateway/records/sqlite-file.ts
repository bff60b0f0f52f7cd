import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { WaysideError } from '../errors.ts';

/** What SQLite gave back, as plain data that can cross to another thread. */
export interface SqliteResult {
  readonly rows: unknown[];
  /** Rows inserted, changed or deleted; 0 for a query. */
  readonly changes: number;
  readonly lastInsertRowid: number;
}

/** A statement, and the values of each time that it is to be carried out. */
export interface RepeatedStatement {
  readonly sql: string;
  readonly rows: readonly (readonly unknown[])[];
}

/** One open records file. */
export interface SqliteFile {
  execute(sql: string, parameters: readonly unknown[]): SqliteResult;
  /** Carries out all of it in one transaction, or nothing. */
  executeAll(statements: readonly RepeatedStatement[]): void;
  close(): void;
}

/** How long a statement waits for another thread's transaction before it fails with "database is locked". */
const BUSY_TIMEOUT_MS = 10_000;

/** https://www.sqlite.org/rescode.html#full */
const SQLITE_FULL = 13;
/** https://www.sqlite.org/rescode.html#cantopen */
const SQLITE_CANTOPEN = 14;
/** Pages that are changed all the time stay in memory. */
const CACHE_KIBIBYTES = 16 * 1024;
/** 16 MiB of log: a checkpoint writes pages that many commits changed once. */
const CHECKPOINT_PAGES = 4_000;
/** Statements kept prepared; the code has fewer shapes, except lists of any length in `in (…)`. */
const MAX_CACHED_STATEMENTS = 300;

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

/**
 * Opens or creates a SQLite file for use from several threads: WAL, an fsync at every commit, foreign keys.
 *
 * @throws WaysideError `data_dir_damaged` where the file is no SQLite file, `data_dir_unwritable` where it can't be opened
 */
export function openSqliteFile(file: string, cacheKibibytes = CACHE_KIBIBYTES): SqliteFile {
  return sqliteFile(file, openDatabase(file, cacheKibibytes));
}

/**
 * Opens a SQLite file that is there to read from alone; another process may have it open and write. Where the folder can't be
 * written either (a copy on a medium that is read-only), it is taken as a file that nobody changes.
 *
 * @throws WaysideError `data_dir_damaged` where it is missing or no SQLite file
 */
export function openSqliteFileToRead(file: string): SqliteFile {
  const open = (path: string | URL) => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      database.exec('select 1 from sqlite_master limit 1');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    try {
      return sqliteFile(file, open(file));
    } catch (error) {
      // A file with a write-ahead log needs a file of shared memory beside it.
      const isCantOpen = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_CANTOPEN;
      if (!isCantOpen || existsSync(`${file}-wal`) || !existsSync(file)) throw error;
      const unchanged = pathToFileURL(file);
      unchanged.searchParams.set('immutable', '1');
      return sqliteFile(file, open(unchanged));
    }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WaysideError('data_dir_damaged', `${file}: ${message}`, { cause });
  }
}

function sqliteFile(file: string, database: DatabaseSync): SqliteFile {
  const cache = new Map<string, Prepared>();

  const prepared = (sql: string): Prepared => {
    const known = cache.get(sql);
    if (known !== undefined) {
      // Move to the end, so that the first key is the one not used for longest.
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    const statement = database.prepare(sql);
    const made = { statement, returnsRows: statement.columns().length > 0 };
    const oldest = cache.keys().next().value;
    if (cache.size >= MAX_CACHED_STATEMENTS && oldest !== undefined) cache.delete(oldest);
    cache.set(sql, made);
    return made;
  };

  return {
    execute(sql, parameters) {
      // A full disk ends a transaction by itself (https://www.sqlite.org/lang_transaction.html); the second ending would hide why.
      if (sql === 'rollback' && !database.isTransaction) return NOTHING_CHANGED;
      return coded(file, () => {
        const { statement, returnsRows } = prepared(sql);
        const values = parameters as SQLInputValue[];
        if (returnsRows) return { rows: statement.all(...values), changes: 0, lastInsertRowid: 0 };
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: [], changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
      });
    },
    executeAll(statements) {
      coded(file, () => {
        database.exec('begin immediate');
        try {
          for (const { sql, rows } of statements) {
            const { statement } = prepared(sql);
            for (const row of rows) statement.run(...(row as SQLInputValue[]));
          }
          database.exec('commit');
        } catch (error) {
          if (database.isTransaction) database.exec('rollback');
          throw error;
        }
      });
    },
    close() {
      cache.clear();
      database.close();
    },
  };
}

const NOTHING_CHANGED: SqliteResult = { rows: [], changes: 0, lastInsertRowid: 0 };

/** A full disk, and numbers that nobody here wrote, are errors that people meet: they have a code, and say what helps. */
function coded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = codeOf(error);
    if (code === null) throw error;
    throw new WaysideError(code, `${file}: ${error.message}`, { cause: error });
  }
}

function codeOf(error: Error & { readonly errcode?: unknown; readonly code?: unknown }) {
  if (error.errcode === SQLITE_FULL) return 'disk_full';
  return error.code === 'ERR_OUT_OF_RANGE' ? 'data_dir_damaged' : null;
}

function openDatabase(file: string, cacheKibibytes: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    database.exec('pragma journal_mode = wal; pragma synchronous = full;');
    // What is deleted out of a page that stays is overwritten with it: it costs no write more, and pages hold what people erase.
    database.exec('pragma secure_delete = fast;');
    database.exec(`pragma cache_size = -${cacheKibibytes}; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};`);
    return database;
  } catch (cause) {
    database?.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    const damaged = /not a database|malformed/.test(message);
    throw new WaysideError(damaged ? 'data_dir_damaged' : 'data_dir_unwritable', `${file}: ${message}`, {
      cause,
    });
  }
}
