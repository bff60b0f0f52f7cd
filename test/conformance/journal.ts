import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal, JournalReader, StoredEntry } from '../../gateway/journal/journal.ts';
import { entryOf } from './journal-entry.ts';

/** Opens journals and readers on one and the same store; a new store for each test. */
export interface JournalFixture {
  journal(): Journal;
  reader(): JournalReader;
  dispose(): Promise<void>;
}

const LIMIT = 1000;
const BYTES = 1024 * 1024;

/** What every journal has to do, whatever it is made of. */
export function journalConformance(name: string, create: () => Promise<JournalFixture>): void {
  describe(`journal: ${name}`, () => {
    let fixture: JournalFixture;
    const open: { stop(): Promise<void> }[] = [];

    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(async () => {
      for (const part of open.splice(0).reverse()) await part.stop();
      await fixture.dispose();
    });

    async function started<T extends Journal | JournalReader>(part: T): Promise<T> {
      await part.start();
      open.push(part);
      return part;
    }
    async function readAll(reader: JournalReader, limit = LIMIT, maxBytes = BYTES): Promise<StoredEntry[]> {
      const all: StoredEntry[] = [];
      for (;;) {
        const last = all.at(-1);
        const page = await reader.read(last === undefined ? 0 : last.seq + last.span - 1, limit, maxBytes);
        if (page.length === 0) return all;
        all.push(...page);
      }
    }

    it('is empty at first, with last sequence 0', async () => {
      await started(fixture.journal());
      const reader = await started(fixture.reader());
      expect(await reader.lastSeq()).toBe(0);
      expect(await reader.read(0, LIMIT, BYTES)).toEqual([]);
    });

    it('gives back every field of an entry', async () => {
      const journal = await started(fixture.journal());
      const entries = [
        entryOf(1),
        entryOf(2, { qos: 2, dup: true, packetId: 65_535, truncatedFrom: 2_000_000, receivedAt: 0.5 }),
        entryOf(3, { qos: 0, packetId: 0, payload: new Uint8Array(0) }),
        entryOf(4, {
          topic: 'devices/ü/telemetry',
          userId: 'ü'.repeat(100),
          clientId: '',
          payload: Uint8Array.of(0, 255, 128),
        }),
        entryOf(5, { span: 1000, payload: Buffer.alloc(1_500_000, 7) }),
      ];
      await Promise.all(entries.map((entry) => journal.append(entry)));
      const stored = await readAll(await started(fixture.reader()));
      expect(
        stored.map(({ seq: _, payload, ...rest }) => ({ ...rest, payload: [...payload.subarray(0, 64)] })),
      ).toEqual(entries.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload.subarray(0, 64)] })));
      expect(stored.map((entry) => entry.payload.length)).toEqual(
        entries.map((entry) => entry.payload.length),
      );
    });

    it('keeps the order of the calls and sets aside the span', async () => {
      const journal = await started(fixture.journal());
      const appends: Promise<void>[] = [];
      for (let n = 0; n < 5000; n += 1)
        appends.push(journal.append(entryOf(n, { span: n % 7 === 0 ? 1000 : 1 })));
      await Promise.all(appends);
      const reader = await started(fixture.reader());
      const stored = await readAll(reader);
      expect(stored.map((entry) => entry.userId)).toEqual(Array.from({ length: 5000 }, (_, n) => `d${n}`));
      for (const [index, entry] of stored.entries()) {
        const before = stored[index - 1];
        if (before !== undefined) expect(entry.seq).toBeGreaterThanOrEqual(before.seq + before.span);
      }
      const last = stored.at(-1);
      expect(await reader.lastSeq()).toBe(last === undefined ? -1 : last.seq + last.span - 1);
    });

    it('has an entry on disk when the append resolves', async () => {
      const journal = await started(fixture.journal());
      const reader = await started(fixture.reader());
      for (let n = 1; n <= 20; n += 1) {
        await journal.append(entryOf(n));
        expect((await readAll(reader)).map((entry) => entry.userId)).toContain(`d${n}`);
      }
    });

    it('pages by number and by bytes, at least one entry a page', async () => {
      const journal = await started(fixture.journal());
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => journal.append(entryOf(n, { payload: Buffer.alloc(1000, n) }))),
      );
      const reader = await started(fixture.reader());
      expect(await reader.read(0, 7, BYTES)).toHaveLength(7);
      expect(await reader.read(0, LIMIT, 10_000)).toHaveLength(10);
      expect(await reader.read(0, LIMIT, 1)).toHaveLength(1);
      for (const [limit, bytes] of [
        [7, BYTES],
        [LIMIT, 4500],
        [1, 1],
      ] as const) {
        expect((await readAll(reader, limit, bytes)).map((entry) => entry.userId)).toEqual(
          Array.from({ length: 100 }, (_, n) => `d${n}`),
        );
      }
      const [, second, third] = await reader.read(0, 3, BYTES);
      expect(await reader.read(second?.seq ?? 0, 1, BYTES)).toEqual([third]);
    });

    it('counts what is not on disk yet, and tells of each commit', async () => {
      const journal = await started(fixture.journal());
      const told: number[] = [];
      const unsubscribe = journal.onCommitted((lastSeq) => told.push(lastSeq));
      const appended = journal.append(entryOf(1, { payload: Buffer.alloc(5000), span: 1000 }));
      expect(journal.pendingBytes).toBe(5000);
      await appended;
      expect(journal.pendingBytes).toBe(0);
      const reader = await started(fixture.reader());
      expect(told).toEqual([await reader.lastSeq()]);
      unsubscribe();
      await journal.append(entryOf(2));
      expect(told).toHaveLength(1);
    });

    it('commits a burst in parts, in order: the first are kept while the last still wait', async () => {
      const journal = await started(fixture.journal());
      const keptAtOnce: number[] = [];
      let kept = 0;
      journal.onCommitted(() => {
        keptAtOnce.push(kept);
        kept = 0;
      });
      const count = 400;
      await Promise.all(
        Array.from({ length: count }, (_, n) =>
          journal.append(entryOf(n, { payload: Buffer.alloc(100_000, n) })).then(() => {
            kept += 1;
          }),
        ),
      );
      // 40 MB: no commit holds more than a few.
      expect(keptAtOnce.length).toBeGreaterThanOrEqual(5);
      expect(Math.max(...keptAtOnce, kept) * 100_000).toBeLessThan(8 * 1024 * 1024);
      const stored = await readAll(await started(fixture.reader()), LIMIT, 100 * BYTES);
      expect(stored.map((entry) => entry.userId)).toEqual(Array.from({ length: count }, (_, n) => `d${n}`));
    });

    it('says what it found, and where it goes on', async () => {
      const first = fixture.journal();
      expect(await first.start()).toEqual({ lastSeq: 0, trimmedSeq: 0, damage: null });
      await first.append(entryOf(1, { span: 1000 }));
      await first.stop();
      const second = await started(fixture.journal());
      await second.stop();
      const third = fixture.journal();
      open.push(third);
      expect(await third.start()).toEqual({ lastSeq: 1000, trimmedSeq: 0, damage: null });
    });

    it('gives no sequence that a reader has been at', async () => {
      const first = fixture.journal();
      await first.start();
      await first.append(entryOf(1));
      await first.continueAbove(5000);
      await first.append(entryOf(2));
      await first.continueAbove(3);
      await first.append(entryOf(3));
      await first.stop();
      const second = await started(fixture.journal());
      await second.append(entryOf(4));
      const reader = await started(fixture.reader());
      expect((await readAll(reader)).map(({ seq }) => seq)).toEqual([1, 5001, 5002, 5003]);
      expect(await reader.read(5000, 1, BYTES)).toMatchObject([{ seq: 5001, userId: 'd2' }]);
    });

    it('keeps what all readers have as long as it is young', async () => {
      const journal = await started(fixture.journal());
      for (let n = 1; n <= 5; n += 1) await journal.append(entryOf(n, { receivedAt: n * 1000 }));
      const reader = await started(fixture.reader());
      const users = async () => (await readAll(reader)).map((entry) => entry.userId);
      await journal.trim(4, 3000);
      expect(await users()).toEqual(['d3', 'd4', 'd5']);
      await journal.trim(4, 1_000_000);
      expect(await users()).toEqual(['d5']);
    });

    it('goes on behind what is there after a restart', async () => {
      const first = fixture.journal();
      await first.start();
      await first.append(entryOf(1, { span: 1000 }));
      const unfinished = first.append(entryOf(2));
      await first.stop();
      await unfinished;
      await expect(first.append(entryOf(3))).rejects.toMatchObject({ name: 'WaysideError' });
      const second = await started(fixture.journal());
      await second.append(entryOf(4));
      const stored = await readAll(await started(fixture.reader()));
      expect(stored.map((entry) => entry.userId)).toEqual(['d1', 'd2', 'd4']);
      expect(stored[2]?.seq).toBeGreaterThan(stored[1]?.seq ?? Number.POSITIVE_INFINITY);
    });

    it('trims only up to the sequence, and never gives a sequence twice', async () => {
      const first = fixture.journal();
      await first.start();
      for (let n = 1; n <= 60; n += 1) await first.append(entryOf(n));
      const reader = await started(fixture.reader());
      const before = await readAll(reader);
      const cut = before[29]?.seq ?? 0;
      await first.trim(cut);
      const kept = await readAll(reader);
      expect(kept.filter((entry) => entry.seq > cut)).toEqual(before.slice(30));
      const last = await reader.lastSeq();
      await first.trim(last);
      expect(await readAll(reader)).toEqual([]);
      expect(await reader.lastSeq()).toBe(last);
      await first.stop();
      const second = await started(fixture.journal());
      await second.append(entryOf(61));
      expect((await readAll(reader)).map((entry) => entry.seq)).toEqual([last + 1]);
    });
  });
}
