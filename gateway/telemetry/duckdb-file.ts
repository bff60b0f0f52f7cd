import fs from 'node:fs/promises';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { WaysideError } from '../errors.ts';
import { syncPath } from '../sync-path.ts';

const SCHEMA_VERSION = 1;

/**
 * One row a reading, in the order of arrival. `metrics` is a JSON object: a new metric name needs no new column, and the
 * types of the values are kept. No index: it would cost more on append than the scan of one column costs on read.
 */
const READINGS_TABLE = `CREATE TABLE %.readings (
  device VARCHAR NOT NULL, "at" BIGINT NOT NULL, seq BIGINT NOT NULL, received_at BIGINT NOT NULL, flags UTINYINT NOT NULL,
  lat DOUBLE, lon DOUBLE, accuracy DOUBLE, speed DOUBLE, heading DOUBLE, altitude DOUBLE, event VARCHAR, metrics VARCHAR)`;
/** One row: what is stored up to here. It changes in the transaction that stores. */
const STATE_TABLE = 'CREATE TABLE %.state (schema_version INTEGER NOT NULL, stored_seq BIGINT NOT NULL)';

export interface DuckDbFile {
  readonly instance: DuckDBInstance;
  readonly storedSeq: number;
}

/** Opens the file, or makes it. Throws `data_dir_in_use`, `data_dir_damaged`, `data_dir_newer` or `data_dir_unwritable`. */
export async function openDuckDbFile(
  file: string,
  options: Readonly<Record<string, string>>,
): Promise<DuckDbFile> {
  // What an erasure that was cut short left behind; the whole of it is still in the file itself.
  await removeWithLog(successorOf(file));
  let instance: DuckDBInstance | null = null;
  try {
    instance = await DuckDBInstance.create(file, { ...options });
    const connection = await instance.connect();
    try {
      return { instance, storedSeq: await prepareSchema(connection, file) };
    } finally {
      connection.closeSync();
    }
  } catch (error) {
    instance?.closeSync();
    throw codedOpenError(file, error);
  }
}

/** Makes an empty file and attaches it as `duplicate`. */
export async function attachCopy(connection: DuckDBConnection, copy: string): Promise<void> {
  // Work that failed may have left one attached.
  await connection.run('DETACH DATABASE IF EXISTS duplicate');
  await removeWithLog(copy);
  await connection.run(`ATTACH '${copy.replaceAll("'", "''")}' AS duplicate`);
  await connection.run(READINGS_TABLE.replace('%', 'duplicate'));
  await connection.run(STATE_TABLE.replace('%', 'duplicate'));
}

/** Takes away what was copied: work that failed, for want of space perhaps, must not keep the space. */
export async function abandonCopy(connection: DuckDBConnection, copy: string): Promise<void> {
  await connection.run('DETACH DATABASE IF EXISTS duplicate');
  await removeWithLog(copy);
}

/** The last step of filling it. @param storedSeq up to which sequence it holds everything */
export async function finishCopy(connection: DuckDBConnection, storedSeq: number): Promise<void> {
  await connection.run('INSERT INTO duplicate.state SELECT schema_version, $seq FROM state', {
    seq: BigInt(storedSeq),
  });
  await connection.run('CHECKPOINT duplicate');
  await connection.run('DETACH duplicate');
}

/** Puts the successor in the place of `file`, which must be closed. A crash leaves either the old or the new one. */
export async function swapInSuccessor(file: string): Promise<void> {
  // Closing writes the log into the file and removes it. A log that stayed would be played into the successor.
  if (await exists(`${file}.wal`))
    throw new WaysideError('data_dir_damaged', `${path.basename(file)}.wal is left after closing`);
  await syncPath(successorOf(file));
  await fs.rename(successorOf(file), file);
  await syncPath(path.dirname(file));
}

/** Where the file is written anew. */
export function successorOf(file: string): string {
  return `${file}.successor`;
}

async function prepareSchema(connection: DuckDBConnection, file: string): Promise<number> {
  const database = (await connection.runAndReadAll('SELECT current_database()')).getRows()[0]?.[0];
  const qualified = `"${String(database).replaceAll('"', '""')}".main`;
  const tables = await connection.runAndReadAll(
    "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name IN ('readings', 'state')",
  );
  if (Number(tables.getRows()[0]?.[0]) === 0) {
    await connection.run('BEGIN');
    await connection.run(READINGS_TABLE.replace('%', qualified));
    await connection.run(STATE_TABLE.replace('%', qualified));
    await connection.run(`INSERT INTO ${qualified}.state VALUES (${SCHEMA_VERSION}, 0)`);
    await connection.run('COMMIT');
  }
  const [version, storedSeq] =
    (await connection.runAndReadAll('SELECT schema_version, stored_seq FROM state')).getRows()[0] ?? [];
  if (version !== SCHEMA_VERSION) {
    throw new WaysideError(
      Number(version) > SCHEMA_VERSION ? 'data_dir_newer' : 'data_dir_damaged',
      `${path.basename(file)} has schema version ${version}, this program knows ${SCHEMA_VERSION}`,
    );
  }
  return Number(storedSeq);
}

function codedOpenError(file: string, error: unknown): WaysideError {
  if (error instanceof WaysideError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/set lock on file|conflicting lock|already (open|attached)/i.test(message)) {
    return new WaysideError('data_dir_in_use', `${file} is open in another process`, { cause: error });
  }
  if (/permission denied|no such file or directory|read-only|no space/i.test(message)) {
    return new WaysideError('data_dir_unwritable', `${file} cannot be opened`, { cause: error });
  }
  return new WaysideError('data_dir_damaged', `${file}: ${message}`, { cause: error });
}

async function removeWithLog(file: string): Promise<void> {
  await fs.rm(file, { force: true });
  await fs.rm(`${file}.wal`, { force: true });
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
