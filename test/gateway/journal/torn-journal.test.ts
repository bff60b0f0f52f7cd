import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalOpening, StoredEntry } from '../../../gateway/journal/journal.ts';
import { createSqliteJournal } from '../../../gateway/journal/sqlite-journal.ts';
import { createSqliteJournalReader } from '../../../gateway/journal/sqlite-journal-reader.ts';
import { entryOf } from '../../conformance/journal-entry.ts';

const COMMITS = 200;

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-torn-'));
  file = join(directory, 'journal.db');
});
afterEach(() => rm(directory, { recursive: true }));

/** Entries of 2 KB, a commit each; their numbers are their sequences. */
async function write(from: number, to: number): Promise<void> {
  const journal = createSqliteJournal({ file });
  await journal.start();
  for (let n = from; n <= to; n += 1)
    await journal.append(entryOf(n, { payload: Buffer.alloc(2000, n % 256) }));
  await journal.stop();
}

/** What is there after a start: it has to be a part of what was written, in order, with its contents. */
async function reopened(): Promise<{
  readonly opening: JournalOpening;
  readonly entries: readonly StoredEntry[];
}> {
  const journal = createSqliteJournal({ file });
  const opening = await journal.start();
  await journal.append(entryOf(9999));
  const reader = createSqliteJournalReader({ file });
  await reader.start();
  const all = await reader.read(0, 1e6, 1e9);
  await reader.stop();
  await journal.stop();
  expect(all.at(-1)?.userId).toBe('d9999');
  const entries = all.slice(0, -1);
  for (const { seq, userId, payload } of entries) {
    expect(userId).toBe(`d${seq}`);
    expect(Buffer.compare(payload, Buffer.alloc(2000, seq % 256))).toBe(0);
  }
  expect(all.at(-1)?.seq).toBeGreaterThan(Math.max(0, ...entries.map(({ seq }) => seq)));
  return { opening, entries };
}

async function garble(path: string, from: number, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.write(Buffer.alloc(bytes, 0xee), 0, bytes, from);
  await handle.close();
}

/** The files as they lie there while the journal is open: what a crash leaves. */
async function crashedCopy(): Promise<void> {
  const journal = createSqliteJournal({ file });
  await journal.start();
  for (let n = 1; n <= COMMITS; n += 1)
    await journal.append(entryOf(n, { payload: Buffer.alloc(2000, n % 256) }));
  const copy = join(directory, 'copy.db');
  await copyFile(file, copy);
  await copyFile(`${file}-wal`, `${copy}-wal`);
  await journal.stop();
  file = copy;
}

describe('a journal whose log is torn', () => {
  it('has all of it where nothing is torn', async () => {
    await crashedCopy();
    const { opening, entries } = await reopened();
    expect(opening.damage).toBeNull();
    expect(entries).toHaveLength(COMMITS);
  });

  it('has what lies before where its end is cut off', async () => {
    await crashedCopy();
    const { size } = await stat(`${file}-wal`);
    await truncate(`${file}-wal`, Math.floor(size * 0.7) + 100);
    const { opening, entries } = await reopened();
    expect(opening.damage).toBeNull();
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.length).toBeLessThan(COMMITS);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from(entries, (_, index) => index + 1));
  });

  it('has what lies before where its end is garbled', async () => {
    await crashedCopy();
    const { size } = await stat(`${file}-wal`);
    await garble(`${file}-wal`, Math.floor(size * 0.5), 9000);
    const { entries } = await reopened();
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.length).toBeLessThan(COMMITS);
  });
});

describe('a journal whose pages are torn', () => {
  it.each([0.3, 0.6, 0.9])(
    'keeps what can be read where it is cut short at %d of its length',
    async (part) => {
      await write(1, COMMITS);
      const { size } = await stat(file);
      await truncate(file, Math.floor(size * part));
      const { opening, entries } = await reopened();
      expect(opening.damage).toMatch(
        /segments that could be read are kept, and the torn file is .*journal\.db\.torn-1$/,
      );
      expect(entries.length).toBeGreaterThan(COMMITS * part * 0.5);
      expect(entries.length).toBeLessThan(COMMITS);
      expect((await stat(`${file}.torn-1`)).size).toBe(Math.floor(size * part));
    },
  );

  it.each([0.3, 0.5, 0.97])('keeps what lies around bytes that were garbled at %d', async (part) => {
    await write(1, COMMITS);
    const { size } = await stat(file);
    await garble(file, Math.floor(size * part), 64);
    const { opening, entries } = await reopened();
    if (opening.damage === null) expect(entries).toHaveLength(COMMITS);
    else expect(entries.length).toBeGreaterThanOrEqual(COMMITS - 8);
  });

  it('keeps what can be read wherever a page of small entries is garbled', async () => {
    const small = createSqliteJournal({ file });
    await small.start();
    for (let n = 1; n <= COMMITS; n += 1) await small.append(entryOf(n));
    await small.stop();
    const whole = join(directory, 'whole.db');
    await copyFile(file, whole);
    const { size } = await stat(whole);
    // Not the first page: without it there is no table to be found, and nothing to be kept.
    for (let from = 8192 + 700; from + 64 < size; from += 3001) {
      await copyFile(whole, file);
      await garble(file, from, 64);
      const journal = createSqliteJournal({ file });
      const { lastSeq } = await journal.start();
      expect(Number.isSafeInteger(lastSeq)).toBe(true);
      await journal.append(entryOf(9999));
      await journal.stop();
    }
  });

  it('is whole again afterwards, and keeps every torn file', async () => {
    await write(1, COMMITS);
    await garble(file, Math.floor((await stat(file)).size * 0.5), 20_000);
    await reopened();
    expect((await readdir(directory)).sort()).toEqual(['journal.db', 'journal.db.torn-1']);
    const journal = createSqliteJournal({ file });
    expect((await journal.start()).damage).toBeNull();
    await journal.stop();
  });

  it('gives no sequence again that the torn part had, where that can still be known', async () => {
    await write(1, COMMITS);
    await garble(file, Math.floor((await stat(file)).size * 0.2), 100);
    const journal = createSqliteJournal({ file });
    expect((await journal.start()).lastSeq).toBe(COMMITS);
    await journal.stop();
  });
});

describe('a salvage that is killed', () => {
  const ASIDE = 'journal.db.torn-1';

  /** A torn file, and a log of which nothing is in it: what a crash leaves. */
  async function tornWithLog(): Promise<void> {
    await write(1, COMMITS);
    const journal = createSqliteJournal({ file });
    await journal.start();
    for (let n = COMMITS + 1; n <= 2 * COMMITS; n += 1)
      await journal.append(entryOf(n, { payload: Buffer.alloc(2000, n % 256) }));
    await copyFile(file, join(directory, 'whole.db'));
    await copyFile(`${file}-wal`, join(directory, 'whole.db-wal'));
    await journal.stop();
  }

  async function layOut(): Promise<void> {
    for (const name of await readdir(directory))
      if (name.startsWith('journal.db')) await rm(join(directory, name));
    await copyFile(join(directory, 'whole.db'), file);
    await copyFile(join(directory, 'whole.db-wal'), `${file}-wal`);
    await garble(file, Math.floor((await stat(file)).size * 0.5), 20_000);
  }

  /** Opens the torn journal in a process of its own, while somebody reads it: so the log stays beside it to the end. */
  async function salvage(dieAt: number): Promise<string> {
    await layOut();
    const reading = new DatabaseSync(file, { readOnly: true });
    reading.exec('BEGIN; SELECT max(seq) FROM trimmed');
    const script = new URL('./dying-salvage.ts', import.meta.url).pathname;
    const { signal, status, stderr } = spawnSync(process.execPath, [script, file, String(dieAt)], {
      timeout: 20_000,
    });
    reading.close();
    if (signal === null) expect([status, String(stderr)]).toEqual([0, '']);
    return signal ?? 'ended';
  }

  it('has at the next start all that could be read, also of the log, wherever it is killed', async () => {
    await tornWithLog();
    expect(await salvage(Number.POSITIVE_INFINITY)).toBe('ended');
    expect((await stat(join(directory, `${ASIDE}-wal`))).size).toBeGreaterThan(COMMITS * 2000);
    const whole = (await reopened()).entries.map(({ seq }) => seq);
    expect(whole.length).toBeGreaterThan(1.8 * COMMITS);
    expect(whole.length).toBeLessThan(2 * COMMITS);

    let kills = 0;
    while ((await salvage(kills + 1)) === 'SIGKILL') {
      kills += 1;
      const { opening, entries } = await reopened();
      expect({ kills, kept: entries.map(({ seq }) => seq) }).toEqual({ kills, kept: whole });
      const beside = (await readdir(directory)).filter((name) => name.startsWith('journal.db.'));
      expect({ kills, beside: beside.filter((name) => name !== `${ASIDE}-wal`) }).toEqual({
        kills,
        beside: [ASIDE],
      });
      // Nothing is left to be told where it was killed after the last step.
      if (opening.damage !== null) expect(opening.damage).toContain(`the torn file is ${file}.torn-1`);
    }
    expect(kills).toBeGreaterThan(12);
  });
});

it('damage that is met while reading is an error, and no entry', async () => {
  await write(1, COMMITS);
  await garble(file, Math.floor((await stat(file)).size * 0.5), 2000);
  const reader = createSqliteJournalReader({ file });
  await reader.start();
  await expect(reader.read(0, 10_000, 1e9)).rejects.toMatchObject({ code: 'data_dir_damaged' });
  await reader.stop();
});
