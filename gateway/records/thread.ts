import { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { startWorker } from '../worker-rpc.ts';
import { sqliteDialect } from './dialect.ts';
import type { RecordsWorker } from './records-worker.ts';
import type { Schema } from './schema.ts';

export interface RecordsThread {
  readonly db: Kysely<Schema>;
  /** Finishes the statement that runs, closes the file and ends the thread. */
  stop(): Promise<void>;
}

/**
 * The records with SQLite in a thread of its own, so that the caller's thread never waits for a disk.
 *
 * @param onFailure called once, should the thread die; statements then fail
 * @throws WaysideError `data_dir_damaged` or `data_dir_unwritable` where the file can't be opened
 */
export async function openRecordsThread(
  file: string,
  onFailure: (error: Error) => void = () => undefined,
): Promise<RecordsThread> {
  let alive = true;
  const worker = startWorker<RecordsWorker, object>(
    new URL('./records-worker.ts', import.meta.url),
    { file },
    {},
    (error) => {
      alive = false;
      onFailure(error);
    },
  );

  const opened = await worker.call.open();
  if (opened.kind === 'failed') {
    await worker.terminate();
    throw new WaysideError(opened.code, opened.detail);
  }

  const db = new Kysely<Schema>({
    dialect: sqliteDialect(async () => ({
      execute: (sql, parameters) => worker.call.execute(sql, parameters),
      close: async () => undefined,
    })),
  });
  return {
    db,
    async stop() {
      await db.destroy();
      if (alive) await worker.call.close();
      await worker.terminate();
    },
  };
}
