import type { ErrorCode } from '../errors.ts';
import type { ErasedEntries, JournalOpening } from './journal.ts';

/** A coded error as it crosses from a thread, where classes are lost. */
export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** What the journal thread serves beside batches. */
export interface JournalThread {
  open(file: string, maxBytes: number): Promise<Outcome<JournalOpening>>;
  /** See `Journal.trim`; gives the bytes that are in use afterwards. */
  trim(seq: number, receivedBefore: number | null): Promise<Outcome<number>>;
  /** Fails where a commit would be refused now. */
  checkSpace(): Promise<Outcome<null>>;
  /** See `Journal.erase`. */
  erase(erased: ErasedEntries): Promise<Outcome<null>>;
  /** From now on nothing is erased, and what is being erased ends with an error. */
  endErasing(): void;
  continueAbove(seq: number): Promise<Outcome<null>>;
  close(): Promise<void>;
}

/** Entries that lie in one buffer; the buffer is transferred there and back, and used again. */
export interface Segment {
  readonly firstSeq: number;
  /** Sequence of the last entry's last reading. */
  readonly lastSeq: number;
  readonly buffer: ArrayBuffer;
  readonly usedBytes: number;
}

/** To the thread: commit these together. One batch at a time. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly segments: readonly Segment[];
}

/** From the thread: the batch is on disk, or is not in the journal at all. */
export interface CommittedMessage {
  readonly kind: 'committed';
  readonly outcome: Outcome<{ readonly lastSeq: number; readonly usedBytes: number }>;
  /** Of the segments, in their order. */
  readonly buffers: readonly ArrayBuffer[];
}
