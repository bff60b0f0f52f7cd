import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Failure } from './journal-messages.ts';

const MIB = 1024 * 1024;
/**
 * Left free on the disk for records and telemetry store, which have to go on when the journal can't: only what they have
 * taken makes room in the journal again.
 */
const RESERVE_BYTES = 64 * MIB;
const RESERVE_PART = 0.02;
/** Pages of the index and the ends of pages that a batch does not fill. */
const OVERHEAD_FACTOR = 1.05;
const OVERHEAD_BYTES = 64 * 1024;

/** What a journal file and its disk have. */
export interface Room {
  readonly usedBytes: number;
  /** In the file, of entries that were deleted: taken first, and without asking the disk for more. */
  readonly reusableBytes: number;
  readonly diskFreeBytes: number;
  readonly diskBytes: number;
}

/** Measures the room of a journal; some microseconds. */
export function createRoomMeter(file: string, database: DatabaseSync): () => Room {
  const directory = dirname(file);
  const number = (statement: StatementSync, name: string): number => Number(statement.get()?.[name] ?? 0);
  const pageSize = number(database.prepare('PRAGMA page_size'), 'page_size');
  const pageCount = database.prepare('PRAGMA page_count');
  const freePages = database.prepare('PRAGMA freelist_count');
  return () => {
    const free = number(freePages, 'freelist_count');
    const disk = statfsSync(directory);
    return {
      usedBytes: (number(pageCount, 'page_count') - free) * pageSize,
      reusableBytes: free * pageSize,
      diskFreeBytes: disk.bavail * disk.bsize,
      diskBytes: disk.blocks * disk.bsize,
    };
  };
}

/** Why a batch of so many bytes may not be written, or null where it may. */
export function whyNoRoom(room: Room, batchBytes: number, maxBytes: number): Failure | null {
  const needed = batchBytes * OVERHEAD_FACTOR + OVERHEAD_BYTES;
  if (room.usedBytes + needed > maxBytes) {
    return {
      code: 'journal_full',
      detail: `${inMib(room.usedBytes)} of at most ${inMib(maxBytes)} (WAYSIDE_JOURNAL_MAX_BYTES) are in use`,
    };
  }
  const reserve = Math.min(RESERVE_BYTES, room.diskBytes * RESERVE_PART);
  if (needed > room.reusableBytes && room.diskFreeBytes - needed < reserve) {
    return {
      code: 'disk_full',
      detail: `${inMib(room.diskFreeBytes)} of ${inMib(room.diskBytes)} are free on the disk of the data directory; ${inMib(reserve)} are kept free for records and telemetry`,
    };
  }
  return null;
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
