import { Buffer } from 'node:buffer';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEraser, type Eraser } from '../../../gateway/journal/eraser.ts';
import { openForWriting } from '../../../gateway/journal/journal-file.ts';
import { createRoomMeter } from '../../../gateway/journal/journal-space.ts';
import { createSqliteJournal } from '../../../gateway/journal/sqlite-journal.ts';
import { entryOf } from '../../conformance/journal-entry.ts';

const NOBODY = new Map<string, number>();
const WORD = 'Zaubermantel';

let directory: string;
let file: string;
let database: DatabaseSync;
let eraser: Eraser;
/** Erasures that came to the point of writing the file anew. */
let begun: number;

/** An eraser over a file too large to be written anew, with 40 MiB of deleted words in it. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-eraser-'));
  file = join(directory, 'journal.db');
  database = openForWriting(file);
  const insert = database.prepare('INSERT INTO segments VALUES (?, ?, 0, ?)');
  for (let seq = 1; seq <= 41; seq += 1) insert.run(seq, seq, Buffer.alloc(1024 * 1024, WORD));
  database.exec('DELETE FROM segments WHERE last_seq <= 40');
  begun = 0;
  const rewrite = () => {
    begun += 1;
    return false;
  };
  eraser = createEraser({ file, database, room: createRoomMeter(file, database), trimmer: { rewrite } });
});
afterEach(async () => {
  if (database.isOpen) database.close();
  await rm(directory, { recursive: true });
});

const zeros = () => Number(database.prepare('SELECT count(*) AS n FROM erased_space').get()?.n);
/** All of the one segment that is kept, and nothing else: in pages of 8 KiB, whose bounds cut words in two. */
async function expectOneSegment(): Promise<void> {
  const words = (await readFile(file, 'latin1')).split(WORD).length - 1;
  expect(words).toBeGreaterThan(80_000);
  expect(words).toBeLessThan((1024 * 1024) / WORD.length);
}

/** Until an erasure has taken some of the free pages for zeros. */
async function someAreTaken(): Promise<void> {
  while (zeros() < 20) await nextTurn();
}

it('overwrites what was deleted, and empties the log', async () => {
  await eraser.erase(NOBODY);
  expect(zeros()).toBe(0);
  await expectOneSegment();
  expect((await readFile(`${file}-wal`)).length).toBe(0);
});

it('gives commits the room that it is overwriting, and is refused then', async () => {
  const erased = eraser.erase(NOBODY);
  erased.catch(() => undefined);
  await someAreTaken();
  const before = zeros();
  expect(eraser.makeWay()).toBe(true);
  expect(zeros()).toBe(before - 16);
  await expect(erased).rejects.toMatchObject({ code: 'journal_full' });
  expect(zeros()).toBe(0);
  expect(eraser.makeWay()).toBe(false);
  await eraser.erase(NOBODY);
  await expectOneSegment();
});

it('waits for whoever reads the log, with the next erasure behind it, and holds up nobody', async () => {
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM segments').get();
  let done = 0;
  const both = [eraser.erase(NOBODY), eraser.erase(NOBODY)].map((erased) =>
    erased.then(() => {
      done += 1;
    }),
  );
  while (begun === 0 || zeros() > 0) await nextTurn();
  let longest = 0;
  const end = performance.now() + 300;
  for (let at = performance.now(); at < end; ) {
    await nextTurn();
    longest = Math.max(longest, performance.now() - at);
    at = performance.now();
  }
  expect({ done, begun }).toEqual({ done: 0, begun: 1 });
  // SQLite's own wait is five seconds.
  expect(longest).toBeLessThan(2_000);
  reader.exec('COMMIT');
  reader.close();
  await Promise.all(both);
  expect({ done, begun }).toEqual({ done: 2, begun: 2 });
  expect((await readFile(`${file}-wal`)).length).toBe(0);
});

it('ends at once when the gateway stops, and the next start finds all in order', async () => {
  const erased = eraser.erase(NOBODY);
  erased.catch(() => undefined);
  await someAreTaken();
  eraser.stop();
  await expect(erased).rejects.toMatchObject({ code: 'stopping' });
  await expect(eraser.erase(NOBODY)).rejects.toMatchObject({ code: 'stopping' });
  expect(zeros()).toBeGreaterThan(0);
  // They are of no form that a journal reads.
  database.exec('DELETE FROM segments');
  database.close();

  const journal = createSqliteJournal({ file });
  await journal.start();
  await journal.append(entryOf(1));
  await journal.erase(NOBODY);
  await journal.stop();
  database = new DatabaseSync(file);
  expect(zeros()).toBe(0);
});
