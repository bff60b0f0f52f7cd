import type { DuckDBConnection } from '@duckdb/node-api';

const MIB = 1024 * 1024;
/** What it starts with: it keeps what it wrote for as long as there is room, so much of the process goes to that in the end. */
const DEFAULT_MB = 256;
/** Twice what 2,048 readings of 400 kB are, the longest there are but for odd ones. */
const MOST_MB = 2_048;
/** Rows of what it reads and writes at once. */
const ROWS_A_VECTOR = 2_048;
/** Rows that it may write anew with the next ones. */
const ROWS_A_GROUP = 60 * ROWS_A_VECTOR;
/** Of the limit, what texts that it holds at once may be. */
const TEXT_PART = 0.4;

/**
 * How much memory DuckDB may take. It has to hold the texts of 2,048 rows as a whole; where it can't, it writes nothing any more, ever
 * (2,000 readings of 200 kB were enough), and a checkpoint that failed may need several starts. So it is given more before it needs it,
 * and where it turns out to.
 */
export interface MemoryLimit {
  readonly mb: number;
  /** So many rows follow on the ones before, with texts of so many characters. Returns whether there is more now. */
  expect(rows: number, characters: number): boolean;
  /** Twice as much, where the error is for want of memory and there may be more. Returns whether there is more now. */
  learn(error: unknown): boolean;
}

export function createMemoryLimit(firstMb = DEFAULT_MB): MemoryLimit {
  let mb = firstMb;
  let rowsBefore = 0;
  let charactersBefore = 0;
  return {
    get mb() {
      return mb;
    },
    expect(rows, characters) {
      rowsBefore += rows;
      charactersBefore += characters;
      const together = charactersBefore * Math.min(1, ROWS_A_VECTOR / rowsBefore);
      if (rowsBefore >= ROWS_A_VECTOR) [rowsBefore, charactersBefore] = [0, 0];
      const before = mb;
      while (mb < MOST_MB && together > TEXT_PART * mb * MIB) mb = Math.min(MOST_MB, 2 * mb);
      return mb > before;
    },
    learn(error) {
      if (!isOutOfMemory(error) || mb >= MOST_MB) return false;
      mb = Math.min(MOST_MB, 2 * mb);
      return true;
    },
  };
}

/** In a commit, a checkpoint or a query, each of which has its own words for it. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /Out of Memory Error|failed to pin block/.test(error.message);
}

export async function giveMemory(connection: DuckDBConnection, { mb }: MemoryLimit): Promise<void> {
  await connection.run(`SET memory_limit = '${mb}MB'`);
}

/** Gives an open file the memory that it takes to go on with the rows that were written last. */
export async function fitMemory(connection: DuckDBConnection, limit: MemoryLimit): Promise<void> {
  for (;;) {
    try {
      const found = await connection.runAndReadAll(
        `SELECT coalesce(max(characters), 0)::DOUBLE FROM (
           SELECT sum(coalesce(strlen(metrics), 0) + coalesce(strlen(event), 0)) AS characters FROM readings
           WHERE rowid > (SELECT max(rowid) FROM readings) - ${ROWS_A_GROUP} GROUP BY rowid // ${ROWS_A_VECTOR})`,
      );
      if (limit.expect(ROWS_A_VECTOR, Number(found.getRows()[0]?.[0] ?? 0)))
        await giveMemory(connection, limit);
      return;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      // Short rows can be written all the same.
      if (!limit.learn(error)) return;
      await giveMemory(connection, limit);
    }
  }
}
