import type { DuckDBConnection } from '@duckdb/node-api';
import { beginSuccessor, copyState } from './duckdb-file.ts';

/** A part is copied in about this time, and then as long is left to others. */
const PART_MS = 150;
const FIRST_PART_SEQS = 50_000;

export interface RewriteParts {
  /** Path of the file that is rewritten. */
  readonly file: string;
  /** Runs `work` on a connection of its own to the open file, beside all others. Throws where the file was reopened meanwhile. */
  use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Real time, ms. */
  readonly now: () => number;
}

/**
 * Copies what is left after deletions into a successor file, part by part in the order of arrival, while readings are
 * stored and read: DuckDB keeps deleted rows' bytes in its file for ever, so that they go only with the file.
 *
 * @param upToSeq copies rows up to here; what comes later is for `finishSuccessor`
 */
export async function copyToSuccessor(parts: RewriteParts, upToSeq: number): Promise<void> {
  const firstSeq = await parts.use(async (connection) => {
    await beginSuccessor(connection, parts.file);
    const [row] = (await connection.runAndReadAll('SELECT min(seq) FROM readings')).getRows();
    return row?.[0] === null || row?.[0] === undefined ? upToSeq + 1 : Number(row[0]);
  });
  let step = FIRST_PART_SEQS;
  for (let after = firstSeq - 1; after < upToSeq; ) {
    const until = Math.min(upToSeq, after + step);
    const began = parts.now();
    await parts.use((connection) => copyRows(connection, after, until));
    const tookMs = parts.now() - began;
    await parts.sleep(tookMs);
    // Sequences may have gaps, and rows differ in size: the clock says how much a part is.
    if (tookMs < PART_MS / 2) step *= 2;
    else if (tookMs > PART_MS * 2) step = Math.max(1_000, Math.floor(step / 2));
    after = until;
  }
  // Now, beside the others, rather than when they wait for the end.
  await parts.use((connection) => connection.run('CHECKPOINT successor'));
}

/** Copies what was stored since; nobody may write meanwhile. After it the successor is whole. */
export async function finishSuccessor(connection: DuckDBConnection, afterSeq: number): Promise<void> {
  await copyRows(connection, afterSeq, Number.MAX_SAFE_INTEGER);
  await copyState(connection);
}

async function copyRows(connection: DuckDBConnection, afterSeq: number, upToSeq: number): Promise<void> {
  await connection.run(
    'INSERT INTO successor.readings SELECT * FROM readings WHERE seq > $after AND seq <= $until',
    {
      after: BigInt(afterSeq),
      until: BigInt(upToSeq),
    },
  );
}
