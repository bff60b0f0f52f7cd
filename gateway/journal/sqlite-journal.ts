import { WaysideError } from '../errors.ts';
import { startWorker, type WorkerHandle } from '../worker-rpc.ts';
import { Batch, SpareBuffers } from './batch.ts';
import type { ErasedEntries, Journal, JournalEntry, JournalOpening, JournalSpace } from './journal.ts';
import type { CommitMessage, CommittedMessage, Failure, JournalThread, Outcome } from './journal-messages.ts';
import { fitsSegment } from './segment.ts';

/** A batch of this many shows load: the next commit begins this much after its own at the earliest, and so is larger. */
const ENTRIES_OF_LOAD = 32;
const COMMITS_APART_MS = 4;
/** Between two tries of a commit that failed. */
const RETRY_MS = 250;
const DEFAULT_MAX_BYTES = 8 * 1024 ** 3;

export interface SqliteJournalOptions {
  /** Path of the file; it is created where it is missing. */
  readonly file: string;
  /** What its entries may take of the disk; 8 GiB where it is not said. */
  readonly maxBytes?: number;
  /** Told once if the writing thread dies; from then on every append rejects. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * The journal in one SQLite file, written by a thread of its own. Group commit: while one commit runs, the next batches
 * gather; a lone message is committed at once. Under load a commit every 4 ms halves what a message costs all threads: a
 * larger commit is one fsync, one message between threads and one write of acknowledgements for more of them. A batch that
 * could not be written is tried again, before all behind it.
 */
export function createSqliteJournal(options: SqliteJournalOptions): Journal {
  return new SqliteJournal(options);
}

class SqliteJournal implements Journal {
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #onFailure: (error: Error) => void;
  readonly #listeners = new Set<(lastSeq: number) => void>();
  readonly #spares = new SpareBuffers();
  #thread: WorkerHandle<JournalThread> | null = null;
  #unusable: WaysideError | null = new WaysideError('journal_unwritable', 'the journal is not open');
  #nextSeq = 1;
  /** In order; the last one still gathers. Whoever appends bounds what waits. */
  #waiting: Batch[] = [];
  #committing: Batch | null = null;
  #flushPlanned = false;
  /** On the clock of `performance.now`, ms. */
  #nextFlushAt = 0;
  #retry: NodeJS.Timeout | undefined;
  #givesUp = false;
  #pendingBytes = 0;
  #commitTrouble: string | null = null;
  #spaceTrouble: string | null = null;
  #usedBytes = 0;
  #failedCommits = 0;

  constructor(options: SqliteJournalOptions) {
    this.#file = options.file;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#onFailure = options.onFailure ?? (() => undefined);
  }

  get givenSeq(): number {
    return this.#nextSeq - 1;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get trouble(): string | null {
    // What was measured says more than what SQLite met.
    return this.#spaceTrouble ?? this.#commitTrouble;
  }

  get space(): JournalSpace {
    return {
      usedBytes: this.#usedBytes,
      maxBytes: this.#maxBytes,
      failedCommits: this.#failedCommits,
    };
  }

  async start(): Promise<JournalOpening> {
    const thread = startWorker<JournalThread, object>(
      new URL('./journal-thread.ts', import.meta.url),
      null,
      {},
      (error) => this.#threadDied(error),
    );
    thread.worker.on('message', (message: CommittedMessage | { readonly kind?: undefined }) => {
      if (message.kind === 'committed') this.#committed(message);
    });
    const opened = await thread.call.open(this.#file, this.#maxBytes);
    if (!opened.ok) {
      await thread.terminate();
      throw errorOf(opened.failure);
    }
    this.#thread = thread;
    this.#nextSeq = opened.value.lastSeq + 1;
    this.#unusable = null;
    return opened.value;
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    this.#unusable ??= new WaysideError('stopping', 'the journal is closing');
    this.giveUpOnTrouble();
    for (let batch = this.#next(); batch !== null; batch = this.#next()) {
      // Whoever appended is told of a failure; here only the end counts.
      await batch.done.catch(() => undefined);
    }
    this.#thread = null;
    await thread.call.close();
    await thread.terminate();
  }

  append(entry: JournalEntry): Promise<void> {
    if (this.#unusable !== null) return Promise.reject(this.#unusable);
    if (!fitsSegment(entry))
      return Promise.reject(
        new WaysideError('journal_unwritable', 'a topic or id is too long for the journal'),
      );
    let batch = this.#waiting.at(-1);
    if (batch === undefined || !batch.add(entry, this.#nextSeq)) {
      batch = new Batch(this.#spares);
      batch.add(entry, this.#nextSeq);
      this.#waiting.push(batch);
    }
    this.#nextSeq += entry.span;
    this.#pendingBytes += entry.payload.length;
    this.#planFlush();
    return batch.done;
  }

  onCommitted(listener: (lastSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async trim(seq: number, receivedBefore: number | null = null): Promise<void> {
    this.#usedBytes = checked(await this.#opened().call.trim(seq, receivedBefore));
  }

  async checkSpace(): Promise<void> {
    const found = await this.#opened().call.checkSpace();
    this.#spaceTrouble = found.ok ? null : found.failure.detail;
  }

  async erase(erased: ErasedEntries): Promise<void> {
    checked(await this.#opened().call.erase(erased));
  }

  async continueAbove(seq: number): Promise<void> {
    checked(await this.#opened().call.continueAbove(seq));
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
  }

  giveUpOnTrouble(): void {
    this.#givesUp = true;
    void this.#thread?.call.endErasing.asEvent();
    if (this.#retry !== undefined) this.#tryAgain();
  }

  #opened(): WorkerHandle<JournalThread> {
    if (this.#thread === null) throw new WaysideError('journal_unwritable', 'the journal is not open');
    return this.#thread;
  }

  #next(): Batch | null {
    return this.#committing ?? this.#waiting[0] ?? null;
  }

  /** A lone message is committed behind what else this turn of the event loop reads; under load commits keep their distance. */
  #planFlush(): void {
    if (this.#committing !== null || this.#flushPlanned) return;
    this.#flushPlanned = true;
    const flush = (): void => {
      this.#flushPlanned = false;
      this.#flush();
    };
    const waitMs = this.#nextFlushAt - performance.now();
    // More than one waits only where a commit is as large as it may be.
    if (waitMs > 0 && this.#waiting.length === 1) setTimeout(flush, waitMs);
    else setImmediate(flush);
  }

  #flush(): void {
    if (this.#committing !== null) return;
    const batch = this.#waiting.shift();
    if (batch === undefined) return;
    this.#committing = batch;
    this.#nextFlushAt = batch.entries < ENTRIES_OF_LOAD ? 0 : performance.now() + COMMITS_APART_MS;
    this.#send(batch);
  }

  #send(batch: Batch): void {
    const message: CommitMessage = { kind: 'commit', segments: batch.segments() };
    this.#thread?.worker.postMessage(
      message,
      message.segments.map((segment) => segment.buffer),
    );
  }

  #committed({ outcome, buffers }: CommittedMessage): void {
    const batch = this.#committing;
    if (batch === null) return;
    if (!outcome.ok) {
      this.#failed(batch, outcome.failure, buffers);
      return;
    }
    this.#spares.giveBack(buffers);
    this.#committing = null;
    this.#pendingBytes -= batch.payloadBytes;
    this.#commitTrouble = null;
    this.#spaceTrouble = null;
    this.#usedBytes = outcome.value.usedBytes;
    batch.resolve();
    for (const listener of this.#listeners) listener(outcome.value.lastSeq);
    if (this.#waiting.length > 0) this.#planFlush();
  }

  /** The entries stay, in their order, until they can be written. */
  #failed(batch: Batch, failure: Failure, buffers: readonly ArrayBuffer[]): void {
    this.#failedCommits += 1;
    this.#commitTrouble = failure.detail;
    if (this.#givesUp) {
      this.#refuseAll(errorOf(failure));
      return;
    }
    batch.takeBack(buffers);
    this.#retry = setTimeout(() => this.#tryAgain(), RETRY_MS);
  }

  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#committing !== null) this.#send(this.#committing);
  }

  #refuseAll(error: WaysideError): void {
    const refused = this.#committing === null ? this.#waiting : [this.#committing, ...this.#waiting];
    this.#committing = null;
    this.#waiting = [];
    this.#pendingBytes = 0;
    for (const batch of refused) batch.reject(error);
  }

  #threadDied(cause: Error): void {
    const error = new WaysideError('journal_unwritable', `the journal thread died: ${cause.message}`, {
      cause,
    });
    this.#unusable = error;
    this.#commitTrouble = error.detail;
    this.#thread = null;
    clearTimeout(this.#retry);
    this.#refuseAll(error);
    this.#onFailure(error);
  }
}

function checked<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw errorOf(outcome.failure);
  return outcome.value;
}

function errorOf(failure: Failure): WaysideError {
  return new WaysideError(failure.code, failure.detail);
}
