import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { WaysideError } from '../errors.ts';
import { oldestPosition } from './duckdb-deletions.ts';
import { openDuckDbFile, swapInSuccessor } from './duckdb-file.ts';
import { createMemoryLimit, fitMemory, giveMemory } from './duckdb-memory.ts';
import { createDuckDbRemover } from './duckdb-remover.ts';
import { readPage } from './duckdb-rows.ts';
import { scanDuckDb } from './duckdb-scan.ts';
import { type WritableFile, writeBatch } from './duckdb-write.ts';
import { createSharedLock } from './shared-lock.ts';
import type { TelemetryStore, WriteOutcome } from './telemetry-store.ts';

/**
 * How much log is written into the file at once. DuckDB's own 16 MB are about one row group, which is packed anew with every
 * checkpoint until it is full: a quarter more CPU in all of the store's threads.
 */
const CHECKPOINT_AT = '64MB';
/** A second one makes small batches cost a third more CPU, which the broker beside it needs (measured, 500 points a batch). */
const DEFAULT_THREADS = 1;
const RETRY_AFTER_MS = 1_000;
/** Reads that run or wait; beyond that a caller is told to come back, rather than kept in a queue without end. */
const MAX_READS = 64;

export interface DuckDbStoreOptions {
  /** Path of the one file; its directory must exist. */
  readonly file: string;
  /** Threads of a query. */
  readonly threads?: number;
  /** DuckDB's own memory to begin with, in MB. */
  readonly memoryMb?: number;
}

interface Open extends WritableFile {
  readonly instance: DuckDBInstance;
}

/**
 * Telemetry in one DuckDB file, which this process alone can have open. A batch and the journal cursor are one
 * transaction, so that a batch repeated after a crash leaves one point for each reading.
 */
export function createDuckDbStore(options: DuckDbStoreOptions): TelemetryStore {
  /** Who may write: one at a time, in the order of the calls. */
  const writers = createSharedLock();
  /** Who uses the open file: any number, save while it is closed, swapped or opened. */
  const users = createSharedLock();
  const memory = createMemoryLimit(options.memoryMb);
  let open: Open | null = null;
  let started = false;
  let reads = 0;

  async function openFile(): Promise<Open> {
    const { instance, storedSeq } = await openDuckDbFile(options.file, {
      threads: String(options.threads ?? DEFAULT_THREADS),
      memory_limit: `${memory.mb}MB`,
      checkpoint_threshold: CHECKPOINT_AT,
      // Nothing from outside comes in through SQL.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      const writer = await instance.connect();
      await fitMemory(writer, memory);
      return { instance, writer, storedSeq };
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  async function closeFile(): Promise<void> {
    open?.writer.closeSync();
    open?.instance.closeSync();
    open = null;
  }

  /** The open file; opens it anew where a failure had closed it. Only for the one writer. */
  async function opened(): Promise<Open> {
    if (!started) throw new WaysideError('telemetry_unavailable', 'the telemetry store is not started');
    open ??= await users.exclusive(openFile);
    return open;
  }

  /** Beside the writer, on a connection of its own: sees what was committed when it began. */
  function withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return users.shared(async () => {
      if (open === null) throw new WaysideError('telemetry_unavailable', `${options.file} is not open`);
      const connection = await open.instance.connect();
      try {
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    });
  }

  /** On a connection of its own to the file as it is now; throws once it was closed or swapped. */
  function onFile(file: Open) {
    return <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> =>
      withConnection((connection) => {
        if (open !== file) throw new WaysideError('telemetry_unavailable', `${options.file} was opened anew`);
        return work(connection);
      });
  }

  /** What fails for want of memory is given more: whoever asks again gets further. */
  async function learning<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (memory.learn(error) && open !== null)
        await withConnection((connection) => giveMemory(connection, memory)).catch(
          () => undefined, // closed meanwhile, or past all work: opened anew, it has that limit
        );
      throw error;
    }
  }

  const remover = createDuckDbRemover({
    file: options.file,
    writers,
    async opened() {
      const file = await opened();
      return {
        get storedSeq() {
          return file.storedSeq;
        },
        onWriter: (work) => users.shared(() => work(file.writer)),
        use: onFile(file),
      };
    },
    swap: () =>
      users.exclusive(async () => {
        await closeFile();
        await swapInSuccessor(options.file);
        open = await openFile();
      }),
  });

  return {
    name: 'duckdb',

    start: () =>
      writers.exclusive(async () => {
        started = true;
        await opened();
      }),

    stop: () =>
      writers.exclusive(async () => {
        started = false;
        await users.exclusive(closeFile);
      }),

    storedSeq: () => writers.exclusive(async () => (await opened()).storedSeq),

    write: (points, upToSeq) =>
      writers.exclusive(async (): Promise<WriteOutcome> => {
        try {
          const target = await opened();
          const rejected = await users.shared(() => writeBatch(target, points, upToSeq, memory));
          return { kind: 'stored', rejected };
        } catch (error) {
          const hasMore = memory.learn(error);
          // DuckDB refuses all further work after a fatal error; a file opened anew plays its log and goes on.
          await users.exclusive(closeFile);
          return {
            kind: 'retry',
            afterMs: hasMore ? 0 : RETRY_AFTER_MS,
            message: `DuckDB could not write ${options.file}: ${messageOf(error)}`,
          };
        }
      }),

    erase: (deviceKeys) => learning(() => remover.erase(deviceKeys)),

    expire: (outdated) => learning(() => remover.expire(outdated)),

    async oldestPosition() {
      try {
        return await withConnection(oldestPosition);
      } catch (error) {
        throw error instanceof WaysideError
          ? error
          : new WaysideError('telemetry_unavailable', messageOf(error), { cause: error });
      }
    },

    async copyTo(file) {
      await learning(() => remover.copyTo(file));
      return true;
    },

    async read(query) {
      if (reads >= MAX_READS)
        throw new WaysideError('telemetry_unavailable', `${MAX_READS} reads are under way`);
      reads += 1;
      try {
        return await withConnection((connection) => readPage(connection, query));
      } catch (error) {
        if (error instanceof WaysideError) throw error;
        throw new WaysideError('telemetry_unavailable', messageOf(error), { cause: error });
      } finally {
        reads -= 1;
      }
    },

    async memoryBytes() {
      if (open === null) return 0;
      return withConnection(async (connection) => {
        const found = await connection.runAndReadAll(
          'SELECT coalesce(sum(memory_usage_bytes), 0)::DOUBLE FROM duckdb_memory()',
        );
        return Number(found.getRows()[0]?.[0] ?? 0);
      });
    },

    async *scan(query) {
      try {
        yield* scanDuckDb(withConnection, query);
      } catch (error) {
        if (error instanceof WaysideError) throw error;
        throw new WaysideError('telemetry_unavailable', messageOf(error), { cause: error });
      }
    },

    async probe() {
      try {
        await withConnection((connection) => connection.run('SELECT stored_seq FROM state'));
        return { ok: true };
      } catch (error) {
        return { ok: false, message: messageOf(error) };
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
