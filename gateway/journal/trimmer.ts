import { Buffer } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import type { Room } from './journal-space.ts';
import { RECEIVED_AT_OFFSET } from './segment.ts';

/** Segments that one transaction deletes: appends that wait meanwhile wait a few milliseconds at most. */
const STEP = 16;
const MIB = 1024 * 1024;
/** What the file may hold unused: after an outage of the store it gives back what it had grown by. */
const MOST_UNUSED_BYTES = 256 * MIB;
/** Rewriting the file copies what is in use, with appends waiting: about 0.1 s for this much. */
const MOST_REWRITTEN_BYTES = 64 * MIB;

/** Deletes what all readers have. */
export interface Trimmer {
  /**
   * Deletes a few of the oldest segments that lie wholly at or below `seq` and arrived before `receivedBefore` (null: whenever).
   * Returns whether there may be more.
   */
  step(seq: number, receivedBefore: number | null): boolean;
  /** Deletes a few of the oldest segments that a `step` would have deleted but for their age; returns whether any went. */
  dropTaken(): boolean;
  /** Lets the disk have what the file holds unused, where that is much. */
  giveBack(room: Room): void;
  /** Writes the file anew, without what it holds unused, where that is quickly done. Returns whether it was. */
  rewrite(room: Room): boolean;
}

export function createTrimmer(database: DatabaseSync): Trimmer {
  const remember = database.prepare('UPDATE trimmed SET seq = max(seq, ?)');
  const remove = database.prepare('DELETE FROM segments WHERE last_seq <= ?');
  const oldest = database.prepare(
    'SELECT last_seq FROM segments WHERE last_seq <= ? ORDER BY last_seq LIMIT ?',
  );
  const oldestEntries = database.prepare(
    'SELECT last_seq, entries FROM segments WHERE last_seq <= ? ORDER BY last_seq LIMIT ?',
  );
  let taken = 0;

  /** Last sequences of the oldest segments that may go. */
  function candidates(seq: number, receivedBefore: number | null): readonly number[] {
    if (receivedBefore === null) return oldest.all(seq, STEP).map((row) => Number(row.last_seq));
    const found: number[] = [];
    for (const row of oldestEntries.iterate(seq, STEP)) {
      if (firstArrival(row.entries as Uint8Array) >= receivedBefore) break;
      found.push(Number(row.last_seq));
    }
    return found;
  }

  function removeOldest(seqs: readonly number[]): boolean {
    const last = seqs.at(-1);
    if (last === undefined) return false;
    database.exec('BEGIN IMMEDIATE');
    try {
      // The highest sequence ever given has to outlive its entries, else it would be given again.
      remember.run(last);
      remove.run(last);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return true;
  }

  function rewrite({ usedBytes, diskFreeBytes }: Pick<Room, 'usedBytes' | 'diskFreeBytes'>): boolean {
    // It goes through the log first.
    if (usedBytes > MOST_REWRITTEN_BYTES || diskFreeBytes <= 2 * MOST_REWRITTEN_BYTES) return false;
    database.exec('VACUUM');
    return true;
  }

  return {
    step(seq, receivedBefore) {
      taken = Math.max(taken, seq);
      const seqs = candidates(seq, receivedBefore);
      return removeOldest(seqs) && seqs.length === STEP;
    },
    dropTaken: () => removeOldest(candidates(taken, null)),
    giveBack({ usedBytes, reusableBytes, diskFreeBytes }) {
      // Without room for it it waits for a later call.
      if (reusableBytes > MOST_UNUSED_BYTES) rewrite({ usedBytes, diskFreeBytes });
    },
    rewrite,
  };
}

/** When the first entry of a segment arrived, domain time, epoch ms. */
function firstArrival(entries: Uint8Array): number {
  return Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength).readDoubleLE(RECEIVED_AT_OFFSET);
}
