/** Rows a statement: SQLite takes at most 32,766 bound values, and long statements gain nothing. */
const CHUNK_ROWS = 500;

/** Cuts a list into parts that fit one statement. */
export function* inChunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) yield rows.slice(start, start + CHUNK_ROWS);
}
