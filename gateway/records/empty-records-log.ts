import { type Kysely, sql } from 'kysely';
import { emptyLog } from '../empty-log.ts';
import type { Schema } from './schema.ts';

type Row = Readonly<Record<string, unknown>>;

/** Empties the log of the records (see `emptyLog`); to be done after a removal, in no transaction. @throws as that does */
export function emptyRecordsLog(db: Kysely<Schema>): Promise<void> {
  return emptyLog('wayside.db', (work) =>
    db
      .connection()
      .execute((one) => work(async (statement) => (await sql<Row>`${sql.raw(statement)}`.execute(one)).rows)),
  );
}
