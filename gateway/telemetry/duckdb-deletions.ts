import type { DuckDBConnection } from '@duckdb/node-api';
import type { ExpiryLimit } from './telemetry-store.ts';

const OF_DEVICES = 'device IN (SELECT unnest($keys::JSON::VARCHAR[]))';

/**
 * Deletes all rows of these devices. Always asks for the file to be written anew: an erasure that was cut short had deleted the
 * rows, and not yet the bytes.
 */
export async function deleteAll(
  connection: DuckDBConnection,
  deviceKeys: readonly string[],
): Promise<boolean> {
  await connection.run(`DELETE FROM readings WHERE ${OF_DEVICES}`, { keys: JSON.stringify(deviceKeys) });
  return true;
}

/** Deletes what is too old, and says whether there was any. */
export async function deleteOlder(
  connection: DuckDBConnection,
  limits: readonly ExpiryLimit[],
): Promise<boolean> {
  let rows = 0;
  for (const { deviceKeys, before } of limits) {
    const deleted = await connection.run(`DELETE FROM readings WHERE "at" < $before AND ${OF_DEVICES}`, {
      before: BigInt(before),
      keys: JSON.stringify(deviceKeys),
    });
    rows += deleted.rowsChanged;
  }
  return rows > 0;
}

/** Whether any position arrived before `before`, epoch ms. */
export async function hasPositionsBefore(connection: DuckDBConnection, before: number): Promise<boolean> {
  const oldest = await oldestPosition(connection);
  return oldest !== null && oldest < before;
}

/** When the oldest position arrived, epoch ms, or null where there is none. */
export async function oldestPosition(connection: DuckDBConnection): Promise<number | null> {
  const found = await connection.runAndReadAll('SELECT min(received_at) FROM readings WHERE lat IS NOT NULL');
  const oldest = found.getRows()[0]?.[0];
  return oldest === null || oldest === undefined ? null : Number(oldest);
}
