import { expect, it } from 'vitest';
import { T0, type TelemetrySuite } from './telemetry-suite.ts';

/** Ranges, pages, cursors and buckets. */
export function telemetryQueryCases(suite: TelemetrySuite): void {
  it('takes from inclusively and to exclusively', async () => {
    await suite.keep(
      'range',
      [0, 1, 2, 3].map((n) => ({ at: T0 + n * 1000, metrics: { n } })),
    );
    const found = await suite.values({ deviceKey: 'range', metric: 'n', from: T0 + 1000, to: T0 + 3000 });
    expect(found.map((point) => point.value)).toEqual([1, 2]);
  });

  it.each([
    ['whole readings', {}, 7],
    ['one metric', { metric: 'n' }, 7],
    ['buckets', { metric: 'n', everyMs: 2000 }, 4],
  ])('pages through %s without a gap or a repeat', async (_what, query, expected) => {
    const deviceKey = `paged-${JSON.stringify(query)}`;
    // Three of them share a millisecond, and a page ends between two of these.
    await suite.keep(
      deviceKey,
      [0, 1, 1, 1, 3, 4, 6].map((second, n) => ({ at: T0 + second * 1000, metrics: { n } })),
    );
    const all = (await suite.store.read({ deviceKey, ...query, limit: 1000 })).points;
    expect(all).toHaveLength(expected);
    const paged: unknown[] = [];
    let cursor: string | null = null;
    do {
      const page = await suite.store.read({
        deviceKey,
        ...query,
        limit: 2,
        ...(cursor !== null && { cursor }),
      });
      expect(page.points.length).toBeLessThanOrEqual(2);
      paged.push(...page.points);
      cursor = page.next;
    } while (cursor !== null && paged.length <= expected);
    expect(paged).toEqual(all);
  });

  it.each([
    ['short ones', 3_000, 0, 40_000],
    ['long ones', 300, 4_000, 40_000],
    ['ones that are longer than a page each', 12, 100_000, 40_000],
    ['long ones behind short ones', 600, (n: number) => (n < 400 ? 0 : 20_000), 200_000],
  ])('ends a page of whole readings by their size, of %s', async (_what, count, length, maxCharacters) => {
    const deviceKey = `sized-${count}`;
    const lengthOf = (n: number) => (typeof length === 'number' ? length : length(n));
    const metrics = (n: number) => ({
      n,
      ...Object.fromEntries(
        Array.from({ length: lengthOf(n) / 200 }, (_, k) => [`text${k}`, 'x'.repeat(200)]),
      ),
    });
    // What a store keeps apart by what is in it comes together again, and nothing of it twice.
    const position = { lat: 45.5, lon: 9.25 };
    const written = await suite.keep(
      deviceKey,
      Array.from({ length: count }, (_, n) => ({
        at: T0 + Math.floor(n / 2),
        ...(n % 5 !== 0 && { metrics: metrics(n) }),
        ...(n % 3 !== 0 && { position }),
        ...(n % 15 === 0 && { event: 'ping' }),
      })),
    );
    const found: unknown[] = [];
    let pages = 0;
    for (let cursor: string | null = null; ; ) {
      const page = await suite.store.read({
        deviceKey,
        limit: 10_000,
        maxCharacters,
        ...(cursor !== null && { cursor }),
      });
      found.push(...page.points);
      pages += 1;
      const lengths = page.points.map((point) => JSON.stringify(point).length);
      const beforeLast = lengths.slice(0, -1).reduce((sum, one) => sum + one, 0);
      // What a store counts is no exact length: up to 100 for what is not text.
      expect(beforeLast).toBeLessThan(maxCharacters * 1.2);
      if (page.next === null) break;
      expect(beforeLast + (lengths.at(-1) ?? 0)).toBeGreaterThan(maxCharacters / 3);
      expect(pages).toBeLessThan(count);
      cursor = page.next;
    }
    expect(pages).toBeGreaterThan(3);
    expect(found).toEqual(
      written.map(({ at, flags, position, metrics, event }) => ({
        at,
        flags,
        ...(position && { position }),
        ...(metrics && { metrics }),
        ...(event && { event }),
      })),
    );
  });

  it('refuses a cursor that it did not give for this device and metric', async () => {
    await suite.keep('cursor', [{ metrics: { n: 1 } }, { metrics: { n: 2 } }]);
    const { next } = await suite.store.read({ deviceKey: 'cursor', metric: 'n', limit: 1 });
    expect(next).not.toBeNull();
    for (const cursor of ['', 'x', 'MTIz', `${next}AA`]) {
      await expect(
        suite.store.read({ deviceKey: 'cursor', metric: 'n', limit: 1, cursor }),
      ).rejects.toMatchObject({ code: 'bad_cursor' });
    }
    await expect(
      suite.store.read({ deviceKey: 'order', metric: 'n', limit: 1, cursor: next ?? '' }),
    ).rejects.toMatchObject({ code: 'bad_cursor' });
    await expect(
      suite.store.read({ deviceKey: 'cursor', limit: 1, cursor: next ?? '' }),
    ).rejects.toMatchObject({
      code: 'bad_cursor',
    });
  });

  it('averages numbers over a bucket, and takes the last of anything else', async () => {
    await suite.keep('every', [
      { at: T0, metrics: { n: 1, on: true, state: 'a' } },
      { at: T0 + 59_999, metrics: { n: 2, on: false, state: 'b' } },
      { at: T0 + 60_000, metrics: { n: 10 } },
      { at: T0 + 180_000, metrics: { n: -3, on: true, state: 'c' } },
    ]);
    const query = { deviceKey: 'every', everyMs: 60_000 };
    expect(await suite.values({ ...query, metric: 'n' })).toEqual([
      { at: T0, value: 1.5 },
      { at: T0 + 60_000, value: 10 },
      { at: T0 + 180_000, value: -3 },
    ]);
    expect(await suite.values({ ...query, metric: 'on' })).toEqual([
      { at: T0, value: false },
      { at: T0 + 180_000, value: true },
    ]);
    expect(await suite.values({ ...query, metric: 'state', to: T0 + 60_000 })).toEqual([
      { at: T0, value: 'b' },
    ]);
  });
}
