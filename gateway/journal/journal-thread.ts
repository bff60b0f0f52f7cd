import { Buffer } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { WaysideError } from '../errors.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { createEraser, type Eraser } from './eraser.ts';
import { codedError, lastSeqOf, trimmedSeqOf } from './journal-file.ts';
import type {
  CommitMessage,
  CommittedMessage,
  Failure,
  JournalThread,
  Outcome,
  Segment,
} from './journal-messages.ts';
import { createRoomMeter, type Room, whyNoRoom } from './journal-space.ts';
import { openSalvaging } from './salvage.ts';
import { createTrimmer, type Trimmer } from './trimmer.ts';

interface Open {
  readonly database: DatabaseSync;
  readonly insert: StatementSync;
  readonly room: () => Room;
  readonly trimmer: Trimmer;
  readonly eraser: Eraser;
  readonly maxBytes: number;
}

let file = '';
let open: Open | null = null;

serveFromWorker<object, JournalThread>({
  async open(path, maxBytes) {
    try {
      file = path;
      const { database, damage } = openSalvaging(path);
      const room = createRoomMeter(path, database);
      const trimmer = createTrimmer(database);
      open = {
        database,
        insert: database.prepare(
          'INSERT INTO segments (last_seq, first_seq, crc, entries) VALUES (?, ?, ?, ?)',
        ),
        room,
        trimmer,
        eraser: createEraser({ file: path, database, room, trimmer }),
        maxBytes,
      };
      const value = { lastSeq: lastSeqOf(database), trimmedSeq: trimmedSeqOf(database), damage };
      return { ok: true, value };
    } catch (error) {
      return failed(error);
    }
  },

  async trim(seq, receivedBefore) {
    try {
      const { trimmer, room } = opened();
      while (trimmer.step(seq, receivedBefore)) await nextTurn();
      const left = room();
      trimmer.giveBack(left);
      return { ok: true, value: left.usedBytes };
    } catch (error) {
      return failed(error);
    }
  },

  async checkSpace() {
    try {
      const failure = whyNoRoom(makeRoom(opened(), 0), 0, opened().maxBytes);
      return failure === null ? { ok: true, value: null } : { ok: false, failure };
    } catch (error) {
      return failed(error);
    }
  },

  async erase(erased) {
    try {
      await opened().eraser.erase(erased);
      return { ok: true, value: null };
    } catch (error) {
      return failed(error);
    }
  },

  endErasing() {
    open?.eraser.stop();
  },

  async continueAbove(seq) {
    try {
      opened().database.prepare('UPDATE trimmed SET seq = max(seq, ?)').run(seq);
      return { ok: true, value: null };
    } catch (error) {
      return failed(error);
    }
  },

  async close() {
    open?.database.close();
    open = null;
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

function commit(segments: readonly Segment[]): CommittedMessage['outcome'] {
  try {
    const { database, insert, maxBytes } = opened();
    let bytes = 0;
    for (const segment of segments) bytes += segment.usedBytes;
    const room = makeRoom(opened(), bytes);
    const failure = whyNoRoom(room, bytes, maxBytes);
    if (failure !== null) return { ok: false, failure };
    let lastSeq = 0;
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const segment of segments) {
        const entries = Buffer.from(segment.buffer, 0, segment.usedBytes);
        insert.run(segment.lastSeq, segment.firstSeq, crc32(entries), entries);
        lastSeq = segment.lastSeq;
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return { ok: true, value: { lastSeq, usedBytes: room.usedBytes + bytes } };
  } catch (error) {
    return failed(error);
  }
}

/** Zeros in which an erasure lays out free pages make way, and then entries that are kept for their age alone. */
function makeRoom({ room, trimmer, eraser, maxBytes }: Open, bytes: number): Room {
  let now = room();
  while (whyNoRoom(now, bytes, maxBytes) !== null && (eraser.makeWay() || trimmer.dropTaken())) now = room();
  return now;
}

function opened(): Open {
  if (open === null) throw new WaysideError('journal_unwritable', 'the journal is not open');
  return open;
}

function failed(error: unknown): Extract<Outcome<never>, { ok: false }> {
  const { code, detail } = codedError(file, error, 'journal_unwritable');
  const failure: Failure = { code, detail };
  return { ok: false, failure };
}
