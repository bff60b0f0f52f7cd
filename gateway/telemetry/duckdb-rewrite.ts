import type { DuckDBConnection } from '@duckdb/node-api';
import { POSITION_COLUMNS } from './duckdb-columns.ts';
import { attachCopy, finishCopy } from './duckdb-file.ts';

/** A part is copied in about this time, and then as long is left to others. */
const PART_MS = 150;
const FIRST_PART_SEQS = 50_000;

export interface CopyParts {
  /** Path of the copy. */
  readonly copy: string;
  /** Positions that arrived earlier are left out, epoch ms; null: none. */
  readonly positionsBefore: number | null;
  /** Runs `work` on a connection of its own to the open file, beside all others. Throws where the file was reopened meanwhile. */
  use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Real time, ms. */
  readonly now: () => number;
}

/**
 * Copies what is stored into a file beside, part by part in the order of arrival, while readings are stored and read. DuckDB
 * keeps the bytes of deleted rows and old values in its file for ever, so that they go only with the file.
 *
 * @param upToSeq copies rows up to here; what comes later is for `finishCopying`
 */
export async function beginCopying(parts: CopyParts, upToSeq: number): Promise<void> {
  const firstSeq = await parts.use(async (connection) => {
    await attachCopy(connection, parts.copy);
    const [row] = (await connection.runAndReadAll('SELECT min(seq) FROM readings')).getRows();
    return row?.[0] === null || row?.[0] === undefined ? upToSeq + 1 : Number(row[0]);
  });
  let step = FIRST_PART_SEQS;
  for (let after = firstSeq - 1; after < upToSeq; ) {
    const until = Math.min(upToSeq, after + step);
    const began = parts.now();
    await parts.use((connection) => copyRows(connection, parts.positionsBefore, after, until));
    const tookMs = parts.now() - began;
    await parts.sleep(tookMs);
    // Sequences may have gaps, and rows differ in size: the clock says how much a part is.
    if (tookMs < PART_MS / 2) step *= 2;
    else if (tookMs > PART_MS * 2) step = Math.max(1_000, Math.floor(step / 2));
    after = until;
  }
  // Now, beside the others, rather than when they wait for the end.
  await parts.use((connection) => connection.run('CHECKPOINT duplicate'));
}

/**
 * Copies what was stored since, where nobody may write meanwhile; with `null` the copy ends at `upToSeq` of `beginCopying`. After
 * it the copy is whole.
 *
 * @param storedSeq up to which sequence the copy holds everything
 */
export async function finishCopying(
  connection: DuckDBConnection,
  afterSeq: number | null,
  storedSeq: number,
): Promise<void> {
  if (afterSeq !== null) await copyRows(connection, null, afterSeq, Number.MAX_SAFE_INTEGER);
  await finishCopy(connection, storedSeq);
}

const KEPT = POSITION_COLUMNS.map((name) => `CASE WHEN received_at < $before THEN NULL ELSE ${name} END`);
/** Nothing is left of them without their position. */
const EMPTIED = `received_at < $before AND lat IS NOT NULL AND event IS NULL AND (metrics IS NULL OR metrics = '{}')`;

async function copyRows(
  connection: DuckDBConnection,
  positionsBefore: number | null,
  afterSeq: number,
  upToSeq: number,
): Promise<void> {
  const range = { after: BigInt(afterSeq), until: BigInt(upToSeq) };
  const rows = 'FROM readings WHERE seq > $after AND seq <= $until';
  if (positionsBefore === null) {
    await connection.run(`INSERT INTO duplicate.readings SELECT * ${rows}`, range);
    return;
  }
  await connection.run(
    `INSERT INTO duplicate.readings SELECT device, "at", seq, received_at, flags, ${KEPT.join(', ')}, event, metrics
     ${rows} AND NOT (${EMPTIED})`,
    { ...range, before: BigInt(positionsBefore) },
  );
}
