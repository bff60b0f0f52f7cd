import { Kysely } from 'kysely';
import { sqliteDialect } from './dialect.ts';
import type { Schema } from './schema.ts';
import { openSqliteFile, openSqliteFileToRead } from './sqlite-file.ts';

export interface RecordsOptions {
  /** What SQLite keeps of the file in memory at most. Each commit of another thread empties it. */
  readonly cacheKibibytes?: number;
}

/**
 * The records in this thread: each statement blocks it until the disk has answered. For threads whose work this is
 * (engine, delivery) and for tools; the socket thread uses `openRecordsThread`. The file is opened at the first statement;
 * `destroy()` closes it.
 */
export function openRecords(file: string, { cacheKibibytes }: RecordsOptions = {}): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: sqliteDialect(async () => {
      const sqlite = openSqliteFile(file, cacheKibibytes);
      return {
        execute: async (sql, parameters) => sqlite.execute(sql, parameters),
        close: async () => sqlite.close(),
      };
    }),
  });
}

/** The records to read from alone, in this thread; a gateway may have them open and go on writing. For tools. */
export function openRecordsToRead(file: string): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: sqliteDialect(async () => {
      const sqlite = openSqliteFileToRead(file);
      return {
        execute: async (sql, parameters) => sqlite.execute(sql, parameters),
        close: async () => sqlite.close(),
      };
    }),
  });
}
