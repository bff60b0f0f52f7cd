import { Buffer } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { ErasedEntries } from './journal.ts';
import { EntryCursor } from './segment.ts';

/** Blanks entries of erased devices where they lie; their sequences stay taken, and readers pass them over. */
export interface Scrubber {
  /** Looks at the next segment, which takes some 10 ms where it has thousands of entries. Returns whether there may be more. */
  step(): boolean;
}

/** @param erased ids, and up to which sequence entries are theirs */
export function createScrubber(database: DatabaseSync, erased: ErasedEntries): Scrubber {
  const next = database.prepare(
    'SELECT last_seq, first_seq, entries FROM segments WHERE last_seq > ? AND first_seq <= ? ORDER BY last_seq LIMIT 1',
  );
  const replace = database.prepare('UPDATE segments SET entries = ?, crc = ? WHERE last_seq = ?');
  const highest = Math.max(0, ...erased.values());
  let after = 0;

  return {
    step() {
      const row = next.get(after, highest);
      if (row === undefined) return false;
      after = Number(row.last_seq);
      const bytes = Buffer.from(row.entries as Uint8Array);
      if (blank(bytes, Number(row.first_seq), erased)) replace.run(bytes, crc32(bytes), after);
      return true;
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
