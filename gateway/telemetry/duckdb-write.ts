import type { DuckDBConnection } from '@duckdb/node-api';
import { appendPoints } from './duckdb-columns.ts';
import { giveMemory, type MemoryLimit } from './duckdb-memory.ts';
import { whyUnstorable } from './storable.ts';
import type { RejectedPoint, TelemetryPoint } from './telemetry-store.ts';

export interface WritableFile {
  readonly writer: DuckDBConnection;
  /** What is stored up to it is passed over; it moves with each batch. */
  storedSeq: number;
}

/** Stores a batch and how far it goes in one transaction; gives what can't be stored. One at a time. */
export async function writeBatch(
  target: WritableFile,
  points: readonly TelemetryPoint[],
  upToSeq: number,
  memory: MemoryLimit,
): Promise<readonly RejectedPoint[]> {
  if (upToSeq <= target.storedSeq) return [];
  const rejected: RejectedPoint[] = [];
  const storable = points.filter((point) => {
    if (point.seq <= target.storedSeq) return false;
    const message = whyUnstorable(point);
    if (message !== null) rejected.push({ point, message });
    return message === null;
  });
  await target.writer.run('BEGIN');
  if (storable.length > 0) {
    const appender = await target.writer.createAppender('readings');
    try {
      if (memory.expect(storable.length, appendPoints(appender, storable)))
        await giveMemory(target.writer, memory);
      appender.flushSync();
    } finally {
      appender.closeSync();
    }
  }
  await target.writer.run('UPDATE state SET stored_seq = $1', [BigInt(upToSeq)]);
  await target.writer.run('COMMIT');
  target.storedSeq = upToSeq;
  return rejected;
}
