import { Buffer } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { WaysideError } from '../errors.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { codedError, lastSeqOf, openForWriting } from './journal-file.ts';
import type { CommitMessage, CommittedMessage, JournalThread, Outcome, Segment } from './journal-messages.ts';

/** Segments that one transaction of a trim deletes: appends that wait meanwhile wait a few milliseconds at most. */
const TRIM_STEP = 16;

let file = '';
let database: DatabaseSync | null = null;
let insert: StatementSync | null = null;

serveFromWorker<object, JournalThread>({
  async open(path) {
    try {
      file = path;
      database = openForWriting(path);
      insert = database.prepare(
        'INSERT INTO segments (last_seq, first_seq, crc, entries) VALUES (?, ?, ?, ?)',
      );
      return { ok: true, value: lastSeqOf(database) };
    } catch (error) {
      return failed(error);
    }
  },

  async trim(seq) {
    try {
      while (trimStep(seq) === TRIM_STEP) await nextTurn();
      return { ok: true, value: null };
    } catch (error) {
      return failed(error);
    }
  },

  async close() {
    database?.close();
    database = null;
    insert = null;
  },
});

parentPort?.on('message', (message: CommitMessage | { readonly kind?: undefined }) => {
  if (message.kind !== 'commit') return;
  const answer: CommittedMessage = {
    kind: 'committed',
    outcome: commit(message.segments),
    buffers: message.segments.map((segment) => segment.buffer),
  };
  parentPort?.postMessage(answer, [...answer.buffers]);
});

function commit(segments: readonly Segment[]): Outcome<number> {
  try {
    if (database === null || insert === null)
      throw new WaysideError('journal_unwritable', 'the journal is not open');
    let lastSeq = 0;
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const segment of segments) {
        const bytes = Buffer.from(segment.buffer, 0, segment.usedBytes);
        insert.run(segment.lastSeq, segment.firstSeq, crc32(bytes), bytes);
        lastSeq = segment.lastSeq;
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return { ok: true, value: lastSeq };
  } catch (error) {
    return failed(error);
  }
}

/** Deletes the oldest segments that lie wholly at or below `seq`; returns how many went. */
function trimStep(seq: number): number {
  if (database === null) throw new WaysideError('journal_unwritable', 'the journal is not open');
  database.exec('BEGIN IMMEDIATE');
  try {
    // The highest sequence ever given has to outlive its entries, else it would be given again.
    database
      .prepare(
        'UPDATE trimmed SET seq = max(seq, coalesce((SELECT max(last_seq) FROM segments WHERE last_seq <= ?), 0))',
      )
      .run(seq);
    const gone = database
      .prepare(
        'DELETE FROM segments WHERE last_seq IN (SELECT last_seq FROM segments WHERE last_seq <= ? ORDER BY last_seq LIMIT ?)',
      )
      .run(seq, TRIM_STEP);
    database.exec('COMMIT');
    return Number(gone.changes);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function failed(error: unknown): {
  readonly ok: false;
  readonly failure: { code: WaysideError['code']; detail: string };
} {
  const { code, detail } = codedError(file, error, 'journal_unwritable');
  return { ok: false, failure: { code, detail } };
}
