import { Kysely } from 'kysely';
import { sqliteDialect } from './dialect.ts';
import type { Schema } from './schema.ts';
import { isBusy, openSqliteFile, openSqliteFileToRead } from './sqlite-file.ts';

/**
 * The records in this thread: each statement blocks it until the disk has answered. For threads whose work this is
 * (engine, delivery) and for tools; the socket thread uses `openRecordsThread`. The file is opened at the first statement;
 * `destroy()` closes it.
 */
export function openRecords(file: string): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: sqliteDialect(async () => {
      const sqlite = openSqliteFile(file);
      return {
        execute: async (sql, parameters) => sqlite.execute(sql, parameters),
        close: async () => sqlite.close(),
      };
    }),
  });
}

/** How soon a statement that found another thread writing is tried again, and for how long. */
const LOOK_AGAIN_MS = 1;
const PATIENCE_MS = 10_000;

/**
 * As `openRecords`, for the transactions of a thread that has other things to do while another one writes: SQLite itself waits by
 * putting the whole thread to sleep, for up to 100 ms at a time. What is read meanwhile needs a `Kysely` of its own.
 */
export function openPatientRecords(file: string): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: sqliteDialect(async () => {
      const sqlite = openSqliteFile(file);
      sqlite.execute('pragma busy_timeout = 0', []);
      return {
        async execute(sql, parameters) {
          const giveUpAt = performance.now() + PATIENCE_MS;
          while (true) {
            try {
              return sqlite.execute(sql, parameters);
            } catch (error) {
              if (!isBusy(error) || performance.now() > giveUpAt) throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
          }
        },
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
