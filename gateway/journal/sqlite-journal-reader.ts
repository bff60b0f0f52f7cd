import { Buffer } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { WaysideError } from '../errors.ts';
import type { JournalBacklog, JournalReader, StoredEntry } from './journal.ts';
import { guarded, lastSeqOf, openForReading } from './journal-file.ts';
import { SegmentCursor } from './segment.ts';
import { Senders } from './senders.ts';

/**
 * Reads a journal file in the calling thread; as many readers as wanted, also while it is written.
 *
 * @param options.file path of the file; the journal must have been started once
 */
export function createSqliteJournalReader(options: { readonly file: string }): JournalReader {
  return new SqliteJournalReader(options.file);
}

interface Open {
  readonly database: DatabaseSync;
  readonly next: StatementSync;
  readonly bytesAfter: StatementSync;
}

class SqliteJournalReader implements JournalReader {
  readonly #file: string;
  readonly #senders = new Senders();
  #open: Open | null = null;
  /** Rest of the segment in which the page before ended; `afterSeq` is what the caller will ask with next. */
  #rest: { readonly afterSeq: number; readonly cursor: SegmentCursor } | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  async start(): Promise<void> {
    const database = openForReading(this.#file);
    this.#open = {
      database,
      next: database.prepare(
        'SELECT last_seq, first_seq, crc, entries FROM segments WHERE last_seq > ? ORDER BY last_seq LIMIT 1',
      ),
      // The length of a blob stands in its row's head: what it holds is not read.
      bytesAfter: database.prepare('SELECT sum(length(entries)) AS bytes FROM segments WHERE last_seq > ?'),
    };
  }

  async stop(): Promise<void> {
    this.#open?.database.close();
    this.#open = null;
    this.#rest = null;
  }

  async read(afterSeq: number, limit: number, maxBytes: number): Promise<readonly StoredEntry[]> {
    const entries: StoredEntry[] = [];
    let bytes = 0;
    let cursor = this.#rest?.afterSeq === afterSeq ? this.#rest.cursor : null;
    let segmentsAfter = afterSeq;
    this.#rest = null;
    for (;;) {
      if (cursor === null || cursor.done) {
        cursor = this.#segmentAfter(cursor?.lastSeq ?? segmentsAfter);
        if (cursor === null) return entries;
        segmentsAfter = cursor.lastSeq;
      }
      while (!cursor.done) {
        const { seq, payloadBytes } = cursor.peek();
        if (seq <= afterSeq) {
          cursor.skip();
          continue;
        }
        if (entries.length > 0 && (entries.length >= limit || bytes + payloadBytes > maxBytes)) {
          const last = entries.at(-1);
          // Callers go on from the last entry's sequence, or from that of its last reading: the latter is the rule.
          this.#rest = last === undefined ? null : { afterSeq: last.seq + last.span - 1, cursor };
          return entries;
        }
        entries.push(cursor.take());
        bytes += payloadBytes;
      }
      if (entries.length >= limit || bytes >= maxBytes) return entries;
    }
  }

  async lastSeq(): Promise<number> {
    const { database } = this.#opened();
    return guarded(this.#file, () => lastSeqOf(database), 'data_dir_damaged');
  }

  async behind(afterSeq: number): Promise<JournalBacklog | null> {
    const cursor = this.#segmentAfter(afterSeq);
    while (cursor !== null && !cursor.done && cursor.peek().seq <= afterSeq) cursor.skip();
    if (cursor === null || cursor.done) return null;
    const row = guarded(this.#file, () => this.#opened().bytesAfter.get(afterSeq), 'data_dir_damaged');
    return { bytes: Number(row?.bytes ?? 0), oldestReceivedAt: cursor.take().receivedAt };
  }

  #segmentAfter(seq: number): SegmentCursor | null {
    const { next } = this.#opened();
    const row = guarded(this.#file, () => next.get(seq), 'data_dir_damaged');
    if (row === undefined) return null;
    const { entries } = row;
    if (
      !(entries instanceof Uint8Array) ||
      crc32(Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength)) !== Number(row.crc)
    ) {
      throw new WaysideError(
        'data_dir_damaged',
        `${this.#file}: the entries up to sequence ${row.last_seq} fail their checksum; the next start sets them aside and goes on`,
      );
    }
    return new SegmentCursor(Number(row.first_seq), Number(row.last_seq), entries, this.#senders);
  }

  #opened(): Open {
    if (this.#open === null)
      throw new WaysideError('data_dir_damaged', `${this.#file}: the journal reader is not open`);
    return this.#open;
  }
}
