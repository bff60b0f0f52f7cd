import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';
import { telemetryQueryCases } from './telemetry-queries.ts';
import { telemetryRemovalCases } from './telemetry-removals.ts';
import { telemetryScanCases } from './telemetry-scans.ts';
import { createTelemetrySuite, T0 } from './telemetry-suite.ts';
import { telemetryValueCases } from './telemetry-values.ts';

/** What a store's test gives the suite: an empty store that was not started, and how to take all of it away. */
export interface StoreUnderTest {
  readonly store: TelemetryStore;
  /** Called after the store was stopped. */
  cleanUp(): Promise<void>;
}

/** What every telemetry store must do, whatever it is made of. */
export function telemetryStoreConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`telemetry store: ${name}`, () => {
    let made: StoreUnderTest;
    const suite = createTelemetrySuite(() => made.store);

    beforeAll(async () => {
      made = await make();
      await made.store.start();
    });
    afterAll(async () => {
      await made?.store.stop();
      await made?.cleanUp();
    });

    telemetryQueryCases(suite);
    telemetryValueCases(suite);
    telemetryScanCases(suite);

    it('gives back a whole reading as it was written', async () => {
      const position = { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3.1, heading: 270, altitude: 120 };
      const metrics = { fuel: 0.12, rpm: 2100, doorOpen: true, state: 'idle' };
      await suite.keep('whole', [
        { position, metrics, event: 'purchase', flags: ['late', 'clock_corrected'] },
      ]);
      expect(await suite.readings({ deviceKey: 'whole' })).toEqual([
        { at: T0, position, metrics, event: 'purchase', flags: ['late', 'clock_corrected'] },
      ]);
    });

    it('leaves out what a reading did not have', async () => {
      await suite.keep('sparse', [
        { position: { lat: -0.5, lon: 179.999999 } },
        { at: T0 + 1, metrics: { on: false } },
        { at: T0 + 2, event: 'ping', flags: ['late'] },
      ]);
      expect(await suite.readings({ deviceKey: 'sparse' })).toEqual([
        { at: T0, position: { lat: -0.5, lon: 179.999999 }, flags: [] },
        { at: T0 + 1, metrics: { on: false }, flags: [] },
        { at: T0 + 2, event: 'ping', flags: ['late'] },
      ]);
    });

    it('gives nothing for a device that it never heard of', async () => {
      expect(await suite.store.read({ deviceKey: 'nobody', limit: 10 })).toEqual({ points: [], next: null });
      expect(await suite.store.read({ deviceKey: 'nobody', metric: 'fuel', limit: 10 })).toEqual({
        points: [],
        next: null,
      });
      expect(
        await suite.store.read({ deviceKey: 'nobody', metric: 'fuel', everyMs: 1000, limit: 10 }),
      ).toEqual({
        points: [],
        next: null,
      });
    });

    it('keeps devices apart', async () => {
      await suite.keep('mine', [{ metrics: { fuel: 1 } }]);
      await suite.keep('yours', [{ metrics: { fuel: 2 } }]);
      expect(await suite.values({ deviceKey: 'mine', metric: 'fuel' })).toEqual([{ at: T0, value: 1 }]);
    });

    it('gives points in order of time, however they came', async () => {
      await suite.keep(
        'order',
        [3, 1, 2].map((n) => ({ at: T0 + n, metrics: { n } })),
      );
      expect(await suite.values({ deviceKey: 'order', metric: 'n' })).toEqual(
        [1, 2, 3].map((n) => ({ at: T0 + n, value: n })),
      );
    });

    it('keeps two readings of one millisecond, in the order of arrival', async () => {
      await suite.keep('twins', [{ metrics: { n: 1 } }, { metrics: { n: 2 } }]);
      expect(await suite.values({ deviceKey: 'twins', metric: 'n' })).toEqual([
        { at: T0, value: 1 },
        { at: T0, value: 2 },
      ]);
    });

    it('stores a repeated batch once', async () => {
      const points = await suite.keep('again', [{ metrics: { n: 1 } }, { at: T0 + 5, metrics: { n: 2 } }]);
      expect(await suite.store.write(points, suite.lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      expect(await suite.readings({ deviceKey: 'again' })).toHaveLength(2);
    });

    it('takes a batch without points, and remembers how far it came', async () => {
      suite.skipSeqs(1000);
      expect(await suite.store.write([], suite.lastSeq)).toEqual({ kind: 'stored', rejected: [] });
      expect([suite.lastSeq, null]).toContain(await suite.store.storedSeq());
    });

    it('rejects what no store can keep, and stores the rest of the batch', async () => {
      const points = suite.number('rejects', [
        { at: Number.NaN, event: 'x' },
        { at: 1.5, event: 'x' },
        { metrics: { n: Number.POSITIVE_INFINITY } },
        { metrics: { n: 1 } },
      ]);
      const bad = points.slice(0, -1);
      const outcome = await suite.store.write(points, suite.lastSeq);
      expect(outcome.kind === 'stored' && outcome.rejected.map((rejected) => rejected.point)).toEqual(bad);
      expect(await suite.readings({ deviceKey: 'rejects' })).toEqual([
        { at: T0, metrics: { n: 1 }, flags: [] },
      ]);
    });

    it('reads while it writes, and never shows half a batch', async () => {
      const BATCH = 500;
      let writing = true;
      const writer = (async () => {
        for (let batch = 0; batch < 6; batch += 1) {
          await suite.keep(
            'busy',
            Array.from({ length: BATCH }, (_, n) => ({ at: T0 + batch * BATCH + n, metrics: { n } })),
          );
        }
      })().finally(() => {
        writing = false;
      });
      do {
        const page = await suite.store.read({ deviceKey: 'busy', metric: 'n', limit: 10_000 });
        expect(page.points.length % BATCH).toBe(0);
      } while (writing);
      await writer;
      expect((await suite.store.read({ deviceKey: 'busy', metric: 'n', limit: 10_000 })).points).toHaveLength(
        6 * BATCH,
      );
    });

    telemetryRemovalCases(suite);

    it('keeps everything across a restart', async () => {
      await suite.keep('restart', [{ metrics: { n: 1 } }]);
      await suite.store.stop();
      await expect(suite.store.read({ deviceKey: 'restart', limit: 1 })).rejects.toMatchObject({
        code: 'telemetry_unavailable',
      });
      await suite.store.start();
      expect(await suite.values({ deviceKey: 'restart', metric: 'n' })).toEqual([{ at: T0, value: 1 }]);
      expect([suite.lastSeq, null]).toContain(await suite.store.storedSeq());
      expect(await suite.store.probe()).toEqual({ ok: true });
      expect(await suite.store.memoryBytes()).toBeGreaterThanOrEqual(0);
    });
  });
}
