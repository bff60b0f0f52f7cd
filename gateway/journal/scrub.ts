import { Buffer } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { ErasedEntries } from './journal.ts';
import { EntryCursor } from './segment.ts';

/** Segments of up to 1 MiB that one transaction looks at: appends wait meanwhile, some milliseconds. */
const SEGMENTS_A_STEP = 8;

/** Blanks entries of erased devices where they lie; their sequences stay taken, and readers pass them over. */
export interface Scrubber {
  /** Looks at the next few segments. Returns whether there may be more. */
  step(): boolean;
}

/** @param erased ids, and up to which sequence entries are theirs */
export function createScrubber(database: DatabaseSync, erased: ErasedEntries): Scrubber {
  const next = database.prepare(
    'SELECT last_seq, first_seq, entries FROM segments WHERE last_seq > ? AND first_seq <= ? ORDER BY last_seq LIMIT ?',
  );
  const replace = database.prepare('UPDATE segments SET entries = ?, crc = ? WHERE last_seq = ?');
  const highest = Math.max(0, ...erased.values());
  let after = 0;

  return {
    step() {
      const rows = next.all(after, highest, SEGMENTS_A_STEP);
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const { last_seq, first_seq, entries } of rows) {
          const bytes = Buffer.from(entries as Uint8Array);
          if (blank(bytes, Number(first_seq), erased)) replace.run(bytes, crc32(bytes), Number(last_seq));
          after = Number(last_seq);
        }
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      return rows.length === SEGMENTS_A_STEP;
    },
  };
}

/** Overwrites what is of the erased with zeros. Returns whether there was any. */
function blank(segment: Buffer, firstSeq: number, erased: ErasedEntries): boolean {
  let found = false;
  for (const entry = new EntryCursor(segment, firstSeq); !entry.done; entry.next()) {
    if (!isErased(entry, erased)) continue;
    entry.content.fill(0);
    found = true;
  }
  return found;
}

function isErased(entry: EntryCursor, erased: ErasedEntries): boolean {
  const isOf = (id: string) => entry.seq <= (erased.get(id) ?? -1);
  if (isOf(entry.userId) || isOf(entry.topic.split('/')[1] ?? '')) return true;
  if (entry.userId !== '') return false;
  // The gateway's own: what is taken again out of quarantine names its device in its header (engine/retry-entry.ts).
  return [...erased].some(
    ([id, upTo]) => entry.seq <= upTo && entry.payload.includes(`"device":${JSON.stringify(id)}`),
  );
}
