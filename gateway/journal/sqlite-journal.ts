import { Buffer } from 'node:buffer';
import { WaysideError } from '../errors.ts';
import { startWorker, type WorkerHandle } from '../worker-rpc.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { CommitMessage, CommittedMessage, Failure, JournalThread, Segment } from './journal-messages.ts';
import { fitsSegment, roomFor, writeEntry } from './segment.ts';

const SEGMENT_BYTES = 1024 * 1024;
/** Buffers that lie ready; beyond that they are left to the garbage collector. */
const SPARE_BUFFERS = 4;
/** A batch of this many shows load: the next commit begins this much after its own at the earliest, and so is larger. */
const ENTRIES_OF_LOAD = 32;
const COMMITS_APART_MS = 4;

interface OpenSegment {
  readonly bytes: Buffer;
  readonly buffer: ArrayBuffer;
  readonly firstSeq: number;
  lastSeq: number;
  usedBytes: number;
}

/** Entries that are committed together; all who appended them wait for one promise. */
interface Batch {
  readonly segments: OpenSegment[];
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: WaysideError) => void;
  payloadBytes: number;
  entries: number;
}

/**
 * The journal in one SQLite file, written by a thread of its own. Group commit: while one commit runs, the next batch
 * gathers; a lone message is committed at once. Under load a commit every 4 ms halves what a message costs all threads: a
 * larger commit is one fsync, one message between threads and one write of acknowledgements for more of them.
 *
 * @param options.file path of the file; it is created where it is missing
 * @param options.onFailure told once if the writing thread dies; from then on every append rejects
 */
export function createSqliteJournal(options: {
  readonly file: string;
  readonly onFailure?: (error: Error) => void;
}): Journal {
  return new SqliteJournal(options.file, options.onFailure ?? (() => undefined));
}

class SqliteJournal implements Journal {
  readonly #file: string;
  readonly #onFailure: (error: Error) => void;
  readonly #listeners = new Set<(lastSeq: number) => void>();
  readonly #spare: ArrayBuffer[] = [];
  #thread: WorkerHandle<JournalThread> | null = null;
  #unusable: WaysideError | null = new WaysideError('journal_unwritable', 'the journal is not open');
  #nextSeq = 1;
  #gathering: Batch | null = null;
  #committing: Batch | null = null;
  #flushPlanned = false;
  /** On the clock of `performance.now`, ms. */
  #nextFlushAt = 0;
  #pendingBytes = 0;
  #trouble: string | null = null;

  constructor(file: string, onFailure: (error: Error) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  async start(): Promise<void> {
    const thread = startWorker<JournalThread, object>(
      new URL('./journal-thread.ts', import.meta.url),
      null,
      {},
      (error) => this.#threadDied(error),
    );
    thread.worker.on('message', (message: CommittedMessage | { readonly kind?: undefined }) => {
      if (message.kind === 'committed') this.#committed(message);
    });
    const opened = await thread.call.open(this.#file);
    if (!opened.ok) {
      await thread.terminate();
      throw errorOf(opened.failure);
    }
    this.#thread = thread;
    this.#nextSeq = opened.value + 1;
    this.#unusable = null;
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    this.#unusable ??= new WaysideError('stopping', 'the journal is closing');
    while (this.#gathering !== null || this.#committing !== null) {
      // Whoever appended is told of a failure; here only the end counts.
      await (this.#gathering ?? this.#committing)?.done.catch(() => undefined);
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
    this.#gathering ??= newBatch();
    const batch = this.#gathering;
    const room = roomFor(entry);
    let segment = batch.segments.at(-1);
    if (segment === undefined || segment.usedBytes + room > segment.bytes.length) {
      segment = this.#newSegment(room);
      batch.segments.push(segment);
    }
    segment.usedBytes = writeEntry(segment.bytes, segment.usedBytes, entry, this.#nextSeq - segment.firstSeq);
    this.#nextSeq += entry.span;
    segment.lastSeq = this.#nextSeq - 1;
    batch.payloadBytes += entry.payload.length;
    this.#pendingBytes += entry.payload.length;
    batch.entries += 1;
    this.#planFlush();
    return batch.done;
  }

  onCommitted(listener: (lastSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async trim(seq: number): Promise<void> {
    const thread = this.#thread;
    if (thread === null) throw new WaysideError('journal_unwritable', 'the journal is not open');
    const trimmed = await thread.call.trim(seq);
    if (!trimmed.ok) throw errorOf(trimmed.failure);
  }

  #newSegment(room: number): OpenSegment {
    const spare = room <= SEGMENT_BYTES ? this.#spare.pop() : undefined;
    const buffer = spare ?? new ArrayBuffer(Math.max(SEGMENT_BYTES, room));
    return {
      buffer,
      bytes: Buffer.from(buffer),
      firstSeq: this.#nextSeq,
      lastSeq: this.#nextSeq,
      usedBytes: 0,
    };
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
    if (waitMs > 0) setTimeout(flush, waitMs);
    else setImmediate(flush);
  }

  #flush(): void {
    const batch = this.#gathering;
    if (batch === null || this.#committing !== null || this.#thread === null) return;
    this.#gathering = null;
    this.#committing = batch;
    this.#nextFlushAt = batch.entries < ENTRIES_OF_LOAD ? 0 : performance.now() + COMMITS_APART_MS;
    const segments: Segment[] = batch.segments.map(({ firstSeq, lastSeq, buffer, usedBytes }) => ({
      firstSeq,
      lastSeq,
      buffer,
      usedBytes,
    }));
    const message: CommitMessage = { kind: 'commit', segments };
    this.#thread.worker.postMessage(
      message,
      segments.map((segment) => segment.buffer),
    );
  }

  #committed(message: CommittedMessage): void {
    for (const buffer of message.buffers) {
      if (this.#spare.length < SPARE_BUFFERS && buffer.byteLength === SEGMENT_BYTES) this.#spare.push(buffer);
    }
    const batch = this.#committing;
    if (batch === null) return;
    this.#committing = null;
    this.#pendingBytes -= batch.payloadBytes;
    const { outcome } = message;
    this.#trouble = outcome.ok ? null : outcome.failure.detail;
    if (outcome.ok) {
      batch.resolve();
      for (const listener of this.#listeners) listener(outcome.value);
    } else {
      batch.reject(errorOf(outcome.failure));
    }
    if (this.#gathering !== null) this.#planFlush();
  }

  #threadDied(cause: Error): void {
    const error = new WaysideError('journal_unwritable', `the journal thread died: ${cause.message}`, {
      cause,
    });
    this.#unusable = error;
    this.#trouble = error.detail;
    this.#thread = null;
    for (const batch of [this.#committing, this.#gathering]) batch?.reject(error);
    this.#committing = null;
    this.#gathering = null;
    this.#pendingBytes = 0;
    this.#onFailure(error);
  }
}

function newBatch(): Batch {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { segments: [], done: promise, resolve, reject, payloadBytes: 0, entries: 0 };
}

function errorOf(failure: Failure): WaysideError {
  return new WaysideError(failure.code, failure.detail);
}
