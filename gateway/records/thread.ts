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
  let failure: Error | undefined;
  let failed: (error: Error) => void = () => undefined;
  const death = new Promise<never>((_resolve, reject) => {
    failed = reject;
  });
  // It is raced against every call; alone it must not count as an unhandled rejection.
  death.catch(() => undefined);

  const worker = startWorker<RecordsWorker, object>(
    new URL('./records-worker.ts', import.meta.url),
    { file },
    {},
    (error) => {
      failure = error;
      failed(error);
      onFailure(error);
    },
  );

  const opened = await Promise.race([worker.call.open(), death]);
  if (opened.kind === 'failed') {
    await worker.terminate();
    throw new WaysideError(opened.code, opened.detail);
  }

  const db = new Kysely<Schema>({
    dialect: sqliteDialect(async () => ({
      execute: (sql, parameters) => {
        if (failure !== undefined) return Promise.reject(failure);
        return Promise.race([worker.call.execute(sql, parameters), death]);
      },
      close: async () => undefined,
    })),
  });
  return {
    db,
    async stop() {
      await db.destroy();
      if (failure === undefined) await Promise.race([worker.call.close(), death]);
      await worker.terminate();
    },
  };
}
