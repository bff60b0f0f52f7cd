import type { ErrorCode } from '../errors.ts';

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
  /** Opens the file; gives the highest sequence in it. */
  open(file: string): Promise<Outcome<number>>;
  trim(seq: number): Promise<Outcome<null>>;
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
  readonly outcome: Outcome<number>;
  readonly buffers: readonly ArrayBuffer[];
}
