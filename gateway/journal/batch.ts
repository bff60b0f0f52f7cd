import { Buffer } from 'node:buffer';
import type { WaysideError } from '../errors.ts';
import type { JournalEntry } from './journal.ts';
import type { Segment } from './journal-messages.ts';
import { roomFor, writeEntry } from './segment.ts';

const SEGMENT_BYTES = 1024 * 1024;
/**
 * A commit holds at most this many segments, so that the first of a burst are acknowledged while the last still wait: some
 * 10 ms each, where a burst of 64 MiB in one commit would take a good part of a second.
 */
const SEGMENTS_A_COMMIT = 4;
/** Buffers that lie ready; beyond that they are left to the garbage collector. */
const SPARE_BUFFERS = SEGMENTS_A_COMMIT;

interface OpenSegment {
  readonly bytes: Buffer;
  buffer: ArrayBuffer;
  readonly firstSeq: number;
  lastSeq: number;
  usedBytes: number;
}

/** Entries that are committed together; all who appended them wait for one promise. */
export class Batch {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: WaysideError) => void;
  readonly #segments: OpenSegment[] = [];
  readonly #spares: SpareBuffers;
  entries = 0;
  payloadBytes = 0;

  constructor(spares: SpareBuffers) {
    this.#spares = spares;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Takes an entry in, or gives false where it is for the next batch. */
  add(entry: JournalEntry, seq: number): boolean {
    const room = roomFor(entry);
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.usedBytes + room > segment.bytes.length) {
      if (this.#segments.length === SEGMENTS_A_COMMIT) return false;
      const buffer = this.#spares.take(room);
      segment = { buffer, bytes: Buffer.from(buffer), firstSeq: seq, lastSeq: seq, usedBytes: 0 };
      this.#segments.push(segment);
    }
    segment.usedBytes = writeEntry(segment.bytes, segment.usedBytes, entry, seq - segment.firstSeq);
    segment.lastSeq = seq + entry.span - 1;
    this.entries += 1;
    this.payloadBytes += entry.payload.length;
    return true;
  }

  /** To be sent with all their buffers in the transfer list; the batch takes nothing more then. */
  segments(): readonly Segment[] {
    return this.#segments.map(({ firstSeq, lastSeq, buffer, usedBytes }) => ({
      firstSeq,
      lastSeq,
      buffer,
      usedBytes,
    }));
  }

  /** The buffers have come back, and what is in them is not written: it can be sent once more. */
  takeBack(buffers: readonly ArrayBuffer[]): void {
    for (const [index, buffer] of buffers.entries()) {
      const segment = this.#segments[index];
      if (segment !== undefined) segment.buffer = buffer;
    }
  }
}

/** Buffers of segments that were written, to be used again. */
export class SpareBuffers {
  readonly #buffers: ArrayBuffer[] = [];

  take(atLeastBytes: number): ArrayBuffer {
    const spare = atLeastBytes <= SEGMENT_BYTES ? this.#buffers.pop() : undefined;
    return spare ?? new ArrayBuffer(Math.max(SEGMENT_BYTES, atLeastBytes));
  }

  giveBack(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) {
      if (this.#buffers.length < SPARE_BUFFERS && buffer.byteLength === SEGMENT_BYTES)
        this.#buffers.push(buffer);
    }
  }
}
