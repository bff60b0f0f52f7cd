import { workerData } from 'node:worker_threads';
import { WaysideError } from '../errors.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { openSqliteFile, type RepeatedStatement, type SqliteFile, type SqliteResult } from './sqlite-file.ts';

/** Errors lose their class on the way between threads, so an error that is in the table goes as data. */
export type OpenOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly code: WaysideError['code']; readonly detail: string };

/** What the thread of one SQLite file serves. */
export interface RecordsWorker {
  open(): OpenOutcome;
  execute(sql: string, parameters: readonly unknown[]): SqliteResult;
  executeAll(statements: readonly RepeatedStatement[]): void;
  close(): void;
}

const { file } = workerData as { readonly file: string };
let sqlite: SqliteFile | undefined;

const functions: RecordsWorker = {
  open() {
    try {
      sqlite = openSqliteFile(file);
      return { kind: 'open' };
    } catch (error) {
      if (error instanceof WaysideError) return { kind: 'failed', code: error.code, detail: error.detail };
      throw error;
    }
  },
  execute(sql, parameters) {
    if (sqlite === undefined) throw new Error('the records are not open');
    return sqlite.execute(sql, parameters);
  },
  executeAll(statements) {
    if (sqlite === undefined) throw new Error('the records are not open');
    sqlite.executeAll(statements);
  },
  close() {
    sqlite?.close();
    sqlite = undefined;
  },
};

serveFromWorker<object, RecordsWorker>(functions);
