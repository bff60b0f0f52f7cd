import { Kysely } from 'kysely';
import { sqliteDialect } from './dialect.ts';
import type { Schema } from './schema.ts';
import { openSqliteFile } from './sqlite-file.ts';

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
