import { noOutcome, type Outcome } from './outcome.ts';

/**
 * Batches that nobody is waiting for are committed together, for a commit costs some 3 ms whatever it holds: the memories of
 * all subjects that were heard. Uncommitted, they are taken again after a crash.
 */
const COMMIT_EVERY_MS = 200;
/** Entries a batch: few enough to answer questions in between (some 0.1 s). */
export const ENTRIES_A_BATCH = 10_000;
/** Bytes of payload a batch. */
export const BYTES_A_BATCH = 8 * 1024 * 1024;
/** Bytes of readings, after which the rest of a batch waits: only what is packed, or cut into tiny readings, comes to more than was read. */
export const HELD_A_BATCH = 12 * 1024 * 1024;
/** No more than the telemetry writer has room for while its store is still at the commit before. */
const MOST_UNCOMMITTED = 20_000;
const MOST_HELD_UNCOMMITTED = 2 * HELD_A_BATCH;
/** A batch of fewer is no load that would need sparing: it is committed at once. */
const ENTRIES_OF_A_LOAD = 200;

/** What was taken from the journal, and waits for its commit. */
export interface Taken {
  readonly outcome: Outcome;
  /** Keys of identities that were stored before, or come from this. */
  readonly seen: Set<string>;
  entries: number;
  /** Journal sequence up to which it goes. */
  upToSeq: number;
  /** Domain time of the newest, epoch ms; -Infinity: nothing was taken. */
  now: number;
  /** Real time at which the first of it was taken, epoch ms. */
  since: number;
}

export function nothingTaken(upToSeq: number): Taken {
  return { outcome: noOutcome(), seen: new Set(), entries: 0, upToSeq, now: -Infinity, since: 0 };
}

/**
 * Whether the next batch may come before the commit. What somebody is to be told of (a decision, a visit, something refused)
 * may not wait, for it is told after the commit.
 *
 * @param newest entries of the newest batch
 * @param realNow epoch ms
 */
export function mayWait({ outcome, entries, since }: Taken, newest: number, realNow: number): boolean {
  if (newest < ENTRIES_OF_A_LOAD || realNow - since >= COMMIT_EVERY_MS) return false;
  // With the batch that would come yet; only of messages with many readings each it may be more.
  if (Math.max(entries, outcome.points.length) + ENTRIES_A_BATCH > MOST_UNCOMMITTED) return false;
  if (outcome.bytes + HELD_A_BATCH > MOST_HELD_UNCOMMITTED) return false;
  return outcome.decisions.length === 0 && outcome.visits.size === 0 && outcome.quarantine.length === 0;
}
