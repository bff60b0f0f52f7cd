import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import type { SqliteResult } from './sqlite-file.ts';

/** Where statements are carried out: in this thread, or in another one. */
export interface StatementRunner {
  execute(sql: string, parameters: readonly unknown[]): Promise<SqliteResult>;
  close(): Promise<void>;
}

/**
 * Kysely's SQLite dialect over `node:sqlite`. Kysely lets one user at a time have the connection, so a transaction is never
 * mixed with other statements of the same `Kysely`.
 *
 * @param open called once, at the first statement
 */
export function sqliteDialect(open: () => Promise<StatementRunner>): Dialect {
  return {
    createAdapter: () => new TransactionalDdlAdapter(),
    createDriver: () => new RunnerDriver(open),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite can undo a half-done migration; Kysely's own adapter says otherwise, to stay compatible with old migrations. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class RunnerDriver implements Driver {
  readonly #open: () => Promise<StatementRunner>;
  #connection: RunnerConnection | undefined;

  constructor(open: () => Promise<StatementRunner>) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#connection = new RunnerConnection(await this.#open());
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#connection === undefined) throw new Error('the records are not open');
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    // A deferred transaction that reads first and then writes fails at once with SQLITE_BUSY_SNAPSHOT when another thread
    // wrote in between, and no waiting helps. Taking the write lock at the start makes it wait its turn instead.
    const begin = settings.accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(begin));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {
    // There is one connection, and it stays open.
  }

  async destroy(): Promise<void> {
    await this.#connection?.runner.close();
  }
}

class RunnerConnection implements DatabaseConnection {
  readonly runner: StatementRunner;

  constructor(runner: StatementRunner) {
    this.runner = runner;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.runner.execute(query.sql, query.parameters);
    return {
      rows: result.rows as R[],
      numAffectedRows: BigInt(result.changes),
      insertId: BigInt(result.lastInsertRowid),
    };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator; there is nothing to yield.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('records are read in pages, not streamed');
  }
}
