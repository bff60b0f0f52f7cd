import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';

/** A code that nobody was given yet. */
export interface FreeCode {
  readonly id: number;
  readonly code: string;
}

/** Where codes that are still to be given come from. */
export interface CodeSource {
  /** The next codes of a pool behind an id, in the order in which they are given. Answers at once: a step can't wait. */
  next(pool: string, afterId: number, limit: number): readonly FreeCode[];
  close(): void;
}

/** Reads the codes in this thread, over a connection of its own that is opened at the first question. */
export function openCodeSource(file: string): CodeSource {
  let sqlite: SqliteFile | null = null;
  return {
    next(pool, afterId, limit) {
      sqlite ??= openSqliteFile(file);
      const { rows } = sqlite.execute(
        'select id, code from codes where pool = ? and id > ? and delivery_id is null order by id limit ?',
        [pool, afterId, limit],
      );
      return rows as FreeCode[];
    },
    close() {
      sqlite?.close();
      sqlite = null;
    },
  };
}
