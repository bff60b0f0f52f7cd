import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  MetricPoint,
  ReadingPoint,
  TelemetryPoint,
  TelemetryQuery,
  TelemetryStore,
} from '../../gateway/telemetry/telemetry-store.ts';

/** What a store's test gives the suite: an empty store that was not started, and how to take all of it away. */
export interface StoreUnderTest {
  readonly store: TelemetryStore;
  /** Called after the store was stopped. */
  cleanUp(): Promise<void>;
}

/** 2026-03-01T12:00:00Z, a multiple of a minute. */
export const T0 = Date.UTC(2026, 2, 1, 12);

const BASE: Omit<TelemetryPoint, 'deviceKey' | 'seq'> = { at: T0, receivedAt: T0 + 40, flags: [] };

/** What every telemetry store must do, whatever it is made of. */
export function telemetryStoreConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`telemetry store: ${name}`, () => {
    let made: StoreUnderTest;
    let store: TelemetryStore;
    let lastSeq = 0;

    beforeAll(async () => {
      made = await make();
      store = made.store;
      await store.start();
    });
    afterAll(async () => {
      await store?.stop();
      await made?.cleanUp();
    });

    /** Gives each partial point the next sequences, and stores them as one batch. */
    async function keep(
      deviceKey: string,
      partial: readonly Partial<TelemetryPoint>[],
    ): Promise<TelemetryPoint[]> {
      const points = partial.map((part) => ({ ...BASE, ...part, deviceKey, seq: ++lastSeq }));
      expect(await store.write(points, lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      return points;
    }

    async function readings(
      query: Omit<TelemetryQuery, 'limit'> & { limit?: number },
    ): Promise<ReadingPoint[]> {
      const page = await store.read({ limit: 1000, ...query });
      return page.points as ReadingPoint[];
    }

    async function values(query: Omit<TelemetryQuery, 'limit'> & { metric: string }): Promise<MetricPoint[]> {
      const page = await store.read({ limit: 1000, ...query });
      return page.points as MetricPoint[];
    }

    it('gives back a whole reading as it was written', async () => {
      const position = { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3.1, heading: 270, altitude: 120 };
      const metrics = { fuel: 0.12, rpm: 2100, doorOpen: true, state: 'idle' };
      await keep('whole', [{ position, metrics, event: 'purchase', flags: ['late', 'clock_corrected'] }]);
      expect(await readings({ deviceKey: 'whole' })).toEqual([
        { at: T0, position, metrics, event: 'purchase', flags: ['late', 'clock_corrected'] },
      ]);
    });

    it('leaves out what a reading did not have', async () => {
      await keep('sparse', [
        { position: { lat: -0.5, lon: 179.999999 } },
        { at: T0 + 1, metrics: { on: false } },
        { at: T0 + 2, event: 'ping', flags: ['late'] },
      ]);
      expect(await readings({ deviceKey: 'sparse' })).toEqual([
        { at: T0, position: { lat: -0.5, lon: 179.999999 }, flags: [] },
        { at: T0 + 1, metrics: { on: false }, flags: [] },
        { at: T0 + 2, event: 'ping', flags: ['late'] },
      ]);
    });

    it('gives nothing for a device that it never heard of', async () => {
      expect(await store.read({ deviceKey: 'nobody', limit: 10 })).toEqual({ points: [], next: null });
      expect(await store.read({ deviceKey: 'nobody', metric: 'fuel', limit: 10 })).toEqual({
        points: [],
        next: null,
      });
      expect(await store.read({ deviceKey: 'nobody', metric: 'fuel', everyMs: 1000, limit: 10 })).toEqual({
        points: [],
        next: null,
      });
    });

    it('keeps devices apart', async () => {
      await keep('mine', [{ metrics: { fuel: 1 } }]);
      await keep('yours', [{ metrics: { fuel: 2 } }]);
      expect(await values({ deviceKey: 'mine', metric: 'fuel' })).toEqual([{ at: T0, value: 1 }]);
    });

    it('gives points in order of time, however they came', async () => {
      await keep(
        'order',
        [3, 1, 2].map((n) => ({ at: T0 + n, metrics: { n } })),
      );
      expect(await values({ deviceKey: 'order', metric: 'n' })).toEqual(
        [1, 2, 3].map((n) => ({ at: T0 + n, value: n })),
      );
    });

    it('keeps two readings of one millisecond, in the order of arrival', async () => {
      await keep('twins', [{ metrics: { n: 1 } }, { metrics: { n: 2 } }]);
      expect(await values({ deviceKey: 'twins', metric: 'n' })).toEqual([
        { at: T0, value: 1 },
        { at: T0, value: 2 },
      ]);
    });

    it('stores a repeated batch once', async () => {
      const points = await keep('again', [{ metrics: { n: 1 } }, { at: T0 + 5, metrics: { n: 2 } }]);
      expect(await store.write(points, lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      expect(await readings({ deviceKey: 'again' })).toHaveLength(2);
    });

    it('takes a batch without points, and remembers how far it came', async () => {
      lastSeq += 1000;
      expect(await store.write([], lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      expect([lastSeq, null]).toContain(await store.storedSeq());
    });

    it('takes from inclusively and to exclusively', async () => {
      await keep(
        'range',
        [0, 1, 2, 3].map((n) => ({ at: T0 + n * 1000, metrics: { n } })),
      );
      const found = await values({ deviceKey: 'range', metric: 'n', from: T0 + 1000, to: T0 + 3000 });
      expect(found.map((point) => point.value)).toEqual([1, 2]);
    });

    it.each([
      ['whole readings', {}, 7],
      ['one metric', { metric: 'n' }, 7],
      ['buckets', { metric: 'n', everyMs: 2000 }, 4],
    ])('pages through %s without a gap or a repeat', async (_what, query, expected) => {
      const deviceKey = `paged-${JSON.stringify(query)}`;
      // Three of them share a millisecond, and a page ends between two of these.
      await keep(
        deviceKey,
        [0, 1, 1, 1, 3, 4, 6].map((second, n) => ({ at: T0 + second * 1000, metrics: { n } })),
      );
      const all = (await store.read({ deviceKey, ...query, limit: 1000 })).points;
      expect(all).toHaveLength(expected);
      const paged: unknown[] = [];
      let cursor: string | null = null;
      do {
        const page = await store.read({ deviceKey, ...query, limit: 2, ...(cursor !== null && { cursor }) });
        expect(page.points.length).toBeLessThanOrEqual(2);
        paged.push(...page.points);
        cursor = page.next;
      } while (cursor !== null && paged.length <= expected);
      expect(paged).toEqual(all);
    });

    it('refuses a cursor that it did not give for this device and metric', async () => {
      await keep('cursor', [{ metrics: { n: 1 } }, { metrics: { n: 2 } }]);
      const { next } = await store.read({ deviceKey: 'cursor', metric: 'n', limit: 1 });
      expect(next).not.toBeNull();
      for (const cursor of ['', 'x', 'MTIz', `${next}AA`]) {
        await expect(
          store.read({ deviceKey: 'cursor', metric: 'n', limit: 1, cursor }),
        ).rejects.toMatchObject({ code: 'bad_cursor' });
      }
      await expect(
        store.read({ deviceKey: 'order', metric: 'n', limit: 1, cursor: next ?? '' }),
      ).rejects.toMatchObject({ code: 'bad_cursor' });
      await expect(store.read({ deviceKey: 'cursor', limit: 1, cursor: next ?? '' })).rejects.toMatchObject({
        code: 'bad_cursor',
      });
    });

    it('averages numbers over a bucket, and takes the last of anything else', async () => {
      await keep('every', [
        { at: T0, metrics: { n: 1, on: true, state: 'a' } },
        { at: T0 + 59_999, metrics: { n: 2, on: false, state: 'b' } },
        { at: T0 + 60_000, metrics: { n: 10 } },
        { at: T0 + 180_000, metrics: { n: -3, on: true, state: 'c' } },
      ]);
      const query = { deviceKey: 'every', everyMs: 60_000 };
      expect(await values({ ...query, metric: 'n' })).toEqual([
        { at: T0, value: 1.5 },
        { at: T0 + 60_000, value: 10 },
        { at: T0 + 180_000, value: -3 },
      ]);
      expect(await values({ ...query, metric: 'on' })).toEqual([
        { at: T0, value: false },
        { at: T0 + 180_000, value: true },
      ]);
      expect(await values({ ...query, metric: 'state', to: T0 + 60_000 })).toEqual([{ at: T0, value: 'b' }]);
    });

    it('keeps the type of each value when one metric changes its own', async () => {
      const sequence = [1, '1', true, 0, '', false];
      await keep(
        'types',
        sequence.map((value, n) => ({ at: T0 + n, metrics: { m: value } })),
      );
      expect((await values({ deviceKey: 'types', metric: 'm' })).map((point) => point.value)).toEqual(
        sequence,
      );
      expect((await readings({ deviceKey: 'types' })).map((reading) => reading.metrics?.m)).toEqual(sequence);
    });

    it('keeps numbers exactly, from the smallest to the largest', async () => {
      const numbers = [
        0,
        -1,
        0.1,
        -273.15,
        5e-324,
        1.7976931348623157e308,
        -1.7976931348623157e308,
        9007199254740991,
        1e21,
        1e-7,
        1 / 3,
      ];
      await keep(
        'numbers',
        numbers.map((value, n) => ({ at: T0 + n, metrics: { m: value } })),
      );
      expect((await values({ deviceKey: 'numbers', metric: 'm' })).map((point) => point.value)).toEqual(
        numbers,
      );
    });

    it('keeps odd strings as they are', async () => {
      const strings = [
        'a b,c=d',
        '"quoted"',
        "it's",
        'back\\slash',
        '\\',
        '\\"',
        'line\nbreak',
        'cr\r\nlf',
        'tab\t',
        'Ünïcödé 😀 日本',
        '#',
        '{}',
        'x'.repeat(256),
        "'; DROP TABLE readings; --",
        '%27',
        '\u0001',
        'nul\u0000byte',
        'null',
      ];
      await keep(
        'strings',
        strings.map((value, n) => ({ at: T0 + n, metrics: { m: value }, event: value })),
      );
      expect((await values({ deviceKey: 'strings', metric: 'm' })).map((point) => point.value)).toEqual(
        strings,
      );
      expect((await readings({ deviceKey: 'strings' })).map((reading) => reading.event)).toEqual(strings);
    });

    it('keeps odd metric names apart', async () => {
      const names = [
        'a b',
        'a,b',
        'a=b',
        'a"b',
        "a'b",
        'a.b',
        'a/b',
        'a~b',
        'a~1b',
        'a*',
        '*',
        '0',
        '-1',
        'ünï 😀',
        'time',
        'lat',
        'event',
        'flags',
        'device',
        '__proto__',
        'constructor',
        'a.n',
        '$.x',
        'back\\slash',
        'end\\',
      ];
      const metrics = Object.fromEntries(names.map((name, n) => [name, n]));
      await keep('names', [{ metrics }]);
      expect((await readings({ deviceKey: 'names' }))[0]?.metrics).toEqual(metrics);
      for (const [n, name] of names.entries()) {
        expect([name, await values({ deviceKey: 'names', metric: name })]).toEqual([
          name,
          [{ at: T0, value: n }],
        ]);
      }
    });

    it('takes half a surrogate pair without losing what stands beside it', async () => {
      await keep('surrogate', [{ metrics: { m: 'bad \ud800 half', fuel: 1 } }]);
      expect(await values({ deviceKey: 'surrogate', metric: 'fuel' })).toEqual([{ at: T0, value: 1 }]);
      expect((await values({ deviceKey: 'surrogate', metric: 'm' }))[0]?.value).toMatch(/^bad .+ half$/);
    });

    it('takes device keys with odd characters', async () => {
      for (const deviceKey of ["o'key", 'back\\slash', 'a b,c=d', 'ünï', '"']) {
        await keep(deviceKey, [{ metrics: { key: deviceKey } }]);
        expect(await values({ deviceKey, metric: 'key' })).toEqual([{ at: T0, value: deviceKey }]);
      }
    });

    it('rejects what no store can keep, and stores the rest of the batch', async () => {
      const point = (part: Partial<TelemetryPoint>) => ({
        ...BASE,
        deviceKey: 'rejects',
        seq: ++lastSeq,
        ...part,
      });
      const good = point({ metrics: { n: 1 } });
      const bad = [
        point({ at: Number.NaN, event: 'x' }),
        point({ at: 1.5, event: 'x' }),
        point({ metrics: { n: Number.POSITIVE_INFINITY } }),
      ];
      const outcome = await store.write([...bad, good], lastSeq);
      expect(outcome.kind === 'stored' && outcome.rejected.map((rejected) => rejected.point)).toEqual(bad);
      expect(await readings({ deviceKey: 'rejects' })).toEqual([{ at: T0, metrics: { n: 1 }, flags: [] }]);
    });

    it('reads while it writes, and never shows half a batch', async () => {
      const BATCH = 500;
      let writing = true;
      const writer = (async () => {
        for (let batch = 0; batch < 6; batch += 1) {
          await keep(
            'busy',
            Array.from({ length: BATCH }, (_, n) => ({ at: T0 + batch * BATCH + n, metrics: { n } })),
          );
        }
      })().finally(() => {
        writing = false;
      });
      do {
        const page = await store.read({ deviceKey: 'busy', metric: 'n', limit: 10_000 });
        expect(page.points.length % BATCH).toBe(0);
      } while (writing);
      await writer;
      expect((await store.read({ deviceKey: 'busy', metric: 'n', limit: 10_000 })).points).toHaveLength(
        6 * BATCH,
      );
    });

    it('erases one device, and goes on', async () => {
      await keep('goes', [{ metrics: { secret: 'erase-me-please' } }]);
      await keep('stays', [{ metrics: { n: 1 } }]);
      await store.erase('goes');
      await store.erase('never-was');
      expect(await readings({ deviceKey: 'goes' })).toEqual([]);
      expect(await values({ deviceKey: 'stays', metric: 'n' })).toEqual([{ at: T0, value: 1 }]);
      await keep('stays', [{ at: T0 + 1, metrics: { n: 2 } }]);
      expect(await readings({ deviceKey: 'stays' })).toHaveLength(2);
    });

    it('keeps everything across a restart', async () => {
      await keep('restart', [{ metrics: { n: 1 } }]);
      await store.stop();
      await expect(store.read({ deviceKey: 'restart', limit: 1 })).rejects.toMatchObject({
        code: 'telemetry_unavailable',
      });
      await store.start();
      expect(await values({ deviceKey: 'restart', metric: 'n' })).toEqual([{ at: T0, value: 1 }]);
      expect([lastSeq, null]).toContain(await store.storedSeq());
      expect(await store.probe()).toEqual({ ok: true });
    });
  });
}
